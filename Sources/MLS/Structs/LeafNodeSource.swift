package import Wire

/// How a leaf node came into the tree, and what belongs to that (section 7.2).
package enum LeafNodeSource: WireValue {
    /// In a KeyPackage, by an Add.
    case keyPackage(Lifetime)
    /// By an Update.
    case update
    /// By the path of a Commit, with the parent hash of the next node above (section 7.9).
    case commit(parentHash: [UInt8])

    package init(from reader: inout ByteReader) throws(WireError) {
        switch try reader.readUInt8() {
        case 1: self = .keyPackage(try Lifetime(from: &reader))
        case 2: self = .update
        case 3: self = .commit(parentHash: try reader.readOpaque())
        default: throw .invalidValue
        }
    }

    package func write(to writer: inout ByteWriter) {
        switch self {
        case .keyPackage(let lifetime):
            writer.write(1 as UInt8)
            lifetime.write(to: &writer)
        case .update:
            writer.write(2 as UInt8)
        case .commit(let parentHash):
            writer.write(3 as UInt8)
            writer.writeVector(parentHash)
        }
    }
}
