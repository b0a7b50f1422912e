package import Wire

/// What all members agree on in an epoch (RFC 9420 section 8.1).
///
///     struct {
///         ProtocolVersion version = mls10;
///         CipherSuite cipher_suite;
///         opaque group_id<V>;
///         uint64 epoch;
///         opaque tree_hash<V>;
///         opaque confirmed_transcript_hash<V>;
///         Extension extensions<V>;
///     } GroupContext;
package struct GroupContext: WireValue {
    var version: ProtocolVersion
    var cipherSuite: CipherSuiteID
    package var groupID: [UInt8]
    package var epoch: UInt64
    var treeHash: [UInt8]
    var confirmedTranscriptHash: [UInt8]
    package var extensions: [Extension]

    init(
        version: ProtocolVersion = .mls10, cipherSuite: CipherSuiteID, groupID: [UInt8], epoch: UInt64,
        treeHash: [UInt8], confirmedTranscriptHash: [UInt8], extensions: [Extension]
    ) {
        self.version = version
        self.cipherSuite = cipherSuite
        self.groupID = groupID
        self.epoch = epoch
        self.treeHash = treeHash
        self.confirmedTranscriptHash = confirmedTranscriptHash
        self.extensions = extensions
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        version = try ProtocolVersion(from: &reader)
        cipherSuite = try CipherSuiteID(from: &reader)
        groupID = try reader.readOpaque()
        epoch = try reader.readUInt64()
        treeHash = try reader.readOpaque()
        confirmedTranscriptHash = try reader.readOpaque()
        extensions = try reader.readList()
    }

    package func write(to writer: inout ByteWriter) {
        version.write(to: &writer)
        cipherSuite.write(to: &writer)
        writer.writeVector(groupID)
        writer.write(epoch)
        writer.writeVector(treeHash)
        writer.writeVector(confirmedTranscriptHash)
        writer.writeList(extensions)
    }
}
