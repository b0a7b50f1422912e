package import Wire

/// Asks to close the group and to open a new one (RFC 9420 section 12.1.5).
package struct ReInit: WireValue {
    var groupID: [UInt8]
    var version: ProtocolVersion
    var cipherSuite: CipherSuiteID
    var extensions: [Extension]

    init(
        groupID: [UInt8], version: ProtocolVersion = .mls10, cipherSuite: CipherSuiteID, extensions: [Extension] = []
    ) {
        self.groupID = groupID
        self.version = version
        self.cipherSuite = cipherSuite
        self.extensions = extensions
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        groupID = try reader.readOpaque()
        version = try ProtocolVersion(from: &reader)
        cipherSuite = try CipherSuiteID(from: &reader)
        extensions = try reader.readList()
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeVector(groupID)
        version.write(to: &writer)
        cipherSuite.write(to: &writer)
        writer.writeList(extensions)
    }
}
