import Sodium

/// The secret of one node on a committer's path, from which those of the nodes above follow (section 7.4). Wiped when
/// the last reference is gone.
final class PathSecret: Sendable {
    private let bytes: SecretBytes

    init(_ bytes: consuming SecretBytes) {
        self.bytes = bytes
    }

    /// The secret of the next node of the filtered direct path, or after the last one the commit secret.
    func next(_ suite: CipherSuite) throws(MLSError) -> PathSecret {
        PathSecret(try suite.deriveSecret(bytes, label: "path"))
    }

    /// The key pair of the node.
    func nodeKey(_ suite: CipherSuite) throws(MLSError) -> NodeKey {
        let nodeSecret = try suite.deriveSecret(bytes, label: "node")
        return NodeKey(try suite.deriveKeyPair(nodeSecret))
    }

    func clone() -> SecretBytes {
        bytes.clone()
    }

    /// The secret for the holders of one node (section 7.6).
    func encrypted(to publicKey: [UInt8], context: [UInt8], suite: CipherSuite) throws(MLSError) -> HPKECiphertext {
        let (kemOutput, ciphertext) = try bytes.withBytes { (plaintext) throws(MLSError) in
            try suite.encryptWithLabel(
                publicKey: publicKey, label: "UpdatePathNode", context: context, plaintext: plaintext)
        }
        return HPKECiphertext(kemOutput: kemOutput, ciphertext: ciphertext)
    }
}
