import ArgumentParser
internal import Room
internal import TermTalk

/// The options of a room that is kept.
struct PersistOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep the whole room under a name: started again, it goes on, and for its members that is a pause.",
            valueName: "NAME"))
    var persist: String?

    @Flag(help: "Keep them without a passphrase.")
    var noPassphrase = false

    @Option(
        help: ArgumentHelp(
            "Read the passphrase from the first line of a file; - is standard input.", valueName: "FILE"),
        completion: .file())
    var passphraseFile: String?

    func validate() throws {
        if persist == nil, noPassphrase || passphraseFile != nil {
            throw ValidationError("--no-passphrase and --passphrase-file need --persist NAME")
        }
        if noPassphrase && passphraseFile != nil {
            throw ValidationError("--no-passphrase and --passphrase-file exclude each other")
        }
    }

    var readsStandardInput: Bool { passphraseFile == "-" }

    /// The room that is kept under the name, which is made when there is none; nil when none is asked for.
    ///
    /// - Parameter room: the id that was asked for. A kept room has the one that it was made with.
    func keptRoom(_ room: RoomName?) throws(ChatEvent.Notice) -> KeptRoom? {
        guard let persist else { return nil }
        guard let name = RoomName(persist) else {
            throw ChatEvent.Notice(
                .roomInvalid, "--persist cannot be used: the name is empty or too long, or has other characters",
                hint: "use 1 to 64 letters, digits, . _ -")
        }
        let slot = try KeptRoomStore(directories: UserDirectories()).open(name)
        let kept: KeptRoom
        switch slot.state {
        case .new: kept = try slot.create(room ?? .random(), passphrase: try passphrase(isNew: true))
        case .sealed: kept = try slot.room(passphrase: try passphrase(isNew: false))
        case .open:
            guard passphraseFile == nil else {
                throw ChatEvent.Notice(
                    .inputInvalid, "--passphrase-file cannot be used: this room is kept without a passphrase",
                    hint: "leave it out")
            }
            kept = try slot.room(passphrase: nil)
        }
        guard room == nil || room == kept.room else {
            throw ChatEvent.Notice(
                .inputInvalid, "--room cannot be used: the room that is kept under this name has another id",
                hint: "leave --room out, or choose another name")
        }
        return kept
    }

    /// The passphrase; nil when there is to be none.
    private func passphrase(isNew: Bool) throws(ChatEvent.Notice) -> Password? {
        if let passphraseFile { return try PasswordInput.firstLine(of: passphraseFile, as: .passphrase) }
        guard !noPassphrase else { return nil }
        return try PasswordInput.ask("Passphrase of the room's keys: ", as: .passphrase, isNew: isNew)
    }
}
