package import EventLoop
package import Logging
package import Sodium

/// Finds or starts a tor, keeps a control connection to it, and keeps onion services published through it.
///
/// Everything happens on the loop's thread; no event comes before ``start(onEvent:)`` has returned.
package final class TorController {
    /// A control connection that lasted this long was a success: the next loss starts with the shortest pause again.
    static let stableAfter = Duration.seconds(10)
    /// How long a tor may say nothing of how far it is, before a joiner goes on without its control port, and a host gives up:
    /// a filter in front of it may swallow the question.
    static let answerPatience = Duration.seconds(15)
    /// How long a shutdown waits for tor's answers before it closes anyway, which ends the services too.
    static let shutdownTimeout = Duration.seconds(2)
    /// The same for a shutdown in a hurry, which has 3 s for all.
    static let hurriedTimeout = Duration.seconds(1)

    package let loop: EventLoop
    /// Where to dial: the option, else what tor says of itself. Known from `ready` on; empty when this tor has no SOCKS
    /// port.
    package private(set) var socksEndpoints: [TorEndpoint]
    /// What kind of listener tor can reach. Known from `ready` on.
    package private(set) var listenerKind = OnionListenerKind.loopback

    private enum Phase {
        case idle
        case connecting
        case up
        /// Up without a control connection, for dialing only.
        case socksOnly
        case waitingToRetry
        case failed
        case shutDown
    }

    private let options: TorOptions
    private let logger: Logger
    private var onEvent: ((TorEvent) -> Void)?
    private var phase = Phase.idle
    private var connector: TorConnector?
    private var managed: ManagedTor?
    private var connection: ControlConnection?
    private var endpoint: TorEndpoint?
    private var distrust: TorError?
    private var upSince: MonotonicTime?
    private var wasUp = false
    private var wasReady = false
    private var isBootstrapped = false
    private var version: String?
    /// How far tor has come, before it is in its network.
    private var bootstrap: BootstrapStatus?
    /// Which events tor tells us.
    private var hearing = OnionUpkeep.Hearing.all
    private var watch: BootstrapWatch
    private var watchTimer: TimerHandle?
    private var networkWatch: NetworkWatch?
    private var answerTimer: TimerHandle?
    private var timer: TimerHandle?
    private var backoff = Backoff()
    private var publications: [OnionPublication] = []
    /// Services for which tor was given a key.
    private var authorized: Set<OnionAddress> = []
    private var descriptorFailures = DescriptorFailures()
    private var descriptorRefreshes = DescriptorRefreshes()

    package init(loop: EventLoop, options: TorOptions, logger: Logger) {
        self.loop = loop
        self.options = options
        self.logger = logger
        watch = BootstrapWatch(stallTimeout: options.stallTimeout)
        socksEndpoints = options.namedSocks.map { [$0] } ?? []
    }

    /// Looks for a tor, or starts one. Call it once.
    package func start(onEvent: @escaping (TorEvent) -> Void) {
        precondition(phase == .idle, "started twice")
        self.onEvent = onEvent
        phase = .connecting
        timer = loop.schedule(after: .zero) { [weak self] in self?.begin() }
    }

    /// Publishes the service of `key`: streams to `virtualPort` of its address arrive at `target`. It may be called at
    /// any time; the service is added when there is a control connection, and again whenever that had to be made again.
    @discardableResult
    package func publish(
        key: borrowing OnionKey, virtualPort: UInt16, target: OnionTarget,
        options serviceOptions: OnionServiceOptions = OnionServiceOptions(), onEvent: @escaping (OnionEvent) -> Void
    ) -> OnionPublication {
        let publication = OnionPublication(
            key: key, virtualPort: virtualPort, target: target, options: serviceOptions,
            publishTimeout: options.publishTimeout, loop: loop, onEvent: onEvent,
            onRemoved: { [weak self] gone in self?.publications.removeAll { $0 === gone } })
        publications.append(publication)
        loop.schedule(after: .zero) { [weak self] in
            guard let self, let connection = self.connection, self.publications.contains(where: { $0 === publication })
            else { return }
            publication.controlIsUp(connection)
            publication.hears(self.hearing)
            if self.isBootstrapped { publication.torIsReady() }
        }
        return publication
    }

    /// Gives tor the key of a service that asks for client authorization; ``shutdown(completion:)`` takes it back. tor
    /// forgets it when it ends, so do this before each dial. `completion` gets nil when tor has the key.
    package func authorize(
        _ key: borrowing X25519.PrivateKey, for address: OnionAddress, completion: @escaping (TorError?) -> Void
    ) {
        guard let connection else { return completion(.unreachable(.connectionLost)) }
        authorized.insert(address)
        connection.send(.addClientKey(key, for: address)) { result in
            switch result {
            case .success(let reply) where reply.isFiltered: completion(.filtered(command: "ONION_CLIENT_AUTH_ADD"))
            case .success(let reply): completion(reply.isPositive ? nil : .clientAuthorizationUnsupported)
            case .failure(let error): completion(error)
            }
        }
    }

    /// Why the descriptor of `address` could not be fetched in the last minute, when tor said so: tells a plain SOCKS
    /// failure of a service that is not there from other failures.
    package func descriptorFailure(for address: OnionAddress) -> TorError? {
        descriptorFailures.failure(for: address, now: loop.now)
    }

    /// Asks tor for a value of GETINFO; nil when there is no control connection, or tor does not know it.
    package func info(_ key: String, then: @escaping (String?) -> Void) {
        guard let connection else { return then(nil) }
        connection.send(.getInfo(key)) { result in
            guard case .success(let reply) = result, reply.isPositive else { return then(nil) }
            then(reply.value(of: key))
        }
    }

    /// Whether descriptor failures are heard of at all.
    package var hasControl: Bool { connection != nil }

    /// A service does not answer although tor knows it. After its host's tor was started again it is elsewhere, which tor
    /// finds out by itself only when its descriptor is too old, or all introduction points of before have refused.
    package func refreshDescriptor(of address: OnionAddress) {
        guard let connection, descriptorRefreshes.mayFetch(now: loop.now) else { return }
        connection.send(.fetchDescriptor(address)) { _ in }
    }

    /// The machine has slept: a tor that went to sleep too begins to build circuits again.
    package func wake() {
        watch.woke(now: loop.now)
        armWatch()
        connection?.send(.signalActive) { _ in }
    }

    /// Deletes the services and takes back the keys, closes, and ends an own tor; `completion` is called when all is done,
    /// in 8 s at most. No event follows. In a hurry it takes little more than a second, and an own tor is not asked to end
    /// but killed.
    package func shutdown(isHurried: Bool = false, completion: @escaping () -> Void) {
        guard phase != .shutDown else { return completion() }
        phase = .shutDown
        onEvent = nil
        connector?.cancel()
        connector = nil
        timer?.cancel()
        answerTimer?.cancel()
        watchTimer?.cancel()
        networkWatch = nil
        var owed = publications.count + authorized.count
        var isClosed = false
        // Held strongly: a controller that is dropped during its shutdown still ends it.
        let close = { [self] in
            guard !isClosed else { return }
            isClosed = true
            timer?.cancel()
            closeDown(isHurried: isHurried, completion)
        }
        let publications = self.publications
        self.publications = []
        timer = loop.schedule(after: isHurried ? Self.hurriedTimeout : Self.shutdownTimeout, close)
        let answered = { (_: Result<ControlReply, TorError>) in
            owed -= 1
            if owed == 0 { close() }
        }
        if owed == 0 { close() }
        for publication in publications { publication.takeDown(completion: answered) }
        for address in authorized {
            guard let connection else {
                answered(.failure(.unreachable(.connectionLost)))
                continue
            }
            connection.send(.removeClientKey(for: address), completion: answered)
        }
    }

    private func closeDown(isHurried: Bool, _ completion: @escaping () -> Void) {
        connection?.close()
        connection = nil
        guard let managed else { return completion() }
        managed.stop(isHurried: isHurried) { [self] in
            self.managed = nil
            completion()
        }
    }

    // MARK: Connecting

    private func begin() {
        emit(.connecting)
        if options.needsOnlySocks {
            socksIsUp(socksEndpoints)
        } else if options.mode == .managed {
            startChild(insteadOf: nil)
        } else if options.controlEndpoints.isEmpty {
            findSocks(insteadOf: .unreachable(.connectionLost))
        } else {
            connect(to: options.controlEndpoints)
        }
    }

    private func connect(to candidates: [TorEndpoint]) {
        connector = TorConnector(candidates: candidates, password: options.password, loop: loop) { [weak self] result in
            guard let self else { return }
            self.connector = nil
            switch result {
            case .success(let found): self.controlIsUp(found)
            case .failure(let error): self.controlNotFound(error)
            }
        }
    }

    private func controlNotFound(_ error: TorError) {
        if wasUp { return lost(error) }
        if managed != nil { return giveUp(error) }
        guard options.purpose == .dial, options.control == nil else { return withoutControl(error) }
        findSocks(insteadOf: error)
    }

    private func findSocks(insteadOf error: TorError) {
        connector = TorConnector(socksCandidates: options.socksEndpoints, loop: loop) { [weak self] result in
            guard let self else { return }
            self.connector = nil
            switch result {
            case .success(let endpoint):
                self.told(of: error)
                self.socksIsUp([endpoint])
            case .failure(let other): self.withoutControl(other.isDistrust ? other : error)
            }
        }
    }

    private func withoutControl(_ error: TorError) {
        if options.mode == .auto, options.control == nil { startChild(insteadOf: error) } else { giveUp(error) }
    }

    /// `error` is what keeps us from the tors that run already.
    private func startChild(insteadOf error: TorError?) {
        told(of: error)
        do throws(TorError) {
            let managed = try ManagedTor(
                program: options.program, dataDirectory: options.dataDirectory, include: options.include,
                bridges: options.bridges, proxy: options.proxy, loop: loop, logger: logger)
            self.managed = managed
            watch = BootstrapWatch(
                stallTimeout: options.stallTimeout, isOwn: true, goesByPrograms: managed.startsPrograms)
            networkWatch = NetworkWatch(loop: loop) { [weak self] in
                guard let self else { return }
                self.watch.networkChanged(now: self.loop.now)
                self.armWatch()
            }
            listenerKind = .unix(directory: managed.directory.path)
            managed.onExit = { [weak self] error in self?.childExited(error) }
            managed.onLog = { [weak self] event in self?.childLogged(event) }
            try managed.start()
            connectToChild(managed)
        } catch let failure {
            // Without a program to start, what stands in the way of the others is what can be mended.
            if case .unreachable(.noProgram) = failure, let error, error.discoveryRank > 0 { return giveUp(error) }
            giveUp(failure)
        }
    }

    private func connectToChild(_ managed: ManagedTor) {
        connector = TorConnector(waitingFor: managed.controlEndpoint, loop: loop) { [weak self] result in
            guard let self else { return }
            self.connector = nil
            switch result {
            case .success(let found): self.controlIsUp(found)
            case .failure(let error): self.childExited(error)
            }
        }
    }

    private func childExited(_ error: TorError) {
        var error = error
        if !options.bridges.isEmpty, case .unreachable(.childFailed(.configuration(let words))) = error {
            error = .bridgeFailed(.refused(words))
        }
        connector?.cancel()
        connector = nil
        if wasUp { lost(error) } else { giveUp(error) }
    }

    private func childLogged(_ event: TorLogParser.Event) {
        if case .warning(let text) = event { bootstrap?.warning = text }
    }

    private func socksIsUp(_ endpoints: [TorEndpoint]) {
        socksEndpoints = endpoints
        phase = .socksOnly
        emit(.ready(version: nil, managed: false))
    }

    /// Passes on that somebody may pretend to be tor.
    private func told(of error: TorError?) {
        guard let error, error.isDistrust, error != distrust else { return }
        distrust = error
        emit(.distrusted(error))
    }

    private func giveUp(_ error: TorError) {
        guard phase != .shutDown, phase != .failed else { return }
        phase = .failed
        answerTimer?.cancel()
        watchTimer?.cancel()
        managed?.onExit = nil
        managed?.stop {}
        emit(.failed(error))
    }

    // MARK: Connected

    private func controlIsUp(_ found: TorDiscovery.Found) {
        guard phase != .shutDown else { return found.connection.close() }
        told(of: found.distrust)
        let connection = found.connection
        self.connection = connection
        endpoint = found.endpoint
        if managed == nil { listenerKind = found.endpoint.address.isOfThisMachine ? .loopback : .elsewhere }
        version = found.info.version
        phase = .up
        upSince = loop.now
        hearing = .all
        isBootstrapped = false
        watch.began(now: loop.now, random: Random.uint32())
        armWatch()
        connection.onEvent = { [weak self] event in self?.received(event) }
        connection.onClosed = { [weak self] error in self?.lost(error) }
        if !wasReady { answerTimer = loop.schedule(after: Self.answerPatience) { [weak self] in self?.noAnswer() } }
        prepare(connection)
        if wasUp { emit(.controlRestored) }
        wasUp = true
        for publication in publications { publication.controlIsUp(connection) }
    }

    private func prepare(_ connection: ControlConnection) {
        if managed != nil { connection.send(.takeOwnership) { _ in } }
        subscribe(connection)
        if let managed, options.socks == nil {
            socksEndpoints = [TorEndpoint(managed.socksEndpoint, .named)]
        } else if options.socks == nil {
            askForSocks(connection)
        }
        ask(connection, "dormant") { _, value in
            if value == "1" { connection.send(.signalActive) { _ in } }
        }
        let phase = "status/bootstrap-phase"
        connection.send(.getInfo(phase)) { [weak self] result in
            guard let self, self.connection === connection, case .success(let reply) = result else { return }
            // Who may not know it finds out by what works.
            let unknown = BootstrapStatus(progress: 100, tag: "done", summary: "Done")
            self.bootstrapped(reply.value(of: phase).flatMap { BootstrapStatus($0) } ?? unknown)
        }
    }

    private func subscribe(_ connection: ControlConnection) {
        let ofServices = options.purpose == .publish ? ["CIRC", "CIRC_MINOR", "CIRC_BW"] : []
        subscribe(connection, EventSubscription(["HS_DESC", "STATUS_CLIENT", "NETWORK_LIVENESS"] + ofServices))
    }

    private func subscribe(
        _ connection: ControlConnection, _ subscription: EventSubscription, _ step: EventSubscription.Output? = nil
    ) {
        switch step ?? subscription.first {
        case .ask(let names):
            connection.send(.setEvents(names)) { [weak self] result in
                guard let self, self.connection === connection else { return }
                var subscription = subscription
                let isPositive = (try? result.get())?.isPositive ?? false
                guard let next = subscription.answered(isPositive: isPositive) else { return }
                self.subscribe(connection, subscription, next)
            }
        case .settled(let names):
            hearing = .init(names)
            for publication in publications { publication.hears(hearing) }
        }
    }

    private func askForSocks(_ connection: ControlConnection) {
        let key = "net/listeners/socks"
        connection.send(.getInfo(key)) { [weak self] result in
            // A tor elsewhere means its own loopback addresses, not ours.
            guard let self, self.connection === connection, case .success(let reply) = result,
                let endpoint = self.endpoint, endpoint.address.isOfThisMachine
            else { return }
            guard reply.isPositive, let value = reply.value(of: key) else {
                // A filter in front of the control port keeps it to itself.
                self.socksEndpoints = self.options.socksEndpoints
                return
            }
            let listeners = SocketAddress.listeners(in: value).map { TorEndpoint($0, endpoint.source) }
            if !listeners.isEmpty || self.options.usualSocks == nil { self.socksEndpoints = listeners }
        }
    }

    private func ask(_ connection: ControlConnection, _ key: String, then: @escaping (TorController, String) -> Void) {
        connection.send(.getInfo(key)) { [weak self] result in
            guard let self, self.connection === connection, case .success(let reply) = result, reply.isPositive,
                let value = reply.value(of: key)
            else { return }
            then(self, value)
        }
    }

    private func received(_ event: ControlEvent) {
        switch event {
        case .descriptor(let event):
            descriptorFailures.received(event, now: loop.now)
            for publication in publications { publication.received(event) }
        case .bootstrap(let status): bootstrapped(status)
        case .networkLiveness(let isUp): emit(.network(isUp: isUp))
        case .circuit(let event): for publication in publications { publication.received(event) }
        case .other: break
        }
    }

    private func bootstrapped(_ status: BootstrapStatus) {
        guard !isBootstrapped else { return }
        answerTimer?.cancel()
        let hasProgress = watch.progressed(to: status.progress, now: loop.now)
        if hasProgress { bootstrap = status } else if let warning = status.warning { bootstrap?.warning = warning }
        if status.isDone {
            isBootstrapped = true
            bootstrap = nil
            watch.arrived()
            if !wasReady {
                wasReady = true
                emit(.ready(version: version, managed: managed != nil))
            }
            for publication in publications { publication.torIsReady() }
        } else if hasProgress {
            emit(.bootstrap(progress: status.progress, summary: status.summary))
        }
        armWatch()
    }

    private func armWatch() {
        watchTimer?.cancel()
        guard phase != .shutDown, phase != .failed else { return }
        watchTimer = watch.nextDeadline.map { deadline in
            loop.schedule(after: max(.zero, deadline - loop.now)) { [weak self] in self?.watchIsDue() }
        }
    }

    private func watchIsDue() {
        for output in watch.timePassed(now: loop.now) {
            switch output {
            case .stalled: stalled()
            case .startAgain: startAgain()
            }
        }
        armWatch()
    }

    private func noAnswer() {
        let error = TorError.unreachable(endpoint.map { .noAnswer($0.address) } ?? .connectionLost)
        guard options.purpose == .dial, options.control == nil, managed == nil else { return giveUp(error) }
        connection?.close()
        connection = nil
        watchTimer?.cancel()
        phase = .connecting
        findSocks(insteadOf: error)
    }

    private func stalled() {
        let progress = bootstrap?.progress ?? 0
        let error: TorError =
            if options.bridges.isEmpty {
                .bootstrapStalled(
                    progress: progress, summary: bootstrap?.summary ?? "Starting", warning: bootstrap?.warning)
            } else {
                .bridgeFailed(.noWay(progress: progress, said: bootstrap?.warning ?? managed?.lastWords))
            }
        emit(wasReady ? .stalled(error) : .failed(error))
    }

    /// An own tor stands still.
    private func startAgain() {
        guard phase == .up, managed != nil, !isBootstrapped else { return }
        logger.notice("tor child: no way into its network, at \(bootstrap?.progress ?? 0) %: started again")
        drop()
        retry()
    }

    // MARK: Losing and finding again

    private func lost(_ error: TorError) {
        guard phase == .up || phase == .connecting else { return }
        logger.debug("control connection lost: \(error.code)")
        drop()
        watch.lost()
        armWatch()
        if let upSince, loop.now - upSince >= Self.stableAfter { backoff.succeeded() }
        upSince = nil
        let pause = backoff.next(random: Random.uint32())
        timer = loop.schedule(after: pause) { [weak self] in self?.retry() }
        emit(.controlLost(retryIn: pause, attempt: backoff.attempt))
        told(of: error)
    }

    /// There is no control connection any more.
    private func drop() {
        phase = .waitingToRetry
        connection?.close()
        connection = nil
        answerTimer?.cancel()
        for publication in publications { publication.controlWasLost() }
    }

    private func retry() {
        phase = .connecting
        guard let managed else { return connect(to: endpoint.map { [$0] } ?? options.controlEndpoints) }
        // A child without its control connection is ending already: it is owned by it.
        managed.onExit = nil
        managed.stop { [weak self] in
            guard let self, self.phase == .connecting else { return }
            managed.onExit = { [weak self] error in self?.childExited(error) }
            managed.onLog = { [weak self] event in self?.childLogged(event) }
            do throws(TorError) {
                try managed.start()
                self.connectToChild(managed)
            } catch {
                self.lost(error)
            }
        }
    }

    private func emit(_ event: TorEvent) {
        onEvent?(event)
    }
}
