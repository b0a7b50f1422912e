internal import Chat
internal import EventLoop
internal import Logging
internal import Room
internal import TermTalk
internal import TorController

/// What can be found out about tor, by using it as a room does. One check follows the other, on the loop.
final class TorChecks {
    private let loop: EventLoop
    private var options: TorOptions
    private let logger: Logger
    private let found: (Finding) -> Void
    private let done: () -> Void
    private var discovery: TorDiscovery?
    private var controller: TorController?
    private var onion: OnionCheck?
    private var version: String?
    private var hasEnded = false

    init(
        loop: EventLoop, options: TorOptions, logger: Logger, found: @escaping (Finding) -> Void,
        done: @escaping () -> Void
    ) {
        self.loop = loop
        self.options = options
        self.logger = logger
        self.found = found
        self.done = done
    }

    func start() {
        loop.offload { [program = options.program] in
            TorProgram.version(of: program)
        } then: { [weak self] result in
            self?.programFound(result)
        }
    }

    private func programFound(_ result: TorProgram.Answer) {
        switch result {
        case .version(let version): found(.ok("tor-program", "tor \(version) is installed"))
        case .missing where options.mode == .managed:
            found(.fail("tor-program", TorError.unreachable(.noProgram("tor")).notice))
            return end()
        case .missing:
            found(.warn("tor-program", "no tor program is installed", hint: "sudo apt install tor"))
        case .notTor:
            let finding = TorError.unreachable(.childFailed(.exited(status: 1, said: nil))).notice
            guard options.mode == .managed else {
                found(.warn("tor-program", "what is installed as tor does not work", hint: finding.hint))
                break
            }
            found(.fail("tor-program", finding))
            return end()
        }
        if let finding = bridges() {
            found(finding)
            if finding.status == .fail { return end() }
        }
        if let proxy = options.proxy { found(.ok("tor-proxy", "the own tor goes by \(proxy.shown)")) }
        guard options.mode != .managed else { return useTor() }
        discovery = TorDiscovery(
            candidates: options.controlEndpoints, password: options.password,
            loop: loop
        ) { [weak self] result in
            self?.discovery = nil
            self?.controlSearched(result)
        }
    }

    /// What is found out about the bridges; nil when there are none.
    private func bridges() -> Finding? {
        guard !options.bridges.isEmpty else { return nil }
        do throws(TorError) {
            _ = try options.bridges.configuration(isIncludeGiven: options.include != nil)
        } catch {
            return .fail("bridges", error.notice)
        }
        let transports = Set(options.bridges.map { $0.transport ?? "plain" }).sorted().joined(separator: ", ")
        return .ok("bridges", "\(options.bridges.count) for the own tor (\(transports))")
    }

    private func controlSearched(_ result: Result<TorDiscovery.Found, TorError>) {
        switch result {
        case .success(let search):
            let methods = search.info.methods.map(\.rawValue).sorted().joined(separator: ", ")
            if let distrust = search.distrust?.notice {
                found(.warn("tor-control", distrust.message, hint: distrust.hint))
            }
            found(.ok("tor-control", "tor \(search.info.version) answers, and lets this user in (\(methods))"))
            if search.endpoint.source == .found { options.controlCandidates = [search.endpoint.address] }
            options.mode = .system
            search.connection.close()
            useTor()
        case .failure(let error):
            let notice = error.notice
            guard options.mode == .auto, options.control == nil else {
                found(.fail("tor-control", notice))
                return end()
            }
            found(
                .warn(
                    "tor-control", "no running tor can be used, so an own one is started: \(notice.message)",
                    hint: notice.hint))
            options.mode = .managed
            useTor()
        }
    }

    private func useTor() {
        let controller = TorController(loop: loop, options: options, logger: logger)
        self.controller = controller
        controller.start { [weak self] event in
            guard let self, !self.hasEnded else { return }
            switch event {
            case .connecting, .bootstrap, .network, .controlRestored, .distrusted, .stalled: break
            case .ready(let version, let isManaged): self.ready(version, isManaged)
            case .failed(let error):
                self.found(.fail(self.version == nil ? "tor-network" : "onion", error.notice))
                self.end()
            case .controlLost:
                self.found(
                    .fail(self.version == nil ? "tor-network" : "onion", TorError.unreachable(.connectionLost).notice))
                self.end()
            }
        }
    }

    private func ready(_ version: String?, _ isManaged: Bool) {
        self.version = version ?? ""
        found(.ok("tor-network", isManaged ? "an own tor is in its network" : "tor is in its network"))
        found(Self.features(TorVersion(version ?? "")))
        controller?.info("consensus/valid-after") { [weak self] after in
            self?.controller?.info("consensus/valid-until") { [weak self] until in
                self?.found(
                    ConsensusTime.finding(now: WallTime.seconds, validAfter: after, validUntil: until))
                self?.checkOnion()
            }
        }
    }

    static func features(_ version: TorVersion?) -> Finding {
        guard let version else { return .warn("tor-features", "tor does not say which version it is") }
        var missing: [String] = []
        if version < TorVersion(0, 4, 6) { missing.append("client authorization (0.4.6)") }
        if version < TorVersion(0, 4, 9) { missing.append("proof-of-work defence (0.4.9)") }
        return missing.isEmpty
            ? .ok("tor-features", "client authorization, proof-of-work defence")
            : .warn(
                "tor-features", "this tor lacks \(missing.joined(separator: ", ")); rooms work without",
                hint: "a newer one is at deb.torproject.org")
    }

    private func checkOnion() {
        guard let controller, !hasEnded else { return }
        onion = OnionCheck(controller: controller) { [weak self] finding in
            self?.found(finding)
            self?.end()
        }
    }

    /// Gives up now.
    func cancel() {
        end()
    }

    private func end() {
        guard !hasEnded else { return }
        hasEnded = true
        discovery?.cancel()
        onion?.close()
        onion = nil
        guard let controller else { return done() }
        controller.shutdown(completion: done)
    }
}

/// A version of tor by its first three numbers.
struct TorVersion: Comparable {
    private let numbers: [Int]

    init(_ numbers: Int...) {
        self.numbers = numbers
    }

    /// Of `0.4.9.11` or `0.4.9.1-alpha`; nil for anything else.
    init?(_ text: String) {
        let parts = text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").compactMap { Int($0) }
        guard parts.count >= 3 else { return nil }
        numbers = Array(parts.prefix(3))
    }

    static func < (left: TorVersion, right: TorVersion) -> Bool {
        left.numbers.lexicographicallyPrecedes(right.numbers)
    }
}
