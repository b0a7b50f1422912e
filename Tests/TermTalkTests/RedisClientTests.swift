import EventLoop
import SharedLog
import Sodium
import TestSupport
import Testing
import Transport

@testable import TermTalk

/// Plain commands to a real redis-server.
@Suite(.enabled(if: RedisServer.program != nil, "needs redis-server(1), 7.0 or later"))
struct RedisClientTests {
    private static func words(_ text: String) -> [[UInt8]] { text.split(separator: " ").map { Array($0.utf8) } }

    private static func password(_ text: String) -> RedisPassword? {
        RedisPassword(SecretBytes(copying: Array(text.utf8).span))
    }

    /// What a client is told that asks one thing after the other.
    private static func answers(
        of location: RedisLocation, _ password: RedisPassword? = nil, timeout: Duration = .seconds(60),
        to commands: [String]
    ) throws -> [Result<RESPValue, RedisFailure>] {
        var answers: [Result<RESPValue, RedisFailure>] = []
        try withStoreLoop { loop in
            let client = RedisClient(loop: loop, location: location, password: password, answerTimeout: timeout)
            for command in commands {
                client.ask(words(command)) { answer in
                    answers.append(answer)
                    if answers.count == commands.count {
                        client.close()
                        loop.stop()
                    }
                }
            }
        }
        return answers
    }

    @Test("Commands are answered in their order, over TCP and over a Unix socket", arguments: [false, true])
    func commands(isUnix: Bool) throws {
        let server = try RedisServer(onPort: true)
        try server.ask("PING")
        let location = try RedisLocation(
            parsing: isUnix ? "unix:\(server.socketPath)" : "redis://127.0.0.1:\(server.port ?? 0)")
        let answers = try Self.answers(
            of: location, to: ["SET k v PX 100000", "GET k", "GET none", "LPUSH k x", "DEL k"])
        #expect(answers.count == 5)
        #expect(answers[0] == .success(.text(Array("OK".utf8))))
        #expect(answers[1] == .success(.bytes(Array("v".utf8))))
        #expect(answers[2] == .success(.bytes(nil)))
        guard case .failure(.refused(let text)) = answers[3] else {
            Issue.record("\(answers[3])")
            return
        }
        #expect(String(decoding: text, as: UTF8.self).hasPrefix("WRONGTYPE"))
        #expect(answers[4] == .success(.integer(1)))
    }

    @Test("As a user with a password, and with a wrong one")
    func password() throws {
        let server = try RedisServer(onPort: true)
        try server.ask("ACL SETUSER relay on >secret +get ~termtalk:*")
        try server.ask("ACL SETUSER default off")
        let location = try RedisLocation(parsing: "redis://relay@127.0.0.1:\(server.port ?? 0)")
        #expect(
            try Self.answers(of: location, Self.password("secret"), to: ["GET termtalk:x"]) == [.success(.bytes(nil))])
        for wrong in [Self.password("other"), nil] {
            let answers = try Self.answers(of: location, wrong, to: ["GET termtalk:x", "GET termtalk:y"])
            #expect(answers.count == 2)
            for answer in answers {
                guard case .failure(.refused(let text)) = answer else {
                    Issue.record("\(answer)")
                    continue
                }
                let word = String(decoding: text, as: UTF8.self).prefix { $0 != " " }
                #expect(["WRONGPASS", "NOAUTH"].contains(word))
            }
        }
    }

    @Test("Where nobody listens all that is asked fails, and once somebody does it is answered")
    func restart() throws {
        let server = try RedisServer(onPort: true)
        try server.ask("SET k 1")
        let location = try RedisLocation(parsing: "redis://127.0.0.1:\(server.port ?? 0)")
        var heard: [Result<RESPValue, RedisFailure>] = []
        try withStoreLoop { loop in
            let client = RedisClient(loop: loop, location: location, password: nil, answerTimeout: .seconds(60))
            func askAgain() {
                client.ask(Self.words("GET k")) { answer in
                    // While it reads its file it says that it does.
                    if case .success = answer {
                        heard.append(answer)
                        client.close()
                        return loop.stop()
                    }
                    loop.schedule(after: .milliseconds(20), askAgain)
                }
            }
            client.ask(Self.words("GET k")) { answer in
                heard.append(answer)
                server.kill()
                client.ask(Self.words("GET k")) { answer in
                    heard.append(answer)
                    client.ask(Self.words("GET k")) { answer in
                        heard.append(answer)
                        do { try server.start() } catch { Issue.record(error) }
                        askAgain()
                    }
                }
            }
        }
        #expect(
            heard == [
                .success(.bytes(Array("1".utf8))), .failure(.lost), .failure(.unreachable(.refused)),
                .success(.bytes(Array("1".utf8))),
            ])
    }

    @Test("A Redis that stands still, and one that is none")
    func silence() throws {
        let server = try RedisServer(onPort: true)
        try server.ask("PING")
        server.stop()
        let location = try RedisLocation(parsing: "redis://127.0.0.1:\(server.port ?? 0)")
        #expect(
            try Self.answers(of: location, timeout: .milliseconds(200), to: ["PING", "PING"])
                == [.failure(.timedOut), .failure(.timedOut)])
        server.wake()
    }

    @Test("As many commands as may be under way, and one more")
    func limit() throws {
        let server = try RedisServer(onPort: true)
        try server.ask("PING")
        let location = try RedisLocation(parsing: "redis://127.0.0.1:\(server.port ?? 0)")
        let answers = try Self.answers(
            of: location, to: Array(repeating: "PING", count: RedisClient.commandLimit + 1))
        #expect(answers.count == RedisClient.commandLimit + 1)
        #expect(answers.filter { $0 == .success(.text(Array("PONG".utf8))) }.count == RedisClient.commandLimit)
        #expect(answers.filter { $0 == .failure(.overloaded) }.count == 1)
    }
}
