internal import Chat
internal import Configuration
import Glibc
internal import TermTalk
internal import TorController
internal import Transport

extension PlaceOptions {
    /// How a direct room is dialed: through tor, or nil for without.
    ///
    /// The invite of a direct room is pasted like any other, and joining it shows this machine's IP address to its host and
    /// to the network. So it is dialed without tor only where the person has said so: by --direct, a setting, or an answer.
    func torForDirect(_ guest: RoomGuest.Options, _ context: OpeningContext) throws(ChatEvent.Notice) -> TorOptions? {
        if context.isThroughTor { return try context.common.tor.options(purpose: .dial) }
        let places = ([guest.address] + guest.alternatives).compactMap(\.hostPort)
        guard guest.invite != nil, direct == nil, !context.settings.isOn(.joinDirect),
            let place = places.first(where: { !$0.isOfThisMachine })
        else { return nil }
        if context.common.tor.isChosen { return try context.common.tor.options(purpose: .dial) }
        guard context.asks else { throw Self.notAllowed(place) }
        StandardError.write(
            "This room is at \(place), without tor. Its host, and whoever watches the network, will see your IP address.\n"
        )
        let answer = Prompt.ask("Join it all the same? (yes/no): ")
        guard answer == "yes" || answer == "y" else { throw Self.notAllowed(place) }
        return nil
    }

    private static func notAllowed(_ place: HostPort) -> ChatEvent.Notice {
        .init(
            .directNotAllowed, "cannot join: this invite is for a direct room, whose host would see your IP address",
            hint: "to show it: --direct \(place), or join.direct = true in the configuration; else --tor managed")
    }
}

extension HostPort {
    /// Whether it can be seen to be an address of this machine itself: dialing it shows nothing to anybody.
    fileprivate var isOfThisMachine: Bool {
        guard let address = IPAddress(host) else { return host.lowercased() == "localhost" }
        return address.scope == .loopback || LocalInterface.all().contains { $0.address == address }
    }
}
