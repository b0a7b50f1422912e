import ArgumentParser
internal import Chat
import Glibc
internal import TermTalk
internal import TerminalUI

struct SayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "say", abstract: "Deliver a message to a room, and leave.",
        discussion: """
            Exits with 0 only when the host has the message, or all who are present: for scripts and alerts.
            Who is cut off at the moment is not present; the host notices within 45 seconds.
            The words are joined by spaces; - alone reads the text from standard input.
            """)

    enum Acknowledger: String, ExpressibleByArgument, CaseIterable {
        case host, members
    }

    @Argument(
        help: ArgumentHelp(
            "The room's id, or an invite; - reads an invite from standard input. Left out with --invite-file or TERMTALK_INVITE.",
            valueName: "room|invite"),
        completion: .custom { _, _, _ in RoomsCommand.names })
    var room: String?

    @Argument(help: ArgumentHelp("What to say; - for standard input.", valueName: "text"))
    var text: [String] = []

    @Option(
        help: ArgumentHelp("Who must have received it: the host, or all who are present.", valueName: "host|members"))
    var waitAck = Acknowledger.host

    @OptionGroup var place: PlaceOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        let (room, text) = words
        if text.isEmpty {
            throw ValidationError(
                room == nil && !place.hasInviteElsewhere
                    ? "say where, by a room's id or an invite, and what to deliver; - reads it from standard input"
                    : "say what to deliver; - reads it from standard input")
        }
        if place.inputs(from: room) + (text == ["-"] ? 1 : 0) > 1 {
            throw ValidationError("standard input can be only one of text, password and invite")
        }
    }

    /// The room, when it is an argument, and the words behind it.
    private var words: (room: String?, text: [String]) {
        guard let room else { return (nil, text) }
        let isText = place.inviteFile != nil || (place.hasInviteElsewhere && !InviteFinder.isMeant(room))
        return isText ? (nil, [room] + text) : (room, text)
    }

    func run() throws {
        try ChatSession.run(common: common) { session throws(ChatEvent.Notice) in
            let text = try checkedText()
            session.say(
                text, waitsForMembers: waitAck == .members,
                in: try place.guest(in: words.room, session.context) { session.knownRooms() },
                place.questions(session.context.settings))
        }
    }

    private func checkedText() throws(ChatEvent.Notice) -> String {
        let words = words.text
        let text = words == ["-"] ? try Self.standardInput() : words.joined(separator: " ")
        guard !text.isEmpty else {
            throw ChatEvent.Notice(.inputInvalid, "nothing was sent: there is no text")
        }
        guard text.utf8.count <= ChatLimits.textByteCount else { throw Self.tooLarge }
        return text
    }

    private static let tooLarge = ChatEvent.Notice(
        .messageTooLarge, "the message was not sent: it is longer than \(ChatLimits.textByteCount) bytes",
        hint: "send it in parts")

    /// All of standard input as a text.
    private static func standardInput() throws(ChatEvent.Notice) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw ChatEvent.Notice(.inputInvalid, "nothing was sent: standard input cannot be read")
            }
            guard count > 0 else { break }
            bytes += chunk[..<count]
            // What is left out of it counts for little.
            guard bytes.count <= 2 * ChatLimits.textByteCount else { throw tooLarge }
        }
        guard let text = TextFile.text(bytes) else {
            throw ChatEvent.Notice(.inputInvalid, "nothing was sent: standard input is not UTF-8")
        }
        return text
    }
}
