import Sodium
import Testing

@testable import MLS

/// One client of a simulated group that consists of a tree only.
final class TreeMember {
    static let suite = CipherSuite.x25519ChaChaPoly
    static let groupID = [UInt8]("group".utf8)
    /// Within the lifetime of all samples.
    static let now: UInt64 = 1_800_000_000

    let signingKey = Ed25519.KeyPair()
    /// Its side of the tree, once it is a member.
    var keys: TreeKeys
    private let leafKey = X25519.PrivateKey()

    init() {
        keys = TreeKeys(leaf: LeafIndex(rawValue: 0), leafKey: leafKey.clone())
    }

    var leaf: LeafIndex { keys.leaf }

    /// The leaf node of its KeyPackage, changed as told before it is signed.
    func leafNode(_ change: (inout LeafNode) -> Void = { _ in }) -> LeafNode {
        var node = LeafNode(
            encryptionKey: leafKey.publicKey.bytes, signatureKey: signingKey.publicKey.bytes,
            credential: .basic(identity: signingKey.publicKey.bytes), capabilities: Self.capabilities,
            source: .keyPackage(Lifetime(notBefore: Self.now - 100, notAfter: Self.now + 100)))
        change(&node)
        node.sign(with: signingKey, suite: Self.suite, groupID: Self.groupID, leaf: leaf)
        return node
    }

    /// Its KeyPackage, changed as told before it is signed.
    func keyPackage(
        leafNode: LeafNode? = nil, _ change: (inout KeyPackage) -> Void = { _ in }
    ) -> KeyPackage {
        var keyPackage = KeyPackage(
            cipherSuite: .x25519ChaChaPoly, initKey: X25519.PrivateKey().publicKey.bytes,
            leafNode: leafNode ?? self.leafNode())
        change(&keyPackage)
        keyPackage.sign(with: signingKey, suite: Self.suite)
        return keyPackage
    }

    /// Takes its place in the tree.
    func join(at leaf: LeafIndex) {
        keys = TreeKeys(leaf: leaf, leafKey: leafKey.clone())
    }

    /// With GREASE, which everybody must pass over.
    static let capabilities = Capabilities(
        cipherSuites: [.init(rawValue: 0x2A2A), .x25519ChaChaPoly], extensions: [.init(rawValue: 0x0A0A)],
        proposals: [.init(rawValue: 0x1A1A)], credentials: [.init(rawValue: 0x3A3A), .basic])

    /// The rules of the group.
    static func rules(
        groupExtensions: [Extension] = [], time: UInt64? = now, maximumLifetime: UInt64 = 200
    ) throws -> LeafNodeValidation {
        try LeafNodeValidation(
            suite: suite, groupID: groupID, groupExtensions: groupExtensions,
            policy: LeafNodePolicy(time: time, maximumLifetime: maximumLifetime))
    }
}
