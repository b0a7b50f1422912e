import EventLoop
package import Sodium

/// One onion service that is kept published through whatever happens to tor.
///
/// It lives until ``remove()`` or until its controller shuts down, whether anybody holds it or not.
package final class OnionPublication {
    /// How long the second of the two descriptors may take after the first: a service without it is reachable for those
    /// clients only that ask for the first.
    static let secondDescriptorTimeout = Duration.seconds(10)
    /// Tries of ADD_ONION while an earlier control connection still holds the address: tor frees it as soon as it notices
    /// that the connection is gone.
    static let maximumCollisionCount = 6

    /// How long a service stays as it is before it is published with other keys: sooner, nobody could have reached it.
    static let changePause = Duration.seconds(15)

    private enum State {
        /// No control connection.
        case waiting
        case adding
        case added
        /// Refused for good, or removed.
        case ended
    }

    /// The address under which the service is published.
    package let address: OnionAddress

    private let key: OnionKey
    private let virtualPort: UInt16
    private let target: OnionTarget
    private var options: OnionServiceOptions
    private let wantsProofOfWork: Bool
    private let publishTimeout: Duration
    private let loop: EventLoop
    private let onEvent: (OnionEvent) -> Void
    private let onRemoved: (OnionPublication) -> Void
    private var state = State.waiting
    private weak var connection: ControlConnection?
    private var isTorReady = false
    private var wasPublished = false
    private var isAnnounced = false
    private var isWaitingForSecond = false
    private var uploads = DescriptorUploads()
    private var failureReason: String?
    private var collisions = Backoff()
    private var timer: TimerHandle?
    private var watch = IntroductionWatch()
    private var watchTimer: TimerHandle?
    /// The service was removed and added again only because its introduction points were gone, or for other keys.
    private var isRenewing = false
    private var addedAt: MonotonicTime?
    private var changeTimer: TimerHandle?
    /// tor is being asked to add the service with keys that are not the latest.
    private var isOutdated = false
    /// The keys were changed, and not all directories have heard of it.
    private var areKeysPending = false
    private var keysTimer: TimerHandle?
    private var hasToldOfProofOfWork = false

    init(
        key: borrowing OnionKey, virtualPort: UInt16, target: OnionTarget, options: OnionServiceOptions,
        publishTimeout: Duration, loop: EventLoop, onEvent: @escaping (OnionEvent) -> Void,
        onRemoved: @escaping (OnionPublication) -> Void
    ) {
        self.key = key.clone()
        address = key.address
        self.virtualPort = virtualPort
        self.target = target
        self.options = options
        wantsProofOfWork = options.hasProofOfWork
        self.publishTimeout = publishTimeout
        self.loop = loop
        self.onEvent = onEvent
        self.onRemoved = onRemoved
    }

    /// How many directories have confirmed the descriptor since the service was last added.
    package var directoryCount: Int { uploads.directoryCount }

    /// From now on the owners of these keys can resolve the service, and nobody else.
    ///
    /// tor cannot change a service, so it is removed and added again, which leaves the circuits of those who are there. In
    /// between nobody new comes in for some seconds, so changes that follow each other quickly are made together.
    package func authorize(_ clients: Set<X25519.PublicKey>) {
        guard options.clients != clients, !isEnded else { return }
        options.clients = clients
        areKeysPending = true
        guard changeTimer == nil else { return }
        let rest = addedAt.map { Self.changePause - (loop.now - $0) } ?? .zero
        changeTimer = loop.schedule(after: max(rest, .zero)) { [weak self] in
            guard let self else { return }
            self.changeTimer = nil
            switch self.state {
            case .added: if let connection = self.connection { self.renew(connection) }
            case .adding: self.isOutdated = true
            case .waiting, .ended: break
            }
        }
    }

    /// Takes the service down; nothing is reported any more.
    package func remove() {
        takeDown { _ in }
        onRemoved(self)
    }

    /// Takes the service down and tells when tor has answered, or that there is no tor to ask.
    func takeDown(completion: @escaping (Result<ControlReply, TorError>) -> Void) {
        timer?.cancel()
        watchTimer?.cancel()
        changeTimer?.cancel()
        keysTimer?.cancel()
        let wasAdded =
            switch state {
            case .added, .adding: true
            case .waiting, .ended: false
            }
        state = .ended
        guard wasAdded, let connection else { return completion(.failure(.unreachable(.connectionLost))) }
        connection.send(.deleteOnion(address), completion: completion)
    }

    func controlIsUp(_ connection: ControlConnection) {
        guard case .waiting = state else { return }
        self.connection = connection
        uploads = DescriptorUploads()
        isAnnounced = false
        isWaitingForSecond = false
        keysTimer?.cancel()
        keysTimer = nil
        failureReason = nil
        collisions.succeeded()
        add()
    }

    func controlWasLost() {
        timer?.cancel()
        watchTimer?.cancel()
        watch = IntroductionWatch()
        isRenewing = false
        isTorReady = false
        // It may be another tor after that.
        options.hasProofOfWork = wantsProofOfWork
        connection = nil
        guard !isEnded else { return }
        let wasKnown = if case .waiting = state { false } else { true }
        state = .waiting
        if wasKnown { onEvent(.lost) }
    }

    /// tor has bootstrapped: from now on an upload is due.
    func torIsReady() {
        isTorReady = true
        if case .added = state { armPublishTimer() }
    }

    func received(_ event: DescriptorEvent) {
        guard event.serviceID == address.serviceID, case .added = state else { return }
        let before = (uploads: uploads.uploadCount, confirmed: uploads.confirmedDescriptorCount)
        uploads.received(event)
        if event.action == .failed { failureReason = event.reason ?? failureReason }
        guard !isAnnounced else { return lookAtKeys() }
        if uploads.uploadCount > before.uploads { onEvent(.uploading(count: uploads.uploadCount)) }
        if uploads.confirmedDescriptorCount >= DescriptorUploads.expectedDescriptorCount {
            announce()
        } else if uploads.directoryCount > 0, event.action == .uploaded, !isWaitingForSecond {
            isWaitingForSecond = true
            timer?.cancel()
            timer = loop.schedule(after: Self.secondDescriptorTimeout) { [weak self] in self?.announce() }
        }
    }

    private func announce() {
        timer?.cancel()
        isAnnounced = true
        let wasPublished = self.wasPublished
        self.wasPublished = true
        watchLater()
        let isTold = isRenewing && wasPublished
        isRenewing = false
        if !isTold { onEvent(wasPublished ? .republished : .published(directories: uploads.directoryCount)) }
        lookAtKeys()
    }

    /// New keys are in force when all directories have the descriptor that knows them: one that has the old one gives that
    /// to whoever asks, and tor does not ask another. A directory that does not answer is not waited for.
    private func lookAtKeys() {
        guard areKeysPending, isAnnounced, changeTimer == nil, !isOutdated else { return }
        if uploads.areConfirmed {
            keysAreInForce()
        } else if keysTimer == nil {
            keysTimer = loop.schedule(after: Self.secondDescriptorTimeout) { [weak self] in self?.keysAreInForce() }
        }
    }

    private func keysAreInForce() {
        keysTimer?.cancel()
        keysTimer = nil
        guard areKeysPending, isAnnounced, changeTimer == nil else { return }
        areKeysPending = false
        onEvent(.keysInForce)
    }

    /// Counts the introduction points from time to time, and publishes the service anew when tor has given them up.
    private func watchLater() {
        watchTimer?.cancel()
        watchTimer = loop.schedule(after: IntroductionWatch.interval) { [weak self] in
            guard let self, case .added = self.state, let connection = self.connection else { return }
            connection.send(.getInfo(Self.circuitStatus)) { [weak self] result in
                guard let self, case .added = self.state, self.connection === connection else { return }
                if case .success(let reply) = result, let status = reply.value(of: Self.circuitStatus),
                    self.watch.counted(IntroductionWatch.count(in: status, of: self.address), now: self.loop.now)
                {
                    self.renew(connection)
                } else {
                    self.watchLater()
                }
            }
        }
    }

    private static let circuitStatus = "circuit-status"

    private func renew(_ connection: ControlConnection) {
        connection.send(.deleteOnion(address)) { _ in }
        isRenewing = true
        state = .waiting
        controlIsUp(connection)
    }

    private var isEnded: Bool { if case .ended = state { true } else { false } }

    private func add() {
        guard let connection else { return }
        state = .adding
        onEvent(.adding)
        sendAdd(connection)
    }

    private func sendAdd(_ connection: ControlConnection) {
        guard !isEnded else { return }
        addedAt = loop.now
        isOutdated = false
        let command = ControlCommand.addOnion(key: key, virtualPort: virtualPort, target: target, options: options)
        connection.send(command) { [weak self] result in
            // A lost connection is reported by the controller, to all.
            guard let self, case .adding = self.state, self.connection === connection, case .success(let reply) = result
            else { return }
            self.answered(reply, connection)
        }
    }

    private func answered(_ reply: ControlReply, _ connection: ControlConnection) {
        if reply.isPositive, reply.value(of: "ServiceID") == address.serviceID {
            state = .added
            tellOfProofOfWork()
            if isOutdated { return renew(connection) }
            if isTorReady { armPublishTimer() }
        } else if reply.isNotUnderstood, options.hasProofOfWork {
            options.hasProofOfWork = false
            sendAdd(connection)
        } else if reply.isNotUnderstood, options.clients != nil, reply.namesClientAuthorization {
            end(.clientAuthorizationUnsupported)
        } else if reply.status == 550, reply.text.contains("collision") {
            guard collisions.attempt < Self.maximumCollisionCount else { return end(.publishFailed(.collision)) }
            timer = loop.schedule(after: collisions.next(random: Random.uint32())) { [weak self] in
                guard let self, self.connection === connection else { return }
                self.sendAdd(connection)
            }
        } else {
            end(.publishFailed(.refused(status: reply.status, text: reply.text)))
        }
    }

    private func tellOfProofOfWork() {
        guard !options.hasProofOfWork, !hasToldOfProofOfWork else { return }
        hasToldOfProofOfWork = true
        onEvent(.withoutProofOfWork)
    }

    private func end(_ error: TorError) {
        state = .ended
        onEvent(.failed(error))
    }

    private func armPublishTimer() {
        guard uploads.directoryCount == 0 else { return }
        timer?.cancel()
        timer = loop.schedule(after: publishTimeout) { [weak self] in
            guard let self else { return }
            self.onEvent(.failed(.publishFailed(.notUploaded(reason: self.failureReason))))
        }
    }
}

extension ControlReply {
    /// Whether what tor did not understand is about client authorization: it says which argument it was.
    fileprivate var namesClientAuthorization: Bool {
        text.contains("ClientAuthV3") || text.contains("V3Auth")
    }
}
