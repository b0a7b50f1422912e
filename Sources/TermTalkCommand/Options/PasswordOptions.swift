import ArgumentParser
internal import Chat
internal import TermTalk

/// The options for a room's password, shared by `host`, `join` and `say`. There is none for the password itself: others
/// can read arguments and the environment of a process.
struct PasswordOptions: ParsableArguments {
    @Flag(help: "Ask for the room's password.")
    var password = false

    @Option(
        help: ArgumentHelp(
            "Read the room's password from the first line of a file; - is standard input.", valueName: "FILE"),
        completion: .file())
    var passwordFile: String?

    func validate() throws {
        if password && passwordFile != nil {
            throw ValidationError("--password and --password-file exclude each other")
        }
    }

    var readsStandardInput: Bool { passwordFile == "-" }

    /// The password, if one was asked for.
    ///
    /// - Parameter isNew: whether to ask twice.
    func read(isNew: Bool) throws(ChatEvent.Notice) -> Password? {
        if let passwordFile { return try PasswordInput.firstLine(of: passwordFile) }
        guard password else { return nil }
        return try PasswordInput.ask("Password of the room: ", isNew: isNew)
    }
}
