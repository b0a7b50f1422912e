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
    /// Bytes that sealing adds: a nonce and a tag.
    static let sealingByteCount = Nonce.byteCount + ChaChaPoly.tagByteCount
    private static let proofByteCount = 16
    /// What MLS calls the pre-shared key.
    private static let keyName = Array("TermTalk group secret".utf8)
    /// In leaf nodes; from the range for private use (RFC 9420 section 17.3).
    static let proofExtension = ExtensionType(rawValue: 0xf771)

    package let secret: SecretBytes
    private let presharedKey: SecretBytes
    private let proofKey: SecretBytes
    private let sealingKey: SecretBytes

    /// A new random secret.
    package convenience init() {
        self.init(SecretBytes(randomCount: Self.byteCount))
    }

    /// - Precondition: `secret` has ``byteCount`` bytes.
    package init(_ secret: consuming SecretBytes) {
        precondition(secret.count == Self.byteCount, "a group's secret has 16 bytes")
        presharedKey = Self.key("TermTalk group psk 1", from: secret)
        proofKey = Self.key("TermTalk group proof 1", from: secret)
        sealingKey = Self.key("TermTalk group info 1", from: secret)
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
    func isKey(_ identifier: PreSharedKeyID) -> Bool {
        identifier.source == .external(identifier: Self.keyName)
    }

    // MARK: The proof

    /// Shows in the leaf node of this key's owner that it knows the secret.
    func proof(for signatureKey: [UInt8]) -> Extension {
        Extension(type: Self.proofExtension, data: code(of: signatureKey))
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

    // MARK: GroupInfo

    /// A GroupInfo for the relay to keep: a random nonce, then ChaCha20-Poly1305, the epoch as its associated data. Empty when
    /// it is larger than the relay takes: then nobody comes in while nobody is there.
    func seal(_ groupInfo: [UInt8], epoch: UInt64) -> [UInt8] {
        guard groupInfo.count + Self.sealingByteCount <= RoomLimits.groupInfoByteCount else { return [] }
        let nonce = Random.bytes(Nonce.byteCount)
        var text = groupInfo + [UInt8](repeating: 0, count: ChaChaPoly.tagByteCount)
        guard let parsed = try? Nonce(bytes: nonce.span) else { preconditionFailure("a nonce has 12 bytes") }
        var span = text.mutableSpan
        ChaChaPoly.seal(
            inPlace: &span, authenticating: Self.associatedData(epoch).span, nonce: parsed, key: sealingKey)
        return nonce + text
    }

    /// The GroupInfo; nil unless somebody who knows the secret has sealed it for this epoch.
    func open(_ sealed: [UInt8], epoch: UInt64) -> [UInt8]? {
        guard sealed.count >= Self.sealingByteCount,
            let nonce = try? Nonce(bytes: sealed.span.extracting(0..<Nonce.byteCount))
        else { return nil }
        var text = Array(sealed.dropFirst(Nonce.byteCount))
        var span = text.mutableSpan
        guard
            (try? ChaChaPoly.open(
                inPlace: &span, authenticating: Self.associatedData(epoch).span, nonce: nonce, key: sealingKey)) != nil
        else { return nil }
        return Array(text.dropLast(ChaChaPoly.tagByteCount))
    }

    private static func associatedData(_ epoch: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: epoch >> (56 - 8 * UInt64($0))) }
    }
}
