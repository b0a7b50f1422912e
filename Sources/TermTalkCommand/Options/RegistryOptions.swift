import ArgumentParser
internal import Chat
internal import TermTalk
internal import Transport

/// The options that name a registry of rooms, shared by `host`, `join`, `say`, `send` and `rooms`.
struct RegistryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A Redis in which hosts say where rooms are, sealed for those who know a room's id.",
            valueName: "redis://[USER@]HOST[:PORT]|unix:PATH"))
    var registry: String?

    @Option(
        help: ArgumentHelp(
            "Read the registry's password from the first line of a file; - is standard input.", valueName: "FILE"),
        completion: .file())
    var registryPasswordFile: String?

    func validate() throws {
        if registry == nil, registryPasswordFile != nil {
            throw ValidationError("--registry-password-file needs --registry")
        }
    }

    var readsStandardInput: Bool { registryPasswordFile == "-" }

    /// What the options name; nil when they name none.
    func access() throws(ChatEvent.Notice) -> RegistryAccess? {
        guard let registry else { return nil }
        let location: RedisLocation
        do throws(RedisLocation.ParseError) {
            location = try RedisLocation(parsing: registry)
        } catch {
            throw ChatEvent.Notice(
                .inputInvalid, "--registry cannot be used: \(error.reason)",
                hint: "write redis://HOST:6379, or unix:/run/redis/redis.sock")
        }
        return RegistryAccess(
            location: location,
            password: try registryPasswordFile.map { path throws(ChatEvent.Notice) in try password(in: path) })
    }

    private func password(in path: String) throws(ChatEvent.Notice) -> RedisPassword {
        guard let password = RedisPassword(try PasswordInput.firstLine(of: path, option: "--registry-password-file"))
        else {
            throw ChatEvent.Notice(
                .inputInvalid, "--registry-password-file cannot be used: the password is empty or too long",
                hint: "1 to \(RedisPassword.byteLimit) bytes, on one line")
        }
        return password
    }
}

extension RedisLocation.ParseError {
    fileprivate var reason: String {
        switch self {
        case .otherScheme: "it begins neither with redis:// nor with unix:"
        case .tls: "this program has no TLS of its own; let stunnel listen at a socket here"
        case .password: "everybody on this machine could read its password; give --registry-password-file"
        case .invalidUser: "the user's name has characters that Redis' ACLs do not need, or too many"
        case .hasPath: "nothing may follow the port"
        case .invalidHost: "it has no host and port"
        case .invalidPath: "the path of the socket is empty or too long"
        }
    }
}
