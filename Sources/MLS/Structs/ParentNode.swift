package import Wire

/// A node above leaves (section 7.1).
///
///     struct {
///         HPKEPublicKey encryption_key;
///         opaque parent_hash<V>;
///         uint32 unmerged_leaves<V>;
///     } ParentNode;
package struct ParentNode: WireValue {
    var encryptionKey: [UInt8]
    var parentHash: [UInt8]
    /// The leaves below that do not have the private key, in increasing order.
    var unmergedLeaves: [LeafIndex]

    init(encryptionKey: [UInt8], parentHash: [UInt8] = [], unmergedLeaves: [LeafIndex] = []) {
        self.encryptionKey = encryptionKey
        self.parentHash = parentHash
        self.unmergedLeaves = unmergedLeaves
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        encryptionKey = try reader.readOpaque()
        parentHash = try reader.readOpaque()
        unmergedLeaves = try reader.readList()
        guard zip(unmergedLeaves, unmergedLeaves.dropFirst()).allSatisfy(<) else { throw .invalidValue }
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeVector(encryptionKey)
        writer.writeVector(parentHash)
        writer.writeList(unmergedLeaves)
    }
}
