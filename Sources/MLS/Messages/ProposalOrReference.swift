internal import Wire

/// A proposal inside a Commit, or the hash of one that was sent before (RFC 9420 section 12.4).
enum ProposalOrReference: WireValue {
    case proposal(Proposal)
    case reference([UInt8])

    init(from reader: inout ByteReader) throws(WireError) {
        switch try reader.readUInt8() {
        case 1: self = .proposal(try Proposal(from: &reader))
        case 2: self = .reference(try reader.readOpaque())
        default: throw .invalidValue
        }
    }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .proposal(let proposal):
            writer.write(1 as UInt8)
            proposal.write(to: &writer)
        case .reference(let reference):
            writer.write(2 as UInt8)
            writer.writeVector(reference)
        }
    }
}
