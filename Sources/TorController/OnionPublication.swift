import EventLoop
import Sodium

/// One onion service that is kept published through whatever happens to tor.
///
/// It lives until ``remove()`` or until its controller shuts down, whether anybody holds it or not.
package final class OnionPublication {
    /// Directories remembered as having the descriptor: tor uploads to at most 16 (rend-spec-v3: two replicas of four, in
    /// two time periods), but may choose others in the hours that follow.
    static let maximumDirectoryCount = 64
    /// Tries of ADD_ONION while an earlier control connection still holds the address: tor frees it as soon as it notices
    /// that the connection is gone.
    static let maximumCollisionCount = 8

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
    private let publishTimeout: Duration
    private let loop: EventLoop
    private let onEvent: (OnionEvent) -> Void
    private let onRemoved: (OnionPublication) -> Void
    private var state = State.waiting
    private weak var connection: ControlConnection?
    private var isTorReady = false
    private var wasPublished = false
    private var uploads: Set<String> = []
    private var directories: Set<String> = []
    private var failureReason: String?
    private var collisions = Backoff()
    private var timer: TimerHandle?

    init(
        key: borrowing OnionKey, virtualPort: UInt16, target: OnionTarget, publishTimeout: Duration, loop: EventLoop,
        onEvent: @escaping (OnionEvent) -> Void, onRemoved: @escaping (OnionPublication) -> Void
    ) {
        self.key = key.clone()
        address = key.address
        self.virtualPort = virtualPort
        self.target = target
        self.publishTimeout = publishTimeout
        self.loop = loop
        self.onEvent = onEvent
        self.onRemoved = onRemoved
    }

    /// How many directories have confirmed the descriptor since the service was last added.
    package var directoryCount: Int { directories.count }

    /// Takes the service down; nothing is reported any more.
    package func remove() {
        takeDown { _ in }
        onRemoved(self)
    }

    /// Takes the service down and tells when tor has answered, or that there is no tor to ask.
    func takeDown(completion: @escaping (Result<ControlReply, TorError>) -> Void) {
        timer?.cancel()
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
        uploads = []
        directories = []
        failureReason = nil
        collisions.succeeded()
        add()
    }

    func controlWasLost() {
        timer?.cancel()
        isTorReady = false
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
        switch event.action {
        case .upload:
            let isNew = uploads.count < Self.maximumDirectoryCount && uploads.insert(event.directory ?? "").inserted
            if isNew, directories.isEmpty { onEvent(.uploading(count: uploads.count)) }
        case .uploaded:
            let isFirst = directories.isEmpty
            if directories.count < Self.maximumDirectoryCount { directories.insert(event.directory ?? "") }
            guard isFirst else { return }
            timer?.cancel()
            let wasPublished = self.wasPublished
            self.wasPublished = true
            onEvent(wasPublished ? .republished : .published(directories: directories.count))
        case .failed:
            failureReason = event.reason ?? failureReason
        case .requested, .received, .created, .ignore: break
        }
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
        let command = ControlCommand.addOnion(key: key, virtualPort: virtualPort, target: target)
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
            if isTorReady { armPublishTimer() }
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

    private func end(_ error: TorError) {
        state = .ended
        onEvent(.failed(error))
    }

    private func armPublishTimer() {
        timer?.cancel()
        guard directories.isEmpty else { return }
        timer = loop.schedule(after: publishTimeout) { [weak self] in
            guard let self else { return }
            self.onEvent(.failed(.publishFailed(.notUploaded(reason: self.failureReason))))
        }
    }
}
