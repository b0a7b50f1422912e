import ArgumentParser
internal import Room
internal import TermTalk

struct JoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Go into a room.",
        discussion:
            "Paste an invite, or name a room and where it is. A room hosted on this machine needs its name only.")

    @Argument(help: ArgumentHelp("The room's id, or an invite.", valueName: "room|invite"))
    var room: String

    @OptionGroup var place: PlaceOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        try ChatSession.run(common: common) { session throws(ChatEvent.Notice) in
            session.join(
                try place.guest(in: room, session), canAsk: place.mayAskAboutHost(session.settings))
        }
    }
}
