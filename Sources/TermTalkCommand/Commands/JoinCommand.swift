import ArgumentParser
internal import Chat
internal import TermTalk

struct JoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Go into a room.",
        discussion:
            "Paste an invite, or name a room and where it is. A room hosted on this machine needs its name only.")

    @Argument(
        help: ArgumentHelp(
            "The room's id, or an invite; - reads an invite from standard input.", valueName: "room|invite"),
        completion: .custom { _, _, _ in RoomsCommand.names })
    var room: String?

    @OptionGroup var place: PlaceOptions
    @OptionGroup var files: FileFlags
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let room, place.inviteFile != nil {
            throw ValidationError("--invite-file and '\(room)' both name a room")
        }
        if place.inputs(from: room) > 1 {
            throw ValidationError("standard input cannot be both the invite and a password")
        }
        if room == nil, !place.hasInviteElsewhere {
            throw ValidationError("say which room: its id, an invite, or --invite-file FILE")
        }
    }

    func run() throws {
        try ChatSession.run(common: common) { session throws(ChatEvent.Notice) in
            session.join(
                try options(session.context) { session.knownRooms() }, place.questions(session.context.settings))
        }
    }

    func options(
        _ context: OpeningContext, known: () -> [RoomRegistry.Entry]
    ) throws(ChatEvent.Notice) -> RoomGuest.Options {
        var options = try place.guest(in: room, context, known: known)
        options.files = try files.options()
        return options
    }
}
