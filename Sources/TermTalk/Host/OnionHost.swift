internal import Chat
internal import EventLoop
internal import Logging
internal import Room
internal import SecureSession
internal import Sodium
internal import TorController
internal import Transport

/// Where a room's onion service is: tor, the service, and a dial of our own that shows whether it leads here.
final class OnionHost {
    enum Event {
        /// People can come in, at ``address``.
        case reachable
        /// Nobody new can, for the moment; and can again.
        case lost
        case reachableAgain
        /// Who may resolve the service is as it was asked for last, as far as it can be.
        case keysInForce
        /// The service was refused; it is tried again.
        case refused(ChatEvent.Notice)
        /// So many circuits were closed whose peers were silent.
        case closedCircuits(Int)
        /// Peers are turned away, because there are no descriptors left.
        case exhausted
        /// People can come in at ``address`` too, which is another one now.
        case moved
        case told(ChatEvent)
        /// There is no tor, or it does not do.
        case failed(ChatEvent.Notice)
    }

    enum Phase {
        case connecting
        case publishing(OnionListener, isUploading: Bool)
        case published(OnionListener, SelfDial?)
        case closed
    }

    let kept: KeptRoom?
    /// How often the room has moved.
    var moves: Int
    /// Of the room's service.
    var key: OnionKeyBox
    let port: UInt16
    let target: SocketAddress?
    /// One of these one has to hold to resolve the service at first; nil for none.
    private let secrets: [InviteSecret]?
    let tor: TorController
    let isUnderAttack: () -> Bool
    let onAccept: (SocketStream, OnionPlace?) -> Void
    let tell: (Event) -> Void
    var phase = Phase.connecting
    var move = Move.none
    var movedAt: Duration?
    private var sleepWatch: SleepWatch?
    /// Tries to get the control connection back, since it was lost.
    private var controlAttempt = 0

    /// - Parameters:
    ///   - moves: how often the kept room has moved.
    ///   - target: where tor reaches us; nil for where it is found out to.
    ///   - secrets: those of the invites whose holders alone may resolve the service at first; nil for everybody.
    ///   - isUnderAttack: whether the room is flooded.
    ///   - onAccept: who comes, and by which service, where that is not the room's first.
    init(
        kept: KeptRoom?, moves: Int, port: UInt16, target: SocketAddress?, secrets: [InviteSecret]?, tor: TorController,
        isUnderAttack: @escaping () -> Bool, onAccept: @escaping (SocketStream, OnionPlace?) -> Void,
        tell: @escaping (Event) -> Void
    ) {
        self.kept = kept
        self.moves = moves
        // When it was is not known any more, and members follow no faster.
        movedAt = moves > 0 ? tor.loop.time : nil
        key = OnionKeyBox(kept: kept, moves: moves)
        self.port = port
        self.target = target
        self.secrets = secrets
        self.tor = tor
        self.isUnderAttack = isUnderAttack
        self.onAccept = onAccept
        self.tell = tell
    }

    var address: RoomAddress { .onion(key.key.address, port: port) }

    func start() {
        sleepWatch = SleepWatch(loop: tor.loop) { [weak tor] _ in tor?.wake() }
        tor.start { [weak self] event in self?.torEvent(event) }
    }

    /// Changes who can resolve the service.
    func authorize(_ clients: Set<X25519.PublicKey>) {
        listener?.authorize(clients)
        move.listener?.authorize(clients)
    }

    /// Takes the service down.
    func close() {
        sleepWatch?.stop()
        if case .published(_, let dial) = phase { dial?.cancel() }
        listener?.close()
        endMove()
        phase = .closed
    }

    func shutDown(isHurried: Bool, completion: @escaping () -> Void) {
        tor.shutdown(isHurried: isHurried, completion: completion)
    }

    var listener: OnionListener? {
        switch phase {
        case .publishing(let listener, _), .published(let listener, _): listener
        case .connecting, .closed: nil
        }
    }

    var isClosed: Bool { if case .closed = phase { true } else { false } }

    private func torEvent(_ event: TorEvent) {
        guard !isClosed else { return }
        switch event {
        case .connecting:
            tell(.told(.starting(.torConnect, progress: nil)))
        case .bootstrap(let progress, _):
            tell(.told(.starting(.torBootstrap, progress: progress)))
        case .ready:
            publish()
        case .controlLost(let pause, let attempt):
            controlLost(pause: pause, attempt: attempt)
        case .controlRestored, .network:
            break
        case .distrusted(let error), .stalled(let error):
            tell(.told(.warning(error.notice)))
        case .failed(let error):
            tell(.failed(error.notice))
        }
    }

    private func publish() {
        guard case .connecting = phase else { return }
        if tor.listenerKind == .elsewhere, target == nil { return tell(.failed(.onionNeedsTarget)) }
        tell(.told(.starting(.onionPublish, progress: 0)))
        do throws(ListenError) {
            let listener = try OnionListener(
                controller: tor, key: key.key.clone(), virtualPort: port, place: target,
                options: .init(clients: secrets?.onionClients),
                onAccept: { [onAccept] in onAccept($0, nil) },
                onEvent: { [weak self, address] event in self?.onionEvent(event, of: address) })
            listener.onExhausted = { [weak self] in self?.tell(.exhausted) }
            listener.isUnderAttack = isUnderAttack
            phase = .publishing(listener, isUploading: false)
        } catch {
            tell(.failed(error.notice))
        }
    }

    func onionEvent(_ event: OnionEvent, of address: RoomAddress) {
        // What happens to a service that is not the room's any more is no news.
        guard !isClosed, address == self.address else { return }
        switch event {
        case .adding:
            break
        case .withoutProofOfWork:
            tell(.told(.warning(.torWithoutProofOfWork)))
        case .uploading:
            if case .publishing(let listener, isUploading: false) = phase {
                phase = .publishing(listener, isUploading: true)
                tell(.told(.starting(.onionPublish, progress: 50)))
            }
        case .published:
            tell(.told(.starting(.onionPublish, progress: 100)))
            tell(.reachable)
            if case .publishing(let listener, _) = phase { dialOurselves(listener) }
        case .lost:
            tell(.lost)
        case .republished:
            tell(.reachableAgain)
            tell(.told(.connection(.init(state: .connected, attempt: controlAttempt, cause: "tor"))))
            controlAttempt = 0
        case .keysInForce:
            tell(.keysInForce)
        case .failed(let error):
            tell(.refused(error.notice))
        case .closedSilentCircuits(let count):
            tell(.closedCircuits(count))
        }
    }

    func dialOurselves(_ listener: OnionListener) {
        if case .published(_, let dial) = phase { dial?.cancel() }
        phase = .published(listener, nil)
        let dial = SelfDial(key.key.address, port: port, secret: secrets?.first, tor: tor) { [weak self] error in
            guard let self, !self.isClosed, let error else { return }
            self.tell(.told(.warning(.onionNotReachable(error))))
        }
        phase = .published(listener, dial)
    }

    private func controlLost(pause: Duration, attempt: Int) {
        if controlAttempt == 0 {
            tell(.told(.warning(.torLostByHost)))
        }
        controlAttempt = attempt
        tell(
            .told(
                .connection(
                    .init(
                        state: .reconnecting, attempt: attempt, retryInMilliseconds: Int(pause / .milliseconds(1)),
                        cause: "tor"))))
    }
}
