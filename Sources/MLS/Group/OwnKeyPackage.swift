package import Sodium

/// A KeyPackage with its private keys: good for joining once.
package struct OwnKeyPackage: ~Copyable {
    /// What the others get.
    package let keyPackage: KeyPackage
    let initKey: X25519.PrivateKey
    let leafKey: X25519.PrivateKey
    let signingKey: Ed25519.KeyPair

    /// A new one, signed. `leafExtensions` are listed in the capabilities by the caller.
    package init(
        suite: CipherSuite, credential: Credential, signingKey: consuming Ed25519.KeyPair, lifetime: Lifetime,
        capabilities: Capabilities? = nil, leafExtensions: [Extension] = [], extensions: [Extension] = []
    ) {
        let initKey = X25519.PrivateKey()
        let leafKey = X25519.PrivateKey()
        var leafNode = LeafNode(
            encryptionKey: leafKey.publicKey.bytes, signatureKey: signingKey.publicKey.bytes, credential: credential,
            capabilities: capabilities ?? Capabilities(cipherSuites: [suite.identifier]),
            source: .keyPackage(lifetime), extensions: leafExtensions)
        leafNode.sign(with: signingKey, suite: suite)
        var keyPackage = KeyPackage(
            cipherSuite: suite.identifier, initKey: initKey.publicKey.bytes, leafNode: leafNode,
            extensions: extensions)
        keyPackage.sign(with: signingKey, suite: suite)
        self.keyPackage = keyPackage
        self.initKey = initKey
        self.leafKey = leafKey
        self.signingKey = signingKey
    }

    /// One that was made before. Throws ``MLSError/misuse`` unless the private keys are those of the KeyPackage.
    init(
        _ keyPackage: KeyPackage, initKey: consuming X25519.PrivateKey, leafKey: consuming X25519.PrivateKey,
        signingKey: consuming Ed25519.KeyPair
    ) throws(MLSError) {
        guard keyPackage.initKey == initKey.publicKey.bytes,
            keyPackage.leafNode.encryptionKey == leafKey.publicKey.bytes,
            keyPackage.leafNode.signatureKey == signingKey.publicKey.bytes
        else { throw .misuse }
        self.keyPackage = keyPackage
        self.initKey = initKey
        self.leafKey = leafKey
        self.signingKey = signingKey
    }

    /// What was sealed to the KeyPackage's init key, as ``CipherSuite/encryptWithLabel(publicKey:label:context:plaintext:)`` does.
    package borrowing func open(
        label: String, context: [UInt8], kemOutput: [UInt8], ciphertext: [UInt8], suite: CipherSuite
    ) throws(MLSError) -> SecretBytes {
        try suite.decryptWithLabel(
            privateKey: initKey, label: label, context: context, kemOutput: kemOutput, ciphertext: ciphertext)
    }

    /// The message that carries the KeyPackage.
    package var message: [UInt8] { MLSMessage.keyPackage(keyPackage).encoded }
}
