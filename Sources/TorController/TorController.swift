package import EventLoop
package import Logging
package import Sodium

/// Finds or starts a tor, keeps a control connection to it, and keeps onion services published through it.
///
/// Everything happens on the loop's thread; no event comes before ``start(onEvent:)`` has returned.
package final class TorController {
    /// A control connection that lasted this long was a success: the next loss starts with the shortest pause again.
    static let stableAfter = Duration.seconds(10)
    /// How long a shutdown waits for tor's answers before it closes anyway, which ends the services too.
    static let shutdownTimeout = Duration.seconds(2)
    /// The same for a shutdown in a hurry, which has 3 s for all.
    static let hurriedTimeout = Duration.seconds(1)

    package let loop: EventLoop
    /// Where to dial: the option, else what tor says of itself. Known from `ready` on; empty when this tor has no SOCKS
    /// port.
    package private(set) var socksEndpoints: [TorEndpoint]

    private enum Phase {
        case idle
        /// ``start(onEvent:)`` has been called in this turn.
        case starting(TimerHandle)
        /// Looks for a tor, or waits for one of our own.
        case connecting(TorConnector)
        /// An own tor ends, to be started again.
        case restarting
        case up(TorLink)
        /// Up without a control connection, for dialing only.
        case socksOnly
        case waitingToRetry(TimerHandle)
        case failed
        case shutDown
    }

    /// How far it has ever come.
    private enum Reached: Comparable {
        case nothing, control, network
    }

    /// A tor of our own.
    private struct Child {
        let tor: ManagedTor
        /// Says when the machine has other addresses.
        let network: NetworkWatch?
    }

    /// What tor says of descriptors of services elsewhere, and how often it is asked for them.
    private struct Descriptors {
        var failures = DescriptorFailures()
        var refreshes = DescriptorRefreshes()
    }

    private let options: TorOptions
    private let logger: Logger
    private var onEvent: ((TorEvent) -> Void)?
    private var phase = Phase.idle
    private var reached = Reached.nothing
    private var child: Child?
    /// Of the tor that it has, or had last.
    private var endpoint: TorEndpoint?
    /// The last that was told.
    private var distrust: TorError?
    private var watch: BootstrapWatch
    private var watchTimer: TimerHandle?
    private var backoff = Backoff()
    private var publications: [OnionPublication] = []
    /// Services for which tor was given a key.
    private var authorized: Set<OnionAddress> = []
    private var descriptors = Descriptors()

    package init(loop: EventLoop, options: TorOptions, logger: Logger) {
        self.loop = loop
        self.options = options
        self.logger = logger
        watch = BootstrapWatch(stallTimeout: options.stallTimeout)
        socksEndpoints = options.namedSocks.map { [$0] } ?? []
    }

    /// Looks for a tor, or starts one. Call it once.
    package func start(onEvent: @escaping (TorEvent) -> Void) {
        guard case .idle = phase else { preconditionFailure("started twice") }
        self.onEvent = onEvent
        phase = .starting(loop.schedule(after: .zero) { [weak self] in self?.begin() })
    }

    /// What kind of listener tor can reach. Known from `ready` on.
    package var listenerKind: OnionListenerKind {
        if let child { return .unix(directory: child.tor.directory.path) }
        return endpoint?.address.isOfThisMachine == false ? .elsewhere : .loopback
    }

    private var link: TorLink? {
        if case .up(let link) = phase { link } else { nil }
    }

    private var connection: ControlConnection? { link?.connection }

    private var isShutDown: Bool {
        if case .shutDown = phase { true } else { false }
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
            guard let self, let link = self.link, self.publications.contains(where: { $0 === publication })
            else { return }
            publication.controlIsUp(link.connection)
            publication.hears(link.hearing)
            if link.isBootstrapped { publication.torIsReady() }
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
        descriptors.failures.failure(for: address, now: loop.now)
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
        guard let connection, descriptors.refreshes.mayFetch(now: loop.now) else { return }
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
        let connection = self.connection
        switch phase {
        case .shutDown: return completion()
        case .starting(let timer), .waitingToRetry(let timer): timer.cancel()
        case .connecting(let connector): connector.cancel()
        case .up(let link): link.mute()
        case .idle, .restarting, .socksOnly, .failed: break
        }
        phase = .shutDown
        onEvent = nil
        watchTimer?.cancel()
        var owed = publications.count + authorized.count
        var deadline: TimerHandle?
        var isClosed = false
        // Held strongly: a controller that is dropped during its shutdown still ends it.
        let close = { [self] in
            guard !isClosed else { return }
            isClosed = true
            deadline?.cancel()
            connection?.close()
            endChild(isHurried: isHurried, completion)
        }
        let publications = self.publications
        self.publications = []
        deadline = loop.schedule(after: isHurried ? Self.hurriedTimeout : Self.shutdownTimeout, close)
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

    private func endChild(isHurried: Bool, _ completion: @escaping () -> Void) {
        guard let child else { return completion() }
        child.tor.stop(isHurried: isHurried) { [self] in
            self.child = nil
            completion()
        }
    }

    // MARK: Connecting

    private func begin() {
        emit(.connecting)
        guard !isShutDown else { return }
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
        let connector = TorConnector(candidates: candidates, password: options.password, loop: loop) {
            [weak self] result in
            switch result {
            case .success(let found): self?.controlIsUp(found)
            case .failure(let error): self?.controlNotFound(error)
            }
        }
        phase = .connecting(connector)
    }

    private func controlNotFound(_ error: TorError) {
        if reached >= .control { return lost(error) }
        if child != nil { return giveUp(error) }
        guard options.purpose == .dial, options.control == nil else { return withoutControl(error) }
        findSocks(insteadOf: error)
    }

    private func findSocks(insteadOf error: TorError) {
        let connector = TorConnector(socksCandidates: options.socksEndpoints, loop: loop) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let endpoint):
                self.told(of: error)
                self.socksIsUp([endpoint])
            case .failure(let other): self.withoutControl(other.isDistrust ? other : error)
            }
        }
        phase = .connecting(connector)
    }

    private func withoutControl(_ error: TorError) {
        if options.mode == .auto, options.control == nil { startChild(insteadOf: error) } else { giveUp(error) }
    }

    /// `error` is what keeps us from the tors that run already.
    private func startChild(insteadOf error: TorError?) {
        told(of: error)
        guard !isShutDown else { return }
        do throws(TorError) {
            let tor = try ManagedTor(
                program: options.program, dataDirectory: options.dataDirectory, include: options.include,
                bridges: options.bridges, proxy: options.proxy, loop: loop, logger: logger)
            watch = BootstrapWatch(stallTimeout: options.stallTimeout, isOwn: true, goesByPrograms: tor.startsPrograms)
            let network = NetworkWatch(loop: loop) { [weak self] in
                guard let self else { return }
                self.watch.networkChanged(now: self.loop.now)
                self.armWatch()
            }
            child = Child(tor: tor, network: network)
            try start(tor)
        } catch let failure {
            // Without a program to start, what stands in the way of the others is what can be mended.
            if case .unreachable(.noProgram) = failure, let error, error.discoveryRank > 0 { return giveUp(error) }
            giveUp(failure)
        }
    }

    private func start(_ tor: ManagedTor) throws(TorError) {
        tor.onExit = { [weak self] error in self?.childExited(error) }
        tor.onLog = { [weak self] event in
            if case .warning(let text) = event { self?.watch.warned(text) }
        }
        try tor.start()
        let connector = TorConnector(waitingFor: tor.controlEndpoint, loop: loop) { [weak self] result in
            switch result {
            case .success(let found): self?.controlIsUp(found)
            case .failure(let error): self?.childExited(error)
            }
        }
        phase = .connecting(connector)
    }

    private func childExited(_ error: TorError) {
        var error = error
        if !options.bridges.isEmpty, case .unreachable(.childFailed(.configuration(let words))) = error {
            error = .bridgeFailed(.refused(words))
        }
        if case .connecting(let connector) = phase { connector.cancel() }
        if reached >= .control { lost(error) } else { giveUp(error) }
    }

    private func socksIsUp(_ endpoints: [TorEndpoint]) {
        guard !isShutDown else { return }
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
        switch phase {
        case .shutDown, .failed: return
        case .up(let link): link.close()
        default: break
        }
        phase = .failed
        watchTimer?.cancel()
        child?.tor.onExit = nil
        child?.tor.stop {}
        emit(.failed(error))
    }

    // MARK: Connected

    private func controlIsUp(_ found: TorDiscovery.Found) {
        told(of: found.distrust)
        guard !isShutDown else { return found.connection.close() }
        let link = TorLink(found, options: options, loop: loop) { [weak self] news in self?.heard(news) }
        endpoint = found.endpoint
        phase = .up(link)
        watch.began(now: loop.now, random: Random.uint32())
        armWatch()
        link.begin(ownDialing: child?.tor.socksEndpoint, awaitsAnswer: reached < .network)
        if reached >= .control { emit(.controlRestored) }
        reached = max(reached, .control)
        for publication in publications { publication.controlIsUp(link.connection) }
    }

    private func heard(_ news: TorLink.News) {
        switch news {
        case .dialing(let endpoints): socksEndpoints = endpoints
        case .hearing(let hearing): for publication in publications { publication.hears(hearing) }
        case .bootstrap(let status): bootstrapped(status)
        case .event(let event): received(event)
        case .silent: noAnswer()
        case .lost(let error): lost(error)
        }
    }

    private func received(_ event: ControlEvent) {
        switch event {
        case .descriptor(let event):
            descriptors.failures.received(event, now: loop.now)
            for publication in publications { publication.received(event) }
        case .networkLiveness(let isUp): emit(.network(isUp: isUp))
        case .circuit(let event): for publication in publications { publication.received(event) }
        case .bootstrap, .other: break
        }
    }

    private func bootstrapped(_ status: BootstrapStatus) {
        let isNews = watch.heard(status, now: loop.now)
        if status.isDone {
            watch.arrived()
            if reached < .network {
                reached = .network
                emit(.ready(version: link?.version, managed: child != nil))
            }
            for publication in publications { publication.torIsReady() }
        } else if isNews {
            emit(.bootstrap(progress: status.progress, summary: status.summary))
        }
        armWatch()
    }

    private func armWatch() {
        watchTimer?.cancel()
        switch phase {
        case .shutDown, .failed: return
        default: break
        }
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
        guard options.purpose == .dial, options.control == nil, child == nil else { return giveUp(error) }
        link?.close()
        watchTimer?.cancel()
        findSocks(insteadOf: error)
    }

    private func stalled() {
        let status = watch.status
        let error: TorError =
            if options.bridges.isEmpty {
                .bootstrapStalled(
                    progress: status?.progress ?? 0, summary: status?.summary ?? "Starting", warning: status?.warning)
            } else {
                .bridgeFailed(.noWay(progress: status?.progress ?? 0, said: status?.warning ?? child?.tor.lastWords))
            }
        emit(reached == .network ? .stalled(error) : .failed(error))
    }

    /// An own tor stands still.
    private func startAgain() {
        guard let link, child != nil, !link.isBootstrapped else { return }
        logger.notice("tor child: no way into its network, at \(watch.status?.progress ?? 0) %: started again")
        drop(link)
        retry()
    }

    // MARK: Losing and finding again

    private func lost(_ error: TorError) {
        switch phase {
        case .up(let link):
            drop(link)
            if loop.now - link.upSince >= Self.stableAfter { backoff.succeeded() }
        case .connecting, .restarting: break
        default: return
        }
        logger.debug("control connection lost: \(error.code)")
        watch.lost()
        let pause = backoff.next(random: Random.uint32())
        phase = .waitingToRetry(loop.schedule(after: pause) { [weak self] in self?.retry() })
        armWatch()
        emit(.controlLost(retryIn: pause, attempt: backoff.attempt))
        told(of: error)
    }

    private func drop(_ link: TorLink) {
        link.close()
        for publication in publications { publication.controlWasLost() }
    }

    private func retry() {
        guard let tor = child?.tor else { return connect(to: endpoint.map { [$0] } ?? options.controlEndpoints) }
        phase = .restarting
        // A child without its control connection is ending already: it is owned by it.
        tor.onExit = nil
        tor.stop { [weak self] in
            guard let self, case .restarting = self.phase else { return }
            do throws(TorError) {
                try self.start(tor)
            } catch {
                self.lost(error)
            }
        }
    }

    private func emit(_ event: TorEvent) {
        onEvent?(event)
    }
}
