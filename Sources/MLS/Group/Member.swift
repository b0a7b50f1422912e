/// A member as the others see it.
package struct Member: Hashable, Sendable {
    /// The place in the tree, which may be given to another after a removal.
    package let leaf: LeafIndex
    /// What the member signed for itself: signature key, credential, extensions.
    package let leafNode: LeafNode

    /// The key that signs all that the member says.
    package var signatureKey: [UInt8] { leafNode.signatureKey }
    /// Who the member says it is; whether that is true, the application decides.
    package var credential: Credential { leafNode.credential }
}
