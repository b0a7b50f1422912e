import EventLoop
package import Sodium

/// One onion service that is kept published through whatever happens to tor: ``OnionUpkeep`` with a connection and a timer.
///
/// It lives until ``remove()`` or until its controller shuts down, whether anybody holds it or not.
package final class OnionPublication {
    /// The address under which the service is published.
    package let address: OnionAddress

    private let key: OnionKey
    private let virtualPort: UInt16
    private let target: OnionTarget
    private let loop: EventLoop
    private let onEvent: (OnionEvent) -> Void
    private let onRemoved: (OnionPublication) -> Void
    private var upkeep: OnionUpkeep
    private weak var connection: ControlConnection?
    private var timer: TimerHandle?

    init(
        key: borrowing OnionKey, virtualPort: UInt16, target: OnionTarget, options: OnionServiceOptions,
        publishTimeout: Duration, loop: EventLoop, onEvent: @escaping (OnionEvent) -> Void,
        onRemoved: @escaping (OnionPublication) -> Void
    ) {
        self.key = key.clone()
        address = key.address
        self.virtualPort = virtualPort
        self.target = target
        self.loop = loop
        self.onEvent = onEvent
        self.onRemoved = onRemoved
        upkeep = OnionUpkeep(serviceID: address.serviceID, options: options, publishTimeout: publishTimeout)
    }

    /// Whether the service is flooded, asked each time that tor is given it. It is not given anew for that: tor would begin with no
    /// work at all, and takes minutes to find out how much it has to ask for.
    package var isUnderAttack: () -> Bool = { false }

    /// From now on the owners of these keys can resolve the service, and nobody else.
    ///
    /// tor cannot change a service, so it is removed and added again, which leaves the circuits of those who are there. In
    /// between nobody new comes in for some seconds, so changes that follow each other quickly are made together.
    package func authorize(_ clients: Set<X25519.PublicKey>) {
        upkeep.authorize(clients, now: loop.now)
        perform([])
    }

    /// Takes the service down; nothing is reported any more.
    package func remove() {
        takeDown { _ in }
        onRemoved(self)
    }

    /// Takes the service down and tells when tor has answered, or that there is no tor to ask.
    func takeDown(completion: @escaping (Result<ControlReply, TorError>) -> Void) {
        timer?.cancel()
        guard upkeep.end(), let connection else { return completion(.failure(.unreachable(.connectionLost))) }
        connection.send(.deleteOnion(address), completion: completion)
    }

    func controlIsUp(_ connection: ControlConnection) {
        self.connection = connection
        perform(upkeep.controlIsUp(now: loop.now))
    }

    func controlWasLost() {
        connection = nil
        perform(upkeep.controlWasLost())
    }

    /// tor has bootstrapped: from now on an upload is due.
    func torIsReady() {
        upkeep.torIsReady(now: loop.now)
        perform([])
    }

    func hears(_ hearing: OnionUpkeep.Hearing) {
        upkeep.hears(hearing, now: loop.now)
        perform([])
    }

    func received(_ event: DescriptorEvent) {
        perform(upkeep.received(event, now: loop.now))
    }

    func received(_ event: CircuitEvent) {
        perform(upkeep.received(event, now: loop.now))
    }

    private func perform(_ outputs: [OnionUpkeep.Output]) {
        for output in outputs {
            switch output {
            case .add(let options): add(options)
            case .delete: connection?.send(.deleteOnion(address)) { _ in }
            case .closeCircuit(let circuit): connection?.send(.closeCircuit(circuit)) { _ in }
            case .tell(let event): onEvent(event)
            }
        }
        // Whoever was told may have done something, and so have been here.
        timer?.cancel()
        timer = upkeep.nextDeadline.map { deadline in
            loop.schedule(after: max(.zero, deadline - loop.now)) { [weak self] in
                guard let self else { return }
                self.perform(self.upkeep.timePassed(now: self.loop.now, random: Random.uint32()))
            }
        }
    }

    private func add(_ options: OnionServiceOptions) {
        guard let connection else { return }
        var options = options
        options.isUnderAttack = isUnderAttack()
        let command = ControlCommand.addOnion(key: key, virtualPort: virtualPort, target: target, options: options)
        connection.send(command) { [weak self, weak connection] result in
            guard let self, self.connection === connection else { return }
            switch result {
            case .success(let reply): self.answered(reply)
            case .failure(.unreachable(.answerTooLong)): self.answered(nil)
            // A lost connection is reported by the controller, to all.
            case .failure: break
            }
        }
    }

    private func answered(_ reply: ControlReply?) {
        perform(upkeep.answered(reply, now: loop.now, random: Random.uint32()))
    }
}
