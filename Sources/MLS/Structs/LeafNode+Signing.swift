package import Sodium

extension LeafNode {
    private static let label = "LeafNodeTBS"

    /// Signs the leaf node (section 7.2). Group and leaf count only when it is not made for a KeyPackage.
    package mutating func sign(
        with key: borrowing Ed25519.KeyPair, suite: CipherSuite, groupID: [UInt8] = [],
        leaf: LeafIndex = LeafIndex(rawValue: 0)
    ) {
        signatureKey = key.publicKey.bytes
        signature = suite.signWithLabel(
            key, label: Self.label, content: signedContent(groupID: groupID, leaf: leaf))
    }

    /// Throws ``MLSError/invalidSignature`` unless the member's key has signed the leaf node, for this group and leaf if
    /// they belong to it.
    func verifySignature(suite: CipherSuite, groupID: [UInt8], leaf: LeafIndex) throws(MLSError) {
        try suite.verifyWithLabel(
            publicKey: signatureKey, label: Self.label, content: signedContent(groupID: groupID, leaf: leaf),
            signature: signature)
    }
}
