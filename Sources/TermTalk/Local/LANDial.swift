internal import Chat
internal import Discovery
internal import EventLoop
internal import Transport

/// A dial of a room whose address is not known: looks for it on the local networks, and dials each address that is found,
/// beside each other.
final class LANDial: Cancellable {
    /// How long to look: a host answers within a second, and an answer that was lost is asked for twice again.
    static let timeout = Duration.seconds(6)

    /// A host that says nothing for so long is gone, or has another address by now, and is looked for anew: on a local
    /// network an answer takes milliseconds.
    private static let silence = Duration.seconds(6)

    private let dialer: DirectDialer
    private var search: RoomSearch?
    private var isCancelled = false

    /// - Parameters:
    ///   - known: an address that led there before.
    ///   - isWorthWhile: whether an address that is found should be dialed.
    init(
        room: RoomName, known: HostPort?, loop: EventLoop, isWorthWhile: @escaping (HostPort) -> Bool,
        completion: @escaping (Result<DirectDialer.Connection, ChatEvent.Notice>) -> Void
    ) {
        var hasFound = known != nil
        let dialer = DirectDialer(loop: loop, timeout: Self.timeout) { result in
            if case .success(let connection) = result {
                (connection.stream as? SocketStream)?.expectAnswers(within: Self.silence)
            }
            completion(result.mapError { hasFound ? $0.notice : .roomNotOnNetwork })
        }
        self.dialer = dialer
        if let known { dialer.add(known) }
        do throws(DiscoveryError) {
            search = try RoomSearch(loop: loop, room: room.description) { found in
                guard isWorthWhile(found.address) else { return }
                hasFound = true
                dialer.add(found.address)
            }
        } catch {
            if known != nil {
                dialer.noMore()
            } else {
                dialer.cancel()
                loop.atEndOfTurn { [weak self] in
                    if self?.isCancelled == false { completion(.failure(error.notice)) }
                }
            }
        }
    }

    func cancel() {
        isCancelled = true
        search = nil
        dialer.cancel()
    }
}
