internal import EventLoop
internal import Logging
internal import Room
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
        case told(ChatEvent)
        /// There is no tor, or it does not do.
        case failed(ChatEvent.Notice)
    }

    private enum Phase {
        case connecting
        case publishing(OnionListener, isUploading: Bool)
        case published(OnionListener, SelfDial?)
        case closed
    }

    private let key: OnionKeyBox
    private let port: UInt16
    private let target: SocketAddress?
    /// Who may resolve the service at first; nil for everybody.
    private let clients: Set<X25519.PublicKey>?
    private let tor: TorController
    private let onAccept: (SocketStream) -> Void
    private let tell: (Event) -> Void
    private var phase = Phase.connecting
    private var sleepWatch: SleepWatch?
    /// Tries to get the control connection back, since it was lost.
    private var controlAttempt = 0

    /// - Parameters:
    ///   - target: where tor reaches us; nil for where it is found out to.
    ///   - clients: who may resolve the service; nil for everybody.
    init(
        kept: KeptRoom?, port: UInt16, target: SocketAddress?, clients: Set<X25519.PublicKey>?, tor: TorController,
        onAccept: @escaping (SocketStream) -> Void, tell: @escaping (Event) -> Void
    ) {
        key = OnionKeyBox(kept: kept)
        self.port = port
        self.target = target
        self.clients = clients
        self.tor = tor
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
    }

    /// Takes the service down.
    func close() {
        sleepWatch?.stop()
        if case .published(_, let dial) = phase { dial?.cancel() }
        listener?.close()
        phase = .closed
    }

    func shutDown(isHurried: Bool, completion: @escaping () -> Void) {
        tor.shutdown(isHurried: isHurried, completion: completion)
    }

    private var listener: OnionListener? {
        switch phase {
        case .publishing(let listener, _), .published(let listener, _): listener
        case .connecting, .closed: nil
        }
    }

    private var isClosed: Bool { if case .closed = phase { true } else { false } }

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
        case .distrusted(let error):
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
                options: .init(clients: clients),
                onAccept: onAccept, onEvent: { [weak self] event in self?.onionEvent(event) })
            listener.onExhausted = { [weak self] in self?.tell(.exhausted) }
            phase = .publishing(listener, isUploading: false)
        } catch {
            tell(.failed(error.notice))
        }
    }

    private func onionEvent(_ event: OnionEvent) {
        guard !isClosed else { return }
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
            dialOurselves()
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

    private func dialOurselves() {
        guard case .publishing(let listener, _) = phase else { return }
        phase = .published(listener, nil)
        guard clients == nil else { return }
        let dial = SelfDial(key.key.address, port: port, tor: tor) { [weak self] error in
            guard let self, !self.isClosed, let error else { return }
            self.tell(.told(.warning(.onionNotReachable(error))))
        }
        phase = .published(listener, dial)
    }

    private func controlLost(pause: Duration, attempt: Int) {
        if controlAttempt == 0 {
            tell(
                .told(
                    .warning(
                        .init(
                            .torControlLost, "tor ended the connection: nobody can come in until it is back",
                            hint: "the room goes on; the same address works again when tor does"))))
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
