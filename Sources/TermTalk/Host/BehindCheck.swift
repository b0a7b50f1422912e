internal import Chat
internal import TorController

/// Dials once, through the tor that is found, an onion service that torrc defines, to see whether it leads to the room.
final class BehindCheck {
    private let onion: OnionAddress
    private let port: UInt16
    let tor: TorController
    private let warn: (ChatEvent.Notice) -> Void
    private var dial: SelfDial?

    init(_ onion: OnionAddress, port: UInt16, tor: TorController, warn: @escaping (ChatEvent.Notice) -> Void) {
        self.onion = onion
        self.port = port
        self.tor = tor
        self.warn = warn
    }

    func start() {
        tor.start { [weak self] event in
            // Where there is no SOCKS port, nothing is found out.
            guard case .ready = event, let self, self.dial == nil else { return }
            self.dial = SelfDial(self.onion, port: self.port, tor: self.tor) { [weak self] error in
                if let error { self?.warn(.onionNotReachable(error)) }
            }
        }
    }

    func stop(completion: @escaping () -> Void) {
        dial?.cancel()
        tor.shutdown(completion: completion)
    }
}
