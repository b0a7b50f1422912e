#if PortMap
internal import CNatPMP
internal import EventLoop
import Glibc

/// Asks the router for a port by NAT-PMP (RFC 6886), or gives it back.
@safe final class NATPMPRequest: Cancellable {
    typealias Completion = (Result<MappedPort, PortMapError>) -> Void

    private enum Step {
        case address
        case mapping(outside: IPAddress)
        case over
    }

    private let loop: EventLoop
    private let insidePort: UInt16
    private let lifetime: Duration
    private let protocolState: UnsafeMutablePointer<natpmp_t>
    private var isOpen = false
    private var step = Step.address
    private var handle: ReadableHandle?
    private var retry: TimerHandle?
    private var deadline: TimerHandle?
    private var completion: Completion?

    /// `completion` is called once, in a later turn, after `timeout` at the latest, unless cancelled.
    ///
    /// - Parameter lifetime: zero to give the port back.
    init(
        insidePort: UInt16, lifetime: Duration, timeout: Duration, loop: EventLoop, completion: @escaping Completion
    ) {
        self.loop = loop
        self.insidePort = insidePort
        self.lifetime = lifetime
        self.completion = completion
        unsafe protocolState = .allocate(capacity: 1)
        unsafe protocolState.initialize(to: natpmp_t())
        deadline = loop.schedule(after: timeout) { [self] in finish(.failure(.noRouter)) }
        loop.atEndOfTurn { [self] in start() }
    }

    deinit {
        unsafe protocolState.deallocate()
    }

    func cancel() {
        completion = nil
        finish(.failure(.noRouter))
    }

    private func start() {
        guard completion != nil else { return }
        guard unsafe initnatpmp(protocolState, 0, 0) == 0 else { return finish(.failure(.noRouter)) }
        isOpen = true
        handle = unsafe loop.watchReadable(protocolState.pointee.s) { [self] in read() }
        guard unsafe sendpublicaddressrequest(protocolState) >= 0 else { return finish(.failure(.noRouter)) }
        scheduleRetry()
    }

    /// The library asks again when it is read from after its own timeout.
    private func scheduleRetry() {
        retry?.cancel()
        var time = timeval()
        guard unsafe getnatpmprequesttimeout(protocolState, &time) == 0 else { return }
        let pause = Duration.seconds(Int64(time.tv_sec)) + .microseconds(Int64(time.tv_usec))
        retry = loop.schedule(after: max(pause, .milliseconds(10))) { [self] in read() }
    }

    private func read() {
        var answer = natpmpresp_t()
        switch unsafe readnatpmpresponseorretry(protocolState, &answer) {
        case 0: unsafe answered(&answer)
        case NATPMP_TRYAGAIN: scheduleRetry()
        case NATPMP_ERR_NETWORKFAILURE: finish(.failure(.notPublic(nil)))
        case NATPMP_ERR_NOGATEWAYSUPPORT, NATPMP_ERR_RECVFROM, NATPMP_ERR_SENDERR: finish(.failure(.noRouter))
        case let code: finish(.failure(.refused(.natPMP, code: code)))
        }
    }

    private func answered(_ answer: UnsafePointer<natpmpresp_t>) {
        switch step {
        case .address:
            var address = unsafe natpmp_public_address(answer)
            guard let outside = Self.address(&address) else { return finish(.failure(.noRouter)) }
            guard outside.scope == .global else {
                return finish(.failure(.notPublic(outside.scope == .unspecified ? nil : outside)))
            }
            step = .mapping(outside: outside)
            let seconds = UInt32(clamping: lifetime.components.seconds)
            let sent = unsafe sendnewportmappingrequest(
                protocolState, NATPMP_PROTOCOL_TCP, insidePort, lifetime == .zero ? 0 : insidePort, seconds)
            guard sent >= 0 else { return finish(.failure(.noRouter)) }
            scheduleRetry()
        case .mapping(let outside):
            var gateway = unsafe in_addr(s_addr: protocolState.pointee.gateway)
            let port = unsafe natpmp_public_port(answer)
            finish(
                .success(
                    MappedPort(
                        way: .natPMP, router: Self.address(&gateway)?.description ?? "",
                        outside: HostPort(host: outside.description, port: port), insidePort: insidePort,
                        lifetime: .seconds(Int64(unsafe natpmp_lifetime(answer))))))
        case .over: break
        }
    }

    private func finish(_ result: Result<MappedPort, PortMapError>) {
        let completion = self.completion
        self.completion = nil
        step = .over
        handle?.cancel()
        retry?.cancel()
        deadline?.cancel()
        if isOpen { unsafe closenatpmp(protocolState) }
        isOpen = false
        completion?(result)
    }

    private static func address(_ address: inout in_addr) -> IPAddress? {
        unsafe withUnsafeBytes(of: &address) { unsafe IPAddress(bytes: Array($0)) }
    }
}
#endif
