internal import Chat
internal import EventLoop

/// A dial, through tor, of a room that has several addresses: of the first, and of each next one beside those before, when one has
/// failed or none has answered for a while. The first that answers is taken, and the others are called off.
final class TorRace: Cancellable {
    typealias Stream = Result<any ByteStream, ChatEvent.Notice>
    typealias Connection = (stream: any ByteStream, address: RoomAddress)

    /// A dial that works is mostly done by then.
    static let patience = Duration.seconds(20)

    private let loop: EventLoop
    private let dial: (RoomAddress, @escaping (Stream) -> Void) -> any Cancellable
    private var waiting: ArraySlice<RoomAddress>
    private var running: [RoomAddress: any Cancellable] = [:]
    private var over: Set<RoomAddress> = []
    private var failure: ChatEvent.Notice?
    private var timer: TimerHandle?
    private var completion: ((Result<Connection, ChatEvent.Notice>) -> Void)?

    /// Calls `completion` once, unless cancelled; when all have failed, with what the first one said.
    ///
    /// - Precondition: there is an address.
    init(
        _ addresses: [RoomAddress], loop: EventLoop,
        dial: @escaping (RoomAddress, @escaping (Stream) -> Void) -> any Cancellable,
        completion: @escaping (Result<Connection, ChatEvent.Notice>) -> Void
    ) {
        precondition(!addresses.isEmpty)
        self.loop = loop
        self.dial = dial
        self.completion = completion
        waiting = addresses[...]
        next()
    }

    func cancel() {
        completion = nil
        timer?.cancel()
        for dial in running.values { dial.cancel() }
        running = [:]
    }

    private func next() {
        timer?.cancel()
        guard let address = waiting.popFirst() else { return }
        if !waiting.isEmpty { timer = loop.schedule(after: Self.patience) { [self] in next() } }
        let dial = dial(address) { [self] result in ended(address, result) }
        if completion != nil, !over.contains(address) { running[address] = dial }
    }

    private func ended(_ address: RoomAddress, _ result: Stream) {
        running[address] = nil
        over.insert(address)
        guard let completion else {
            if case .success(let stream) = result { stream.close() }
            return
        }
        switch result {
        case .success(let stream):
            cancel()
            completion(.success((stream, address)))
        case .failure(let notice):
            failure = failure ?? notice
            if !waiting.isEmpty { return next() }
            guard running.isEmpty else { return }
            cancel()
            completion(.failure(failure ?? notice))
        }
    }
}
