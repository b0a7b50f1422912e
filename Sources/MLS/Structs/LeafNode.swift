package import Wire

/// A member in the tree, or one to be, signed by itself (section 7.2).
///
///     struct {
///         HPKEPublicKey encryption_key;
///         SignaturePublicKey signature_key;
///         Credential credential;
///         Capabilities capabilities;
///         LeafNodeSource leaf_node_source;
///         select (LeafNode.leaf_node_source) {
///             case key_package: Lifetime lifetime;
///             case update:      struct{};
///             case commit:      opaque parent_hash<V>;
///         };
///         Extension extensions<V>;
///         /* SignWithLabel(., "LeafNodeTBS", LeafNodeTBS) */
///         opaque signature<V>;
///     } LeafNode;
package struct LeafNode: WireValue {
    package var encryptionKey: [UInt8]
    package var signatureKey: [UInt8]
    var credential: Credential
    var capabilities: Capabilities
    package var source: LeafNodeSource
    package var extensions: [Extension]
    var signature: [UInt8]

    /// A leaf node without a signature.
    package init(
        encryptionKey: [UInt8], signatureKey: [UInt8], credential: Credential, capabilities: Capabilities,
        source: LeafNodeSource, extensions: [Extension] = []
    ) {
        self.encryptionKey = encryptionKey
        self.signatureKey = signatureKey
        self.credential = credential
        self.capabilities = capabilities
        self.source = source
        self.extensions = extensions
        signature = []
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        encryptionKey = try reader.readOpaque()
        signatureKey = try reader.readOpaque()
        credential = try Credential(from: &reader)
        capabilities = try Capabilities(from: &reader)
        source = try LeafNodeSource(from: &reader)
        extensions = try reader.readList()
        signature = try reader.readOpaque()
    }

    package func write(to writer: inout ByteWriter) {
        writeUnsigned(to: &writer)
        writer.writeVector(signature)
    }

    private func writeUnsigned(to writer: inout ByteWriter) {
        writer.writeVector(encryptionKey)
        writer.writeVector(signatureKey)
        credential.write(to: &writer)
        capabilities.write(to: &writer)
        source.write(to: &writer)
        writer.writeList(extensions)
    }

    /// What is signed, `LeafNodeTBS`: group and leaf belong to it unless the leaf node is made for a KeyPackage.
    func signedContent(groupID: [UInt8], leaf: LeafIndex) -> [UInt8] {
        var writer = ByteWriter()
        writeUnsigned(to: &writer)
        if !isMadeForKeyPackage {
            writer.writeVector(groupID)
            leaf.write(to: &writer)
        }
        return writer.bytes
    }

    /// Whether this is `other` but for the encryption key, the source and the signature.
    func differsOnlyInKey(from other: LeafNode) -> Bool {
        signatureKey == other.signatureKey && credential == other.credential && capabilities == other.capabilities
            && extensions == other.extensions
    }

    /// Whether the source is a KeyPackage, so that no group belongs to the signature.
    var isMadeForKeyPackage: Bool {
        if case .keyPackage = source { true } else { false }
    }

    /// The parent hash that a Commit has put into the leaf node.
    var parentHash: [UInt8]? {
        if case .commit(let parentHash) = source { parentHash } else { nil }
    }
}
