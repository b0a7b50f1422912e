import ArgumentParser
internal import Chat
internal import TermTalk
internal import TerminalUI

struct SendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Offer files in a room, and wait until those who accept have them.",
        discussion: """
            Exits with 0 when as many members as are waited for have all files, proven by their programs, and nobody is in the
            middle of one; whoever is away for half a minute is not waited for. Whoever comes into the room later is offered them, too. Broken off and started again with the same
            files, it goes on where it was.
            """)

    @Argument(
        help: ArgumentHelp(
            "The room's id, or an invite; - reads an invite from standard input. Left out with --invite-file or TERMTALK_INVITE.",
            valueName: "room|invite"),
        completion: .custom { _, _, _ in RoomsCommand.names })
    var room: String?

    @Argument(help: ArgumentHelp("The files.", valueName: "file"), completion: .file())
    var files: [String] = []

    @Option(help: ArgumentHelp("Offer them to this member alone: its nick or id.", valueName: "MEMBER"))
    var to: String?

    @Option(help: ArgumentHelp("How many members are to have them (default: 1).", valueName: "N"))
    var waitFor = 1

    @OptionGroup var place: PlaceOptions
    @OptionGroup var common: CommonOptions

    /// The room, when it is an argument, and the files behind it.
    private var words: (room: String?, files: [String]) {
        guard let room else { return (nil, files) }
        let isFile = place.inviteFile != nil || (place.hasInviteElsewhere && !InviteFinder.isMeant(room))
        return isFile ? (nil, [room] + files) : (room, files)
    }

    func validate() throws {
        let (room, files) = words
        if files.isEmpty { throw ValidationError("name a file to send") }
        if files.count > 64 { throw ValidationError("64 files are sent at a time; pack them: tar") }
        if waitFor < 1 || (to != nil && waitFor != 1) {
            throw ValidationError("--wait-for is a number from 1 on, and 1 where --to names a member")
        }
        if place.inputs(from: room) > 1 {
            throw ValidationError("standard input can be only one of password and invite")
        }
    }

    func run() throws {
        try ChatSession.run(common: common) { session throws(ChatEvent.Notice) in
            session.send(
                FileErrand(paths: words.files, to: to, receivers: waitFor),
                in: try place.guest(in: words.room, session.context) { session.knownRooms() },
                place.questions(session.context.settings))
        }
    }
}
