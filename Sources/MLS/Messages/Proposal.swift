package import Wire

/// A change of the group (RFC 9420 section 12.1).
package enum Proposal: WireValue {
    /// Adds the client of a KeyPackage.
    case add(KeyPackage)
    /// Replaces the sender's leaf.
    case update(LeafNode)
    /// Blanks a leaf.
    case remove(LeafIndex)
    /// Mixes a key into the next epoch.
    case preSharedKey(PreSharedKeyID)
    /// Closes the group in favour of another.
    case reInit(ReInit)
    /// Takes the init secret from outside, by this KEM output.
    case externalInit([UInt8])
    /// Replaces all extensions of the group context.
    case groupContextExtensions([Extension])

    /// The type's number.
    var type: ProposalType {
        switch self {
        case .add: .add
        case .update: .update
        case .remove: .remove
        case .preSharedKey: .preSharedKey
        case .reInit: .reInit
        case .externalInit: .externalInit
        case .groupContextExtensions: .groupContextExtensions
        }
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        try self.init(ProposalType(from: &reader), from: &reader)
    }

    /// Reads what stands behind the type.
    init(_ type: ProposalType, from reader: inout ByteReader) throws(WireError) {
        switch type {
        case .add: self = .add(try KeyPackage(from: &reader))
        case .update: self = .update(try LeafNode(from: &reader))
        case .remove: self = .remove(try LeafIndex(from: &reader))
        case .preSharedKey: self = .preSharedKey(try PreSharedKeyID(from: &reader))
        case .reInit: self = .reInit(try ReInit(from: &reader))
        case .externalInit: self = .externalInit(try reader.readOpaque())
        case .groupContextExtensions: self = .groupContextExtensions(try reader.readList())
        default: throw .invalidValue
        }
    }

    package func write(to writer: inout ByteWriter) {
        type.write(to: &writer)
        writeContent(to: &writer)
    }

    /// Writes what stands behind the type.
    func writeContent(to writer: inout ByteWriter) {
        switch self {
        case .add(let keyPackage): keyPackage.write(to: &writer)
        case .update(let leaf): leaf.write(to: &writer)
        case .remove(let leaf): leaf.write(to: &writer)
        case .preSharedKey(let identifier): identifier.write(to: &writer)
        case .reInit(let reInit): reInit.write(to: &writer)
        case .externalInit(let kemOutput): writer.writeVector(kemOutput)
        case .groupContextExtensions(let extensions): writer.writeList(extensions)
        }
    }
}
