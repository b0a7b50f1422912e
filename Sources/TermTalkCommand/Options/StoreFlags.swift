import ArgumentParser
internal import Chat
internal import TermTalk

/// The options of a room that several hosts hold.
struct StoreFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "With --headless and --persist: hold the room together with other hosts, through Redis.",
            discussion: """
                The first host makes NAME.room; a copy of that file makes another machine a host of the same room. Redis
                holds what is sealed only, and its connection has no TLS: use a Unix socket, or stunnel.
                """,
            valueName: "redis://[USER@]HOST[:PORT]|unix:PATH"))
    var store: String?

    @Option(
        help: ArgumentHelp("Read Redis' password from the first line of a file.", valueName: "FILE"),
        completion: .file())
    var storePasswordFile: String?

    func validate() throws {
        if store == nil, storePasswordFile != nil {
            throw ValidationError("--store-password-file needs --store")
        }
        if storePasswordFile == "-" {
            throw ValidationError("--store-password-file is a file: nothing is read from standard input with --store")
        }
    }

    func options() throws(ChatEvent.Notice) -> StoreOptions? {
        guard let store else { return nil }
        let location = try RedisLocation(checking: store, of: "--store")
        guard let storePasswordFile else { return StoreOptions(location: location, password: nil) }
        return StoreOptions(
            location: location,
            password: try PasswordInput.redisPassword(in: storePasswordFile, "--store-password-file"))
    }
}

extension RedisLocation {
    /// - Throws: address-invalid, with what is wrong; `option` is where it was given.
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
                        "write it into a file of yours alone, and use --store-password-file"
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
