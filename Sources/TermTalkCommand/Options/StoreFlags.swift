import ArgumentParser
internal import Chat
internal import TermTalk

/// The options of a room that several hosts hold.
struct StoreFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "With --headless and --persist: hold the room together with other hosts, through Redis.",
            discussion: """
                The first host makes NAME.room; a copy of that file makes another machine a host of the same room.
                Members learn where all are, and go to another when theirs is gone. Redis holds what is sealed only,
                and its connection has no TLS: use a Unix socket, or stunnel.
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
