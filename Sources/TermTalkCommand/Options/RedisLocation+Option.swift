internal import Chat
internal import TermTalk

extension RedisLocation {
    /// - Parameter option: where it was given; the password's option has the same name and `-password-file` behind it.
    /// - Throws: address-invalid, with what is wrong.
    init(checking text: String, of option: String) throws(ChatEvent.Notice) {
        do throws(ParseError) {
            try self.init(parsing: text)
        } catch {
            let (reason, hint) =
                switch error {
                case .otherScheme:
                    ("it is no address of a Redis", "write redis://HOST:PORT or unix:/run/redis/redis.sock")
                case .tls:
                    (
                        "this program speaks no TLS with Redis",
                        "put stunnel, or a tunnel, in front of it: redis://127.0.0.1:PORT; see docs/shared-log.md"
                    )
                case .password:
                    (
                        "a password does not belong on the command line, where others see it",
                        "write it into a file of yours alone, and use \(option)-password-file"
                    )
                case .invalidUser:
                    ("its user has characters that Redis' users do not have", "write redis://USER@HOST:PORT")
                case .hasPath:
                    ("something follows the address", "leave it out: the keys have names of their own")
                case .invalidHost:
                    ("its host or its port is none", "write redis://HOST:PORT, with IPv6 as in redis://[::1]:6379")
                case .invalidPath:
                    ("its path is empty or too long", "write unix:/run/redis/redis.sock")
                }
            throw ChatEvent.Notice(.addressInvalid, "\(option) cannot be used: \(reason)", hint: hint)
        }
    }
}
