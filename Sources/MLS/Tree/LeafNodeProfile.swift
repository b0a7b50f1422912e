/// What all leaf nodes and KeyPackages of a group look like, where the application knows that: every client of it makes them
/// alike, and nobody can put into the tree what costs the others anything.
package struct LeafNodeProfile: Sendable {
    package let credential: Credential
    package let capabilities: Capabilities
    /// The extensions of a leaf node, in this order. KeyPackages have none of their own.
    let extensions: [ExtensionType]
    /// How many bytes a leaf node has at most.
    let byteCount: Int

    package init(
        credential: Credential, capabilities: Capabilities, extensions: [ExtensionType] = [], byteCount: Int
    ) {
        self.credential = credential
        self.capabilities = capabilities
        self.extensions = extensions
        self.byteCount = byteCount
    }

    /// Whether a leaf node is of this kind.
    func fits(_ leafNode: LeafNode) -> Bool {
        leafNode.credential == credential && leafNode.capabilities == capabilities
            && leafNode.extensions.map(\.type) == extensions && leafNode.encoded.count <= byteCount
    }
}
