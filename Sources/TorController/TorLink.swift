internal import EventLoop

/// The control connection that is up: what tor is asked over it at the beginning, and what it tells.
final class TorLink {
    enum News {
        /// Where to dial. Empty when this tor has no SOCKS port.
        case dialing([TorEndpoint])
        case hearing(OnionUpkeep.Hearing)
        /// How far tor is; not told any more once it is in its network.
        case bootstrap(BootstrapStatus)
        case event(ControlEvent)
        /// Tor has not said how far it is for ``answerPatience``.
        case silent
        /// The connection has ended by itself.
        case lost(TorError)
    }

    /// How long a tor may say nothing of how far it is, before a joiner goes on without its control port, and a host gives up:
    /// a filter in front of it may swallow the question.
    static let answerPatience = Duration.seconds(15)

    let connection: ControlConnection
    let endpoint: TorEndpoint
    let version: String?
    let upSince: MonotonicTime
    /// Which events tor tells us.
    private(set) var hearing = OnionUpkeep.Hearing.all
    private(set) var isBootstrapped = false

    private let options: TorOptions
    private let loop: EventLoop
    private var onNews: ((News) -> Void)?
    private var answerTimer: TimerHandle?

    init(_ found: TorDiscovery.Found, options: TorOptions, loop: EventLoop, onNews: @escaping (News) -> Void) {
        connection = found.connection
        endpoint = found.endpoint
        version = found.info.version
        upSince = loop.now
        self.options = options
        self.loop = loop
        self.onNews = onNews
    }

    /// Asks what is to be known of this tor.
    ///
    /// - Parameters:
    ///   - ownDialing: where to dial, when it is a tor of our own, which then ends with the connection.
    ///   - awaitsAnswer: whether it is ``News/silent`` when it does not say how far it is.
    func begin(ownDialing: SocketAddress?, awaitsAnswer: Bool) {
        connection.onEvent = { [weak self] event in self?.received(event) }
        connection.onClosed = { [weak self] error in self?.onNews?(.lost(error)) }
        if awaitsAnswer {
            answerTimer = loop.schedule(after: Self.answerPatience) { [weak self] in self?.onNews?(.silent) }
        }
        if ownDialing != nil { connection.send(.takeOwnership) { _ in } }
        subscribe()
        if options.socks == nil { askForDialing(own: ownDialing) }
        ask("dormant") { link, reply in
            if reply.value(of: "dormant") == "1" { link.connection.send(.signalActive) { _ in } }
        }
        let phase = "status/bootstrap-phase"
        ask(phase) { link, reply in
            // Whoever may not know it finds out by what works.
            let unknown = BootstrapStatus(progress: 100, tag: "done", summary: "Done")
            link.bootstrapped(reply.value(of: phase).flatMap { BootstrapStatus($0) } ?? unknown)
        }
    }

    /// Nothing is told any more; the connection stays.
    func mute() {
        onNews = nil
        answerTimer?.cancel()
    }

    func close() {
        mute()
        connection.close()
    }

    /// Asks for a value of GETINFO; `then` is called with a reply of whatever status.
    private func ask(_ key: String, then: @escaping (TorLink, ControlReply) -> Void) {
        connection.send(.getInfo(key)) { [weak self] result in
            guard let self, self.onNews != nil, case .success(let reply) = result else { return }
            then(self, reply)
        }
    }

    private func askForDialing(own: SocketAddress?) {
        if let own { return tell(.dialing([TorEndpoint(own, .named)])) }
        let key = "net/listeners/socks"
        ask(key) { link, reply in
            // A tor elsewhere means its own loopback addresses, not ours.
            guard link.endpoint.address.isOfThisMachine else { return }
            guard reply.isPositive, let value = reply.value(of: key) else {
                // A filter in front of the control port keeps it to itself.
                return link.tell(.dialing(link.options.socksEndpoints))
            }
            let listeners = SocketAddress.listeners(in: value).map { TorEndpoint($0, link.endpoint.source) }
            if !listeners.isEmpty || link.options.usualSocks == nil { link.tell(.dialing(listeners)) }
        }
    }

    private func subscribe() {
        let ofServices = options.purpose == .publish ? ["CIRC", "CIRC_MINOR", "CIRC_BW"] : []
        let subscription = EventSubscription(["HS_DESC", "STATUS_CLIENT", "NETWORK_LIVENESS"] + ofServices)
        carryOut(subscription.first, of: subscription)
    }

    private func carryOut(_ step: EventSubscription.Output, of subscription: EventSubscription) {
        switch step {
        case .ask(let names):
            connection.send(.setEvents(names)) { [weak self] result in
                guard let self, self.onNews != nil else { return }
                var subscription = subscription
                let isPositive = (try? result.get())?.isPositive ?? false
                guard let next = subscription.answered(isPositive: isPositive) else { return }
                self.carryOut(next, of: subscription)
            }
        case .settled(let names):
            hearing = .init(names)
            tell(.hearing(hearing))
        }
    }

    private func received(_ event: ControlEvent) {
        if case .bootstrap(let status) = event { bootstrapped(status) } else { tell(.event(event)) }
    }

    private func bootstrapped(_ status: BootstrapStatus) {
        guard !isBootstrapped else { return }
        answerTimer?.cancel()
        isBootstrapped = status.isDone
        tell(.bootstrap(status))
    }

    private func tell(_ news: News) {
        onNews?(news)
    }
}
