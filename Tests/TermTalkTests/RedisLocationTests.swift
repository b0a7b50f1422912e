import Testing
import Transport

@testable import TermTalk

@Suite struct RedisLocationTests {
    @Test(
        "Addresses of all kinds",
        arguments: [
            ("redis://127.0.0.1", "redis://127.0.0.1:6379"),
            ("redis://localhost:7000/", "redis://localhost:7000"),
            ("redis://[::1]", "redis://[::1]:6379"),
            ("redis://relay@10.0.0.2:1", "redis://relay@10.0.0.2:1"),
            ("unix:/run/redis.sock", "unix:/run/redis.sock"),
            ("redis+unix:/run/redis.sock", "unix:/run/redis.sock"),
        ])
    func valid(text: String, written: String) throws {
        let location = try RedisLocation(parsing: text)
        #expect(location.description == written)
        #expect(try RedisLocation(parsing: written) == location)
    }

    @Test(
        "What is none, and why",
        arguments: [
            ("", RedisLocation.ParseError.otherScheme),
            ("127.0.0.1:6379", .otherScheme),
            ("rediss://127.0.0.1", .tls),
            ("redis://relay:secret@127.0.0.1", .password),
            ("redis://:secret@127.0.0.1", .password),
            ("redis://@127.0.0.1", .invalidUser),
            ("redis://a b@127.0.0.1", .invalidUser),
            ("redis://127.0.0.1/1", .hasPath),
            ("redis://127.0.0.1?x", .hasPath),
            ("redis://127.0.0.1:0", .invalidHost(.invalidPort)),
            ("redis://127.0.0.1:70000", .invalidHost(.invalidPort)),
            ("redis://", .invalidHost(.invalidHost)),
            ("unix:", .invalidPath),
            ("unix:/a\0b", .invalidPath),
        ])
    func invalid(text: String, error: RedisLocation.ParseError) {
        #expect(throws: error) { try RedisLocation(parsing: text) }
    }

    @Test("The longest path and user, and one byte more")
    func limits() throws {
        let path = "/" + String(repeating: "p", count: RedisLocation.pathByteLimit - 1)
        #expect(try RedisLocation(parsing: "unix:" + path).address == .unix(path: path))
        #expect(throws: RedisLocation.ParseError.invalidPath) { try RedisLocation(parsing: "unix:" + path + "p") }
        let user = String(repeating: "u", count: RedisLocation.userByteLimit)
        #expect(try RedisLocation(parsing: "redis://\(user)@h").user == user)
        #expect(throws: RedisLocation.ParseError.invalidUser) { try RedisLocation(parsing: "redis://\(user)u@h") }
    }
}
