import ArgumentParser
internal import Chat
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
        case .sealed: kept = try unsealed(slot)
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

    /// A person is asked again for a passphrase that is wrong.
    private func unsealed(_ slot: KeptRoomSlot) throws(ChatEvent.Notice) -> KeptRoom {
        var asked = 1
        while true {
            let passphrase = try passphrase(isNew: false, isAgain: asked > 1)
            do throws(ChatEvent.Notice) {
                return try slot.room(passphrase: passphrase)
            } catch {
                guard error.code == .passphraseWrong, passphraseFile == nil, !noPassphrase,
                    asked < PasswordInput.attemptLimit
                else { throw error }
                asked += 1
            }
        }
    }

    /// The passphrase; nil when there is to be none.
    private func passphrase(isNew: Bool, isAgain: Bool = false) throws(ChatEvent.Notice) -> Password? {
        if let passphraseFile { return try PasswordInput.firstLine(of: passphraseFile, as: .passphrase) }
        guard !noPassphrase else { return nil }
        let question = isAgain ? "That is not the passphrase. Once more: " : "Passphrase of the room's keys: "
        return try PasswordInput.ask(question, as: .passphrase, isNew: isNew)
    }
}
