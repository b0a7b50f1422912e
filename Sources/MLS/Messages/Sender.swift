package import Wire

/// Who sends a framed message (RFC 9420 section 6).
///
///     struct {
///         SenderType sender_type;
///         select (Sender.sender_type) {
///             case member:              uint32 leaf_index;
///             case external:            uint32 sender_index;
///             case new_member_commit:
///             case new_member_proposal: struct{};
///         };
///     } Sender;
package enum Sender: WireValue {
    /// A member of the group.
    case member(LeafIndex)
    /// One of the group context extension `external_senders`, by its place there.
    case external(UInt32)
    /// A client that proposes to be added.
    case newMemberProposal
    /// A client that joins by an external Commit.
    case newMemberCommit

    package init(from reader: inout ByteReader) throws(WireError) {
        switch try reader.readUInt8() {
        case 1: self = .member(try LeafIndex(from: &reader))
        case 2: self = .external(try reader.readUInt32())
        case 3: self = .newMemberProposal
        case 4: self = .newMemberCommit
        default: throw .invalidValue
        }
    }

    package func write(to writer: inout ByteWriter) {
        switch self {
        case .member(let leaf):
            writer.write(1 as UInt8)
            leaf.write(to: &writer)
        case .external(let index):
            writer.write(2 as UInt8)
            writer.write(index)
        case .newMemberProposal: writer.write(3 as UInt8)
        case .newMemberCommit: writer.write(4 as UInt8)
        }
    }
}
