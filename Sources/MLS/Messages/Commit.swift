package import Wire

/// Carries out proposals and starts the next epoch (RFC 9420 section 12.4).
package struct Commit: WireValue {
    var proposals: [ProposalOrReference]
    var path: UpdatePath?

    init(proposals: [ProposalOrReference], path: UpdatePath?) {
        self.proposals = proposals
        self.path = path
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        proposals = try reader.readList()
        path = try reader.readOptional()
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeList(proposals)
        writer.writeOptional(path)
    }
}
