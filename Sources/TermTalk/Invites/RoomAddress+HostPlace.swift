internal import Chat
internal import Room
internal import Transport

extension RoomAddress {
    /// What the room's hosts tell each other and their members; nil for an address that means something in one network or at one machine only.
    var hostPlace: HostPlace? {
        switch self {
        case .onion: onionPlace.map { .onion($0) }
        case .direct(let place): HostPlace.DirectPlace(host: place.host, port: place.port).map { .direct($0) }
        case .lan: nil
        }
    }

    /// Nil for what is no address that can be dialed.
    init?(_ place: HostPlace) {
        switch place {
        case .onion(let onion):
            self.init(onion)
        case .direct(let direct):
            let text = HostPort(host: direct.host, port: direct.port).description
            guard let checked = try? HostPort(checking: text) else { return nil }
            self = .direct(checked)
        }
    }
}
