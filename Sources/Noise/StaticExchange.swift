internal import Sodium

/// Remembers the last exchange of a static key with somebody's ephemeral key.
///
/// Trying one first message with many pre-shared keys then costs one scalar multiplication, and some hashes for each key,
/// instead of one scalar multiplication for each.
package final class StaticExchange {
    private var local: X25519.PublicKey?
    private var remote: X25519.PublicKey?
    private var secret = SecretBytes(count: X25519.byteCount)

    package init() {}

    func secret(local: X25519.PublicKey, remote: X25519.PublicKey) -> SecretBytes? {
        guard local == self.local, remote == self.remote else { return nil }
        return secret.clone()
    }

    func remember(_ secret: borrowing SecretBytes, local: X25519.PublicKey, remote: X25519.PublicKey) {
        self.secret = secret.clone()
        self.local = local
        self.remote = remote
    }
}
