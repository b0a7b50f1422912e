internal import Chat
internal import Discovery
internal import EventLoop
internal import Transport

/// Where a room without tor is reached: its listeners, its announcement on the local networks, the port of the router.
final class DirectHost {
    /// Where to listen.
    enum Place {
        case addresses([HostPort])
        case lan(name: String?)
    }

    enum Event {
        /// People can come in; `addresses` is what they dial.
        case reachable
        /// `addresses` are others than before.
        case moved
        /// Peers are turned away, because there are no descriptors left.
        case exhausted
        case warning(ChatEvent.Notice)
        case failed(ChatEvent.Notice)
    }

    private enum Listener {
        case direct(DirectListener)
        case lan(LANHost)
    }

    private let loop: EventLoop
    private let room: RoomName
    private let mapsPort: Bool
    private let onAccept: (SocketStream) -> Void
    private let tell: (Event) -> Void
    private var listener: Listener?
    private var mapping: PortMapping?
    private var outside: HostPort?
    private var isReachable = false
    private var isClosed = false

    /// - Parameter mapsPort: whether the router is asked for a port; people are let in when it has answered.
    init(
        room: RoomName, mapsPort: Bool, loop: EventLoop, onAccept: @escaping (SocketStream) -> Void,
        tell: @escaping (Event) -> Void
    ) {
        self.room = room
        self.mapsPort = mapsPort
        self.loop = loop
        self.onAccept = onAccept
        self.tell = tell
    }

    /// What people dial: outside of the router first; `Invite.addressLimit` at most.
    var addresses: [HostPort] {
        Array(([outside].compactMap(\.self) + inside).prefix(Invite.addressLimit))
    }

    /// What people dial who are on this side of the router.
    var inside: [HostPort] {
        switch listener {
        case .direct(let listener): listener.shownAddresses
        case .lan(let lan): lan.addresses
        case nil: []
        }
    }

    /// Whether other machines can come in.
    var isOpenToOthers: Bool {
        switch listener {
        case .direct(let listener): listener.localAddresses.contains { PeerNetwork($0) != nil }
        case .lan: true
        case nil: false
        }
    }

    func start(at place: Place) {
        switch place {
        case .addresses(let places):
            loop.offload {
                places.map { (asked: $0, addresses: try? DirectListener.addresses(of: $0).get()) }
            } then: { [weak self] found in
                guard let self, !self.isClosed else { return }
                let places = found.compactMap { place in place.addresses.map { (asked: place.asked, addresses: $0) } }
                guard places.count == found.count else { return self.tell(.failed(.unknownListenAddress)) }
                self.listen(at: places)
            }
        case .lan(let name): startLAN(name: name)
        }
    }

    /// Stops listening, takes the announcement back, and gives the router its port back; `completion` comes later.
    func close(completion: @escaping () -> Void) {
        isClosed = true
        switch listener {
        case .direct(let listener): listener.close()
        case .lan(let lan): lan.close()
        case nil: break
        }
        if let mapping { mapping.remove(completion: completion) } else { completion() }
    }

    private func listen(at places: [(asked: HostPort, addresses: [SocketAddress])]) {
        do throws(ListenFailure) {
            let listener = try DirectListener(places, loop: loop, onAccept: onAccept)
            listener.onExhausted = { [weak self] in self?.tell(.exhausted) }
            self.listener = .direct(listener)
            guard !inside.isEmpty else { return tell(.failed(.unknownListenAddress)) }
            askRouter()
        } catch {
            tell(.failed(error.error.notice))
        }
    }

    private func startLAN(name: String?) {
        do throws(ListenError) {
            let lan = try LANHost(
                room: room, name: name, port: RoomAddress.defaultPort, admitsOutside: mapsPort, loop: loop,
                onAccept: onAccept)
            listener = .lan(lan)
            lan.onExhausted = { [weak self] in self?.tell(.exhausted) }
            lan.onFailed = { [weak self] in self?.tell(.warning($0.notice)) }
            lan.onChange = { [weak self] in self?.tell(.moved) }
            lan.announce()
            askRouter()
        } catch {
            tell(.failed(error == .addressNotAvailable ? DiscoveryError.noLocalNetwork.notice : error.notice))
        }
    }

    private func askRouter() {
        guard mapsPort, let port = inside.first?.port else { return becameReachable() }
        let mapping = PortMapping(insidePort: port, loop: loop)
        self.mapping = mapping
        mapping.onResult = { [weak self] in self?.routerAnswered($0) }
        mapping.start()
    }

    private func routerAnswered(_ result: Result<MappedPort, PortMapError>) {
        guard !isClosed else { return }
        switch result {
        case .success(let port): outside = port.outside
        case .failure(let error):
            outside = nil
            tell(.warning(error.notice))
        }
        if isReachable { tell(.moved) } else { becameReachable() }
    }

    private func becameReachable() {
        isReachable = true
        tell(.reachable)
    }
}
