package import Sodium

extension KeyPackage {
    private static let label = "KeyPackageTBS"

    /// Signs the KeyPackage; its leaf node must have been signed before (section 10).
    package mutating func sign(with key: borrowing Ed25519.KeyPair, suite: CipherSuite) {
        signature = suite.signWithLabel(key, label: Self.label, content: signedContent)
    }

    /// What a Welcome names the KeyPackage by (section 5.2).
    func reference(_ suite: CipherSuite) -> [UInt8] {
        suite.keyPackageReference(encoded)
    }

    /// Throws ``MLSError/invalidSignature`` unless the key of the leaf node has signed the KeyPackage.
    func verifySignature(suite: CipherSuite) throws(MLSError) {
        try suite.verifyWithLabel(
            publicKey: leafNode.signatureKey, label: Self.label, content: signedContent, signature: signature)
    }
}
