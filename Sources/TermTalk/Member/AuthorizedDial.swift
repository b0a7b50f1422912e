internal import EventLoop
internal import SecureSession
internal import Sodium
internal import TorController

/// A dial of an onion service that asks for client authorization: tor gets the invite's key first, each time, because it
/// forgets it when it is started again.
final class AuthorizedDial: Cancellable {
    private var dial: (any Cancellable)?
    private var isCancelled = false

    /// Calls `start` when tor has the key, or `failed` with why it does not, in a later turn.
    init(
        _ address: OnionAddress, secret: InviteSecret, tor: TorController,
        start: @escaping () -> any Cancellable, failed: @escaping (TorError) -> Void
    ) {
        tor.authorize(secret.onionClientKey(), for: address) { [weak self, loop = tor.loop] error in
            guard let error else {
                if let self, !self.isCancelled { self.dial = start() }
                return
            }
            loop.atEndOfTurn {
                if let self, !self.isCancelled { failed(error) }
            }
        }
    }

    func cancel() {
        isCancelled = true
        dial?.cancel()
        dial = nil
    }
}

extension Sequence<InviteSecret> {
    /// The keys with which those who hold one of these invites can resolve the onion service.
    var onionClients: Set<X25519.PublicKey> { Set(map { $0.onionClientKey().publicKey }) }
}
