internal import Discovery
internal import EventLoop
internal import Transport

/// A room on the local networks of this machine: listens there only, announces it there, and follows them as they come, go,
/// and give out other addresses.
final class LANHost {
    private let listener: LANListener
    private let announcer: RoomAnnouncer
    /// Called with what could not be announced.
    var onFailed: ((DiscoveryError) -> Void)?
    /// Called when the addresses are others than before.
    var onChange: (() -> Void)?

    /// - Parameters:
    ///   - name: what to show to everybody on the networks; nil to be found by those only who know the room's id.
    ///   - admitsOutside: whether connections may come from elsewhere, through a port of the router.
    init(
        room: RoomName, name: String?, port: UInt16, admitsOutside: Bool, loop: EventLoop,
        onAccept: @escaping (SocketStream) -> Void
    ) throws(ListenError) {
        listener = try LANListener(port: port, admitsOutside: admitsOutside, loop: loop, onAccept: onAccept)
        announcer = RoomAnnouncer(loop: loop, room: room.description, name: name)
        listener.onChange = { [weak self] in
            self?.announce()
            self?.onChange?()
        }
    }

    /// Called each time that peers are turned away because there are no descriptors left.
    var onExhausted: (() -> Void)? {
        get { listener.onExhausted }
        set { listener.onExhausted = newValue }
    }

    /// What an invite says: the address first that reaches most people. Link-local IPv6 ones, which name an interface of
    /// this machine, are of use to nobody else; there may be no others.
    var addresses: [HostPort] {
        let addresses = listener.places.map(\.address)
        let portable = addresses.filter { !($0.isIPv6 && $0.scope == .linkLocal) }
        return (portable.isEmpty ? addresses : portable)
            .map { HostPort(host: $0.description, port: listener.port) }
    }

    /// Announces the room, from now on at whatever addresses it has.
    func announce() {
        do throws(DiscoveryError) {
            try announcer.announce(at: listener.places, port: listener.port)
        } catch {
            onFailed?(error)
        }
    }

    /// Takes the announcement back, and stops listening.
    func close() {
        announcer.stop()
        listener.close()
    }
}
