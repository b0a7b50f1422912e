package import Wire

/// With it others add a client to a group while it is away (section 10).
///
///     struct {
///         ProtocolVersion version;
///         CipherSuite cipher_suite;
///         HPKEPublicKey init_key;
///         LeafNode leaf_node;
///         Extension extensions<V>;
///         /* SignWithLabel(., "KeyPackageTBS", KeyPackageTBS) */
///         opaque signature<V>;
///     } KeyPackage;
package struct KeyPackage: WireValue {
    var version: ProtocolVersion
    var cipherSuite: CipherSuiteID
    package var initKey: [UInt8]
    package var leafNode: LeafNode
    var extensions: [Extension]
    var signature: [UInt8]

    /// A KeyPackage without a signature.
    package init(
        version: ProtocolVersion = .mls10, cipherSuite: CipherSuiteID, initKey: [UInt8], leafNode: LeafNode,
        extensions: [Extension] = []
    ) {
        self.version = version
        self.cipherSuite = cipherSuite
        self.initKey = initKey
        self.leafNode = leafNode
        self.extensions = extensions
        signature = []
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        version = try ProtocolVersion(from: &reader)
        cipherSuite = try CipherSuiteID(from: &reader)
        initKey = try reader.readOpaque()
        leafNode = try LeafNode(from: &reader)
        extensions = try reader.readList()
        signature = try reader.readOpaque()
    }

    package func write(to writer: inout ByteWriter) {
        writeUnsigned(to: &writer)
        writer.writeVector(signature)
    }

    /// What is signed, `KeyPackageTBS`.
    var signedContent: [UInt8] {
        var writer = ByteWriter()
        writeUnsigned(to: &writer)
        return writer.bytes
    }

    private func writeUnsigned(to writer: inout ByteWriter) {
        version.write(to: &writer)
        cipherSuite.write(to: &writer)
        writer.writeVector(initKey)
        leafNode.write(to: &writer)
        writer.writeList(extensions)
    }
}
