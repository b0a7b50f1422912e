internal import Chat
internal import EventLoop
internal import Glibc
internal import Logging
internal import Room
internal import RoomStore
internal import SecureSession
internal import Sodium
internal import TorController
internal import Transport

/// What people come in through: an onion service, or addresses of this machine.
final class RoomEntrance {
    enum Event {
        /// People can come in.
        case reachable(RoomAddress)
        /// Nobody new can, for the moment; and can again.
        case lost
        case reachableAgain
        /// The room's first address is another one now.
        case moved(RoomAddress)
        /// Who may resolve the onion service is as it was asked for last, as far as it can be.
        case keysInForce
        /// The onion service was refused; it is tried again.
        case refused(ChatEvent.Notice)
        /// So many circuits were closed whose peers were silent.
        case closedCircuits(Int)
        case told(ChatEvent)
        case failed(ChatEvent.Notice)
    }

    private enum Way {
        case none
        case onion(OnionHost)
        case direct(DirectHost)
        /// Behind a service that torrc defines.
        case behind(SocketListener, BehindCheck)
    }

    /// The person is told of missing descriptors at most so often.
    private static let descriptorInterval = Duration.seconds(60)

    private let loop: EventLoop
    private let options: HostOptions
    private let logger: Logger
    private let onAccept: (SocketStream, PeerNetwork?, OnionPlace?) -> Void
    private let isUnderAttack: () -> Bool
    private let tell: (Event) -> Void
    private var way = Way.none
    private var toldOfDescriptors: Duration?
    private var isClosed = false

    /// - Parameters:
    ///   - isUnderAttack: whether the room is flooded.
    ///   - onAccept: who comes, from where, and by which onion service, where that is not the room's first.
    init(
        loop: EventLoop, options: HostOptions, logger: Logger, isUnderAttack: @escaping () -> Bool,
        onAccept: @escaping (SocketStream, PeerNetwork?, OnionPlace?) -> Void, tell: @escaping (Event) -> Void
    ) {
        self.loop = loop
        self.options = options
        self.logger = logger
        self.isUnderAttack = isUnderAttack
        self.onAccept = onAccept
        self.tell = tell
    }

    private var onion: OnionHost? { if case .onion(let onion) = way { onion } else { nil } }
    private var direct: DirectHost? { if case .direct(let direct) = way { direct } else { nil } }

    /// Further addresses of a direct room.
    var alternatives: [RoomAddress] { (direct?.addresses.dropFirst() ?? []).map { .direct($0) } }

    /// What people on this side of the router dial; nil where that is no other address.
    var insideAddress: String? { direct?.inside.first?.description }

    /// Whether other machines come in without tor.
    var isOpenToOthers: Bool { direct?.isOpenToOthers == true }

    var isOverTor: Bool { direct == nil }

    /// The tor that leads to the room; nil for a room without.
    var tor: TorController? {
        switch way {
        case .onion(let onion): onion.tor
        case .behind(_, let check): check.tor
        case .direct, .none: nil
        }
    }

    /// - Parameters:
    ///   - before: where the kept room had moved to.
    ///   - secrets: those of the invites whose holders alone may resolve the onion service at first; nil for everybody.
    func start(since before: OnionPlace?, secrets: [InviteSecret]?) {
        switch options.carrier {
        case .direct(let places): startDirect(at: .addresses(places))
        case .lan(let name): startDirect(at: .lan(name: name))
        case .onion(let port, let tor, let target):
            guard let moves = options.kept.map({ $0.moves(to: before) }) ?? 0 else {
                return report(.failed(StoreError.damaged(.snapshot).notice))
            }
            startOnion(port: port, tor, target: target, moves: moves, secrets: secrets)
        case .behind(let onion, let port, let place, let tor): startBehind(onion, port: port, place, tor)
        }
    }

    private func report(_ event: Event) {
        if !isClosed { tell(event) }
    }

    // MARK: Without tor

    private func startDirect(at place: DirectHost.Place) {
        let direct = DirectHost(
            room: options.room, mapsPort: options.mapsPort, loop: loop,
            onAccept: { [onAccept] stream in
                onAccept(stream, stream.remoteAddress.flatMap { PeerNetwork($0) }, nil)
            },
            tell: { [weak self] event in self?.directEvent(event) })
        way = .direct(direct)
        direct.start(at: place)
    }

    private func directEvent(_ event: DirectHost.Event) {
        switch event {
        case .reachable: report(.reachable(directAddress ?? .lan(nil)))
        case .moved: if let directAddress { report(.moved(directAddress)) }
        case .exhausted: outOfDescriptors()
        case .warning(let notice): report(.told(.warning(notice)))
        case .failed(let notice): report(.failed(notice))
        }
    }

    /// Where a room without tor is reached first.
    private var directAddress: RoomAddress? {
        guard let first = direct?.addresses.first else { return nil }
        if case .lan = options.carrier { return .lan(first) }
        return .direct(first)
    }

    /// Nobody can come in for the moment; told now and then.
    private func outOfDescriptors() {
        guard toldOfDescriptors.map({ loop.time - $0 >= Self.descriptorInterval }) != false else { return }
        toldOfDescriptors = loop.time
        report(.told(.warning(.outOfDescriptors)))
    }

    // MARK: By tor

    private func startBehind(_ onion: OnionAddress, port: UInt16, _ place: SocketAddress, _ torOptions: TorOptions) {
        do throws(ListenError) {
            let listener = try SocketListener(place, loop: loop) { [onAccept] stream in onAccept(stream, nil, nil) }
            if case .unix(let path) = place {
                // tor is another user; the folder says who else may come here.
                _ = unsafe chmod(path, 0o666)
            }
            let check = BehindCheck(
                onion, port: port, tor: TorController(loop: loop, options: torOptions, logger: logger)
            ) { [weak self] notice in self?.report(.told(.warning(notice))) }
            way = .behind(listener, check)
            report(.reachable(.onion(onion, port: port)))
            check.start()
        } catch {
            report(.failed(error.notice))
        }
    }

    private func startOnion(
        port: UInt16, _ torOptions: TorOptions, target: SocketAddress?, moves: Int, secrets: [InviteSecret]?
    ) {
        var torOptions = torOptions
        torOptions.dataDirectory = options.kept?.torFolder
        let onion = OnionHost(
            kept: options.kept, moves: moves, port: port, target: target, secrets: secrets,
            tor: TorController(loop: loop, options: torOptions, logger: logger), isUnderAttack: isUnderAttack,
            onAccept: { [onAccept] stream, service in onAccept(stream, nil, service) },
            tell: { [weak self] event in self?.onionEvent(event) })
        way = .onion(onion)
        onion.start()
    }

    private func onionEvent(_ event: OnionHost.Event) {
        guard let onion else { return }
        switch event {
        case .reachable: report(.reachable(onion.address))
        case .lost: report(.lost)
        case .reachableAgain: report(.reachableAgain)
        case .keysInForce: report(.keysInForce)
        case .refused(let notice): report(.refused(notice))
        case .closedCircuits(let count): report(.closedCircuits(count))
        case .moved: report(.moved(onion.address))
        case .exhausted: outOfDescriptors()
        case .told(let event): report(.told(event))
        case .failed(let notice): report(.failed(notice))
        }
    }

    /// Changes who can resolve the onion service.
    func authorize(_ clients: Set<X25519.PublicKey>) { onion?.authorize(clients) }

    /// - Throws: not-permitted where there is no address to change, or it has been changed just now.
    func startMove(
        clients: Set<X25519.PublicKey>?, hasFollowed: @escaping (OnionPlace) -> Bool
    ) throws(ChatEvent.Notice) {
        switch way {
        case .onion(let onion) where onion.target == nil:
            try onion.startMove(clients: clients, hasFollowed: hasFollowed)
        case .onion: throw .notMovableTarget
        case .behind: throw .notMovableBehind
        case .direct, .none: throw .notMovableDirect
        }
    }

    // MARK: Closing

    /// Nobody comes in any more. The onion service is taken down now, the rest is closed with ``shutDown(isHurried:completion:)``.
    func close() {
        isClosed = true
        onion?.close()
    }

    func shutDown(isHurried: Bool, completion: @escaping () -> Void) {
        switch way {
        case .none: completion()
        case .onion(let onion): onion.shutDown(isHurried: isHurried, completion: completion)
        case .direct(let direct): direct.close(completion: completion)
        case .behind(let listener, let check):
            listener.close()
            check.stop(completion: completion)
        }
    }
}
