internal import Chat
internal import EventLoop
internal import Room
internal import TermTalk
internal import Transport

/// Asks the router for a port, and gives it back.
final class RouterCheck {
    private let mapping: PortMapping
    private let found: (Finding) -> Void
    private let done: () -> Void
    private var isOver = false

    init(loop: EventLoop, found: @escaping (Finding) -> Void, done: @escaping () -> Void) {
        self.found = found
        self.done = done
        mapping = PortMapping(insidePort: RoomAddress.defaultPort, loop: loop)
    }

    func start() {
        mapping.onResult = { [weak self] in self?.answered($0) }
        mapping.start()
    }

    /// Gives the port back at once.
    func cancel() {
        guard !isOver else { return }
        isOver = true
        mapping.remove(completion: done)
    }

    private func answered(_ result: Result<MappedPort, PortMapError>) {
        guard !isOver else { return }
        isOver = true
        switch result {
        case .success(let port):
            found(.ok("router", "\(port.router) answers to \(port.way.rawValue)"))
            found(.ok("outside", "its public address is \(port.outside.host)"))
            mapping.remove { [found, done] in
                found(.ok("port", "port \(port.outside.port) could be had, and was given back"))
                done()
            }
        case .failure(let error):
            let notice = error.notice
            found(.warn("router", notice.message, hint: notice.hint))
            mapping.remove(completion: done)
        }
    }
}
