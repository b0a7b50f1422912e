internal import MLS
internal import Room
package import Sodium

/// The secret of a group whose room is at a relay: 16 random bytes that its creator makes, that every member knows, and
/// that the relay never learns (docs/protocol.md, "Rooms of a relay").
///
/// Whoever comes in shows that it knows it, and sees that the group does too.
package final class GroupSecret: Sendable {
    /// Bytes of the secret.
    package static let byteCount = 16
    private static let proofByteCount = 16
    /// What MLS calls the pre-shared key.
    private static let keyName = Array("TermTalk group secret".utf8)
    /// In leaf nodes; from the range for private use (RFC 9420 section 17.3).
    static let proofExtension = ExtensionType(rawValue: 0xf771)

    package let secret: SecretBytes
    private let presharedKey: SecretBytes
    private let proofKey: SecretBytes

    /// A new random secret.
    package convenience init() {
        self.init(SecretBytes(randomCount: Self.byteCount))
    }

    /// - Precondition: `secret` has ``byteCount`` bytes.
    package init(_ secret: consuming SecretBytes) {
        precondition(secret.count == Self.byteCount, "a group's secret has 16 bytes")
        presharedKey = Self.key("TermTalk group psk 1", from: secret)
        proofKey = Self.key("TermTalk group proof 1", from: secret)
        self.secret = secret
    }

    private static func key(_ label: String, from secret: borrowing SecretBytes) -> SecretBytes {
        secret.withBytes { secret in
            var hmac = HMACSHA256(key: secret)
            hmac.update(Array(label.utf8).span)
            return hmac.finalizeSecret()
        }
    }

    // MARK: The pre-shared key

    /// The key, for a group's Commits and Welcomes.
    var preSharedKeys: PreSharedKeys {
        var keys = PreSharedKeys()
        keys.addExternal(presharedKey.clone(), identifier: Self.keyName)
        return keys
    }

    /// Mixes the key into an epoch.
    func newKeyID() -> PreSharedKeyID {
        PreSharedKeyID(source: .external(identifier: Self.keyName), nonce: Random.bytes(CipherSuite.hashByteCount))
    }

    /// Whether this mixes it in.
    static func isKey(_ identifier: PreSharedKeyID) -> Bool {
        identifier.source == .external(identifier: keyName)
    }

    // MARK: The proof

    /// Shows in the leaf node of this key's owner that it knows the secret.
    func proof(for signatureKey: [UInt8]) -> Extension {
        Extension(type: Self.proofExtension, data: code(of: signatureKey))
    }

    /// Whether the leaf node has something that can be a proof.
    static func isProvable(_ leafNode: LeafNode) -> Bool {
        leafNode.extensions.data(of: proofExtension)?.count == proofByteCount
    }

    /// Whether the leaf node has the proof of its own key.
    func isProven(_ leafNode: LeafNode) -> Bool {
        guard let proof = leafNode.extensions.data(of: Self.proofExtension) else { return false }
        return constantTimeEquals(proof, code(of: leafNode.signatureKey))
    }

    private func code(of signatureKey: [UInt8]) -> [UInt8] {
        let code = proofKey.withBytes { HMACSHA256.authenticate(signatureKey.span, key: $0) }
        return Array(code.prefix(Self.proofByteCount))
    }
}
