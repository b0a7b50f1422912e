import ArgumentParser
internal import Chat
internal import TermTalk

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
        return RegistryAccess(
            location: try RedisLocation(checking: registry, of: "--registry"),
            password: try registryPasswordFile.map { path throws(ChatEvent.Notice) in
                try PasswordInput.redisPassword(in: path, "--registry-password-file")
            })
    }
}
