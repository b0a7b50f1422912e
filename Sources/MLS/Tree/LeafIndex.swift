package import Wire

/// The place of a member among the leaves, from the left (section 4.2). From outside any number can come; the tree is
/// asked whether it has such a leaf.
package struct LeafIndex: RawRepresentable, WireValue, Comparable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        rawValue = try reader.readUInt32()
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(rawValue)
    }

    package static func < (left: LeafIndex, right: LeafIndex) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The place of the leaf among all nodes.
    var node: NodeIndex { NodeIndex(rawValue: 2 * Int(rawValue)) }
}
