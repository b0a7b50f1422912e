package import Sodium

/// The 16 random bytes of an invite, and the Noise pre-shared key made from them; or, at a relay, the key alone.
package final class InviteSecret: Sendable {
    /// Bytes of the secret inside an invite.
    package static let byteCount = 16

    private static let label = "TermTalk invite psk 1"
    /// Bytes of what a first message shows to be of this invite.
    static let tagByteCount = 16
    private static let tagLabel = "TermTalk invite tag 1"

    private static let onionLabel = "TermTalk onion client 1"

    /// Nil at a relay, which accepts handshakes with an invite that it cannot show.
    let secret: SecretBytes?
    /// What stands before a first message that is made with this invite: the first 16 bytes of BLAKE2b(label | pre-shared key |
    /// the message's ephemeral key). It costs the host one hash to see which of its invites it is, or that it is none, before
    /// any key exchange; to others it is random.
    func tag(of firstMessage: Span<UInt8>) -> [UInt8] {
        var hash = BLAKE2b()
        hash.update(Array(Self.tagLabel.utf8).span)
        presharedKey.withBytes { hash.update($0) }
        hash.update(firstMessage.extracting(0..<X25519.byteCount))
        return Array(hash.finalize()[..<Self.tagByteCount])
    }

    /// The first 32 bytes of BLAKE2b(label | secret).
    package let presharedKey: SecretBytes

    /// A new random secret.
    package convenience init() {
        self.init(SecretBytes(randomCount: Self.byteCount))
    }

    /// - Precondition: `secret` has ``byteCount`` bytes.
    package init(_ secret: consuming SecretBytes) {
        precondition(secret.count == Self.byteCount, "an invite's secret has 16 bytes")
        presharedKey = Self.derive(Self.label, secret)
        self.secret = consume secret
    }

    /// The invite of a group whose secret is not known here.
    ///
    /// - Precondition: `presharedKey` has 32 bytes.
    package init(presharedKey: consuming SecretBytes) {
        precondition(presharedKey.count == 32, "a Noise pre-shared key has 32 bytes")
        self.presharedKey = presharedKey
        secret = nil
    }

    /// Whether handshakes with this invite are made with that key.
    package func isMade(with presharedKey: SecretContent) -> Bool {
        presharedKey.withBytes { other in self.presharedKey.withBytes { own in constantTimeEquals(own, other) } }
    }

    package func clonedSecret() -> SecretBytes? {
        switch secret {
        case .some(let secret): secret.clone()
        case .none: nil
        }
    }

    /// Whether it is more than the key for handshakes.
    package var isKnown: Bool {
        switch secret {
        case .some: true
        case .none: false
        }
    }

    /// Lends the secret, where it is known.
    package func withSecret(_ body: (Span<UInt8>) -> Void) {
        switch secret {
        case .some(let secret): secret.withBytes { body($0) }
        case .none: break
        }
    }

    /// The secret, to be shown to a person.
    package var secretBytes: [UInt8]? {
        switch secret {
        case .some(let secret): secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        case .none: nil
        }
    }

    /// The key with which who holds the invite can resolve an onion service that asks for client authorization: the first
    /// 32 bytes of BLAKE2b(label | pre-shared key). tor gets it, and learns nothing of the others from it.
    package func onionClientKey() -> X25519.PrivateKey {
        do {
            return try X25519.PrivateKey(copying: Self.derive(Self.onionLabel, presharedKey))
        } catch {
            preconditionFailure("32 bytes are a key")
        }
    }

    /// The first 32 bytes of BLAKE2b(label | secret).
    private static func derive(_ label: String, _ secret: borrowing SecretBytes) -> SecretBytes {
        secret.withBytes { bytes in
            var hash = BLAKE2b()
            hash.update(Array(label.utf8).span)
            hash.update(bytes)
            return SecretBytes(copying: hash.finalize().span.extracting(0..<32))
        }
    }
}
