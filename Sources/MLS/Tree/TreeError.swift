/// Why a ratchet tree, a leaf node, a KeyPackage or an update path is refused.
package enum TreeError: Error, Equatable {
    /// The tree would have more leaves than ``RatchetTree/maximumLeafCount``.
    case tooManyLeaves
    /// The leaf is blank, or not in the tree.
    case noSuchMember
    /// The right half of the tree is blank: such trees are truncated (section 7.7).
    case notTruncated
    /// A parent node is not the end of exactly one chain of parent hashes from a leaf (section 7.9.2), or a Commit's
    /// leaf node has not the parent hash of its path.
    case invalidParentHash
    /// An entry is no member below the node, or missing in a node between (section 12.4.3.1).
    case invalidUnmergedLeaves
    /// Two nodes have the same encryption key, or a KeyPackage for leaf node and init key.
    case duplicateEncryptionKey
    /// Two members have the same signature key.
    case duplicateSignatureKey
    /// An Update or a path keeps the leaf's encryption key.
    case encryptionKeyNotChanged
    /// A key is none of the cipher suite.
    case invalidKey
    /// The leaf node or KeyPackage is not as the application's are (``LeafNodeProfile``), or a path changes more of a leaf
    /// node than its key.
    case notOfProfile
    /// The leaf node is made for another purpose than it is used for.
    case wrongLeafNodeSource
    /// The lifetime is over or has not begun.
    case outsideLifetime
    /// The lifetime is longer than the policy allows, or ends before it begins.
    case invalidLifetime
    /// An extension occurs twice in one list.
    case duplicateExtension
    /// The content of an extension that we know is malformed.
    case malformedExtension
    /// A leaf node or KeyPackage carries an extension that its capabilities do not list, or the group uses one.
    case unsupportedExtension
    /// The group requires a proposal type that the capabilities do not list.
    case unsupportedProposal
    /// The capabilities of one member do not list the credential type of another, of its own or a required one.
    case unsupportedCredential
    /// The version or the cipher suite is not the group's, or not listed in the capabilities.
    case unsupportedCipherSuite
    /// A path has more or fewer nodes than the filtered direct path.
    case wrongPathLength
    /// A node of a path has more or fewer ciphertexts than there are nodes to encrypt to.
    case wrongCiphertextCount
    /// A ciphertext of a path is not as long as that of a path secret.
    case wrongCiphertextLength
    /// No private key of ours belongs to any of the nodes encrypted to.
    case noPrivateKey
    /// A path secret cannot be decrypted.
    case decryptionFailed
    /// A private key derived from a path secret does not belong to the node's public key.
    case publicKeyMismatch
}
