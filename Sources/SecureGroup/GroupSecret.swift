internal import MLS
internal import Room
package import Sodium

/// The secret of a group whose room is at a relay: 16 bytes that every member knows, and that the relay never learns
/// (docs/protocol.md, "Rooms of a relay"). The first is random, its creator's; each later one is made from the epoch in which a
/// moderator puts it in the place of the former one.
///
/// Whoever comes in shows that it knows it, by a signature that the relay can check as well, and sees that the group does too.
package final class GroupSecret: Sendable {
    /// Bytes of the secret.
    static let byteCount = 16
    private static let proofByteCount = 64
    /// Of the exporter that the next secret comes from.
    static let exportLabel = "TermTalk group secret"
    private static let proofLabel = Array("TermTalk group proof".utf8)
    /// Of the Noise pre-shared key of an invite: the same for those of a host.
    private static let handshakeLabel = Array("TermTalk invite psk 1".utf8)
    private static let handshakeHashLabel = Array("TermTalk group handshake 1".utf8)
    private static let hashByteCount = 32
    /// What MLS calls the pre-shared key.
    private static let keyName = Array("TermTalk group secret".utf8)
    /// In leaf nodes; from the range for private use (RFC 9420 section 17.3).
    static let proofExtension = ExtensionType(rawValue: 0xf771)

    let secret: SecretBytes
    let presharedKey: SecretBytes
    private let proofKey: Ed25519.KeyPair
    /// The Noise pre-shared key of the invite that has this secret: the relay is told, to know handshakes by it.
    let handshakeKey: SecretContent

    /// A new random secret.
    convenience init() {
        self.init(SecretBytes(randomCount: Self.byteCount))
    }

    /// - Precondition: `secret` has ``byteCount`` bytes.
    package init(_ secret: consuming SecretBytes) {
        precondition(secret.count == Self.byteCount, "a group's secret has 16 bytes")
        presharedKey = Self.key("TermTalk group psk 1", from: secret)
        let seed = Self.key("TermTalk group proof 2", from: secret)
        guard let proofKey = try? Ed25519.KeyPair(seed: seed) else {
            preconditionFailure("a hash has the length of a seed")
        }
        self.proofKey = proofKey
        let handshakeKey = secret.withBytes { secret in
            var hash = BLAKE2b()
            hash.update(Self.handshakeLabel.span)
            hash.update(secret)
            return SecretBytes(copying: hash.finalize().span.extracting(0..<Self.hashByteCount))
        }
        self.handshakeKey = SecretContent(handshakeKey)
        self.secret = secret
    }

    /// What the group knows it by.
    var mark: GroupProofKeys.Mark {
        GroupProofKeys.Mark(proofKey: proofKeyBytes, handshakeHash: Self.hash(of: handshakeKey))
    }

    /// By what a key for handshakes is known.
    static func hash(of handshakeKey: SecretContent) -> [UInt8] {
        handshakeKey.withBytes { key in
            var hash = BLAKE2b()
            hash.update(handshakeHashLabel.span)
            hash.update(key)
            return Array(hash.finalize().prefix(hashByteCount))
        }
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
        add(to: &keys)
        return keys
    }

    /// Puts the key in the place of a former one.
    func add(to keys: inout PreSharedKeys) {
        keys.addExternal(presharedKey.clone(), identifier: Self.keyName)
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

    /// What checks proofs of this secret: 32 bytes.
    var proofKeyBytes: [UInt8] { proofKey.publicKey.bytes }

    /// Shows in the leaf node of this key's owner that it knows the secret.
    func proof(for signatureKey: [UInt8]) -> Extension {
        Extension(type: Self.proofExtension, data: proofKey.sign((Self.proofLabel + signatureKey).span))
    }

    /// Whether the leaf node has the proof of its own key, as this key checks it.
    static func isProven(_ leafNode: LeafNode, by proofKey: [UInt8]) -> Bool {
        guard let proof = leafNode.extensions.data(of: proofExtension), proof.count == proofByteCount,
            let key = try? Ed25519.PublicKey(proofKey)
        else { return false }
        return Ed25519.verify(signature: proof.span, message: (proofLabel + leafNode.signatureKey).span, publicKey: key)
    }
}
