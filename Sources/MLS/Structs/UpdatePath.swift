internal import Wire

/// The new keys of a committer's leaf and of the nodes above it (section 7.6).
struct UpdatePath: WireValue {
    var leafNode: LeafNode
    /// One for each node of the committer's filtered direct path, from the leaf upwards.
    var nodes: [UpdatePathNode]

    init(leafNode: LeafNode, nodes: [UpdatePathNode]) {
        self.leafNode = leafNode
        self.nodes = nodes
    }

    init(from reader: inout ByteReader) throws(WireError) {
        leafNode = try LeafNode(from: &reader)
        nodes = try reader.readList()
    }

    func write(to writer: inout ByteWriter) {
        leafNode.write(to: &writer)
        writer.writeList(nodes)
    }
}
