package import EventLoop

/// A port of the router that leads to this machine, for as long as it is wanted: asked for by NAT-PMP, then by UPnP, asked
/// for again before it is forgotten, and given back at the end.
package final class PortMapping {
    /// How long the router is asked to keep the port without hearing of it. Short, because a host that is killed cannot give
    /// it back.
    static let lifetime = Duration.seconds(900)
    /// How long NAT-PMP is waited for; the library would wait for 128 s.
    static let natPMPTimeout = Duration.seconds(2)
    /// How long UPnP is waited for: a search, and three questions to a slow router.
    static let upnpTimeout = Duration.seconds(12)
    /// How long giving it back may take.
    static let removalTimeout = Duration.seconds(3)
    /// How often a router is asked that answers to NAT-PMP, which costs it two packets: one that was started again has
    /// forgotten its ports.
    static let natPMPInterval = Duration.seconds(60)
    /// The pause after the router did not answer any more.
    static let retryPause = Duration.seconds(20)

    private enum Phase {
        case idle
        case asking(History)
        case mapped(MappedPort)
        /// It worked before, and did not the last time.
        case lost(MappedPort)
        case over
    }

    /// What there was before the router is asked.
    private enum History {
        case none
        case mapped(MappedPort)
        case lost(MappedPort)
    }

    private let loop: EventLoop
    private let insidePort: UInt16
    private var phase = Phase.idle
    private var request: (any Cancellable)?
    private var timer: TimerHandle?
    private var attempt = 0

    /// Called with the port, also when it is another one than before, and with why there is none: at first, and when there is
    /// none any more.
    package var onResult: ((Result<MappedPort, PortMapError>) -> Void)?

    package init(insidePort: UInt16, loop: EventLoop) {
        self.insidePort = insidePort
        self.loop = loop
    }

    /// Whether this build can ask a router at all.
    package static var isAvailable: Bool {
        #if PortMap
        true
        #else
        false
        #endif
    }

    package func start() {
        ask(.none)
    }

    private func ask(_ history: History) {
        phase = .asking(history)
        #if PortMap
        if case .mapped(let port) = history, port.way == .upnp {
            askByUPnP(natPMP: .noRouter)
        } else {
            request = NATPMPRequest(
                insidePort: insidePort, lifetime: Self.lifetime, timeout: Self.natPMPTimeout, loop: loop
            ) { [weak self] result in
                if case .failure(let error) = result, error.isWayDependent {
                    self?.askByUPnP(natPMP: error)
                } else {
                    self?.answered(result)
                }
            }
        }
        #else
        loop.atEndOfTurn { [weak self] in self?.answered(.failure(.notInThisBuild)) }
        #endif
    }

    #if PortMap
    private func askByUPnP(natPMP: PortMapError) {
        attempt += 1
        let number = attempt
        timer = loop.schedule(after: Self.upnpTimeout) { [weak self] in self?.answered(.failure(natPMP), to: number) }
        loop.offload { [insidePort] in
            UPnPRouter.map(insidePort: insidePort, lifetime: Self.lifetime)
        } then: { [weak self] result in
            // What NAT-PMP said is more than that nobody speaks UPnP.
            self?.answered(result == .failure(.noRouter) ? .failure(natPMP) : result, to: number)
        }
    }

    private func answered(_ result: Result<MappedPort, PortMapError>, to number: Int) {
        guard number == attempt else { return }
        attempt += 1
        answered(result)
    }
    #endif

    private func answered(_ result: Result<MappedPort, PortMapError>) {
        guard case .asking(let history) = phase else { return }
        timer?.cancel()
        request = nil
        switch (result, history) {
        case (.success(let port), _):
            phase = .mapped(port)
            if let lifetime = port.lifetime {
                askAgain(after: port.way == .natPMP ? min(lifetime / 2, Self.natPMPInterval) : lifetime / 2)
            }
            if case .mapped(let before) = history, before.outside == port.outside { return }
            onResult?(result)
        case (.failure, .none):
            phase = .over
            onResult?(result)
        case (.failure, .mapped(let port)):
            phase = .lost(port)
            askAgain(after: Self.retryPause)
            onResult?(result)
        case (.failure, .lost(let port)):
            phase = .lost(port)
            askAgain(after: Self.retryPause)
        }
    }

    private func askAgain(after pause: Duration) {
        timer = loop.schedule(after: pause) { [weak self] in
            switch self?.phase {
            case .mapped(let port): self?.ask(.mapped(port))
            case .lost(let port): self?.ask(.lost(port))
            default: break
            }
        }
    }

    /// Gives the port back; `completion` is called once, in a later turn, whatever the router says.
    package func remove(completion: @escaping () -> Void) {
        let last = phase
        phase = .over
        timer?.cancel()
        request?.cancel()
        var owed: (() -> Void)? = completion
        let done = {
            owed?()
            owed = nil
        }
        #if PortMap
        switch last {
        case .mapped(let port), .lost(let port), .asking(.mapped(let port)), .asking(.lost(let port)):
            loop.schedule(after: Self.removalTimeout, done)
            guard port.way == .upnp else { return removeByNATPMP(done) }
            loop.offload {
                UPnPRouter.remove(port)
            } then: {
                done()
            }
        case .asking(.none): removeByNATPMP(done)
        case .idle, .over: loop.atEndOfTurn(done)
        }
        #else
        loop.atEndOfTurn(done)
        #endif
    }

    #if PortMap
    private func removeByNATPMP(_ done: @escaping () -> Void) {
        request = NATPMPRequest(
            insidePort: insidePort, lifetime: .zero, timeout: Self.removalTimeout, loop: loop
        ) { _ in done() }
    }
    #endif
}
