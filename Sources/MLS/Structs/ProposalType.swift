package import Wire

/// The type of a proposal (section 17.4). Any number is one; those that we do not know are passed over where the RFC
/// says so, GREASE (section 13.5) among them.
package struct ProposalType: RawRepresentable, WireValue {
    /// The registered number.
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        rawValue = try reader.readUInt16()
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(rawValue)
    }

    package static let add = ProposalType(rawValue: 1)
    package static let update = ProposalType(rawValue: 2)
    package static let remove = ProposalType(rawValue: 3)
    static let preSharedKey = ProposalType(rawValue: 4)
    static let reInit = ProposalType(rawValue: 5)
    static let externalInit = ProposalType(rawValue: 6)
    static let groupContextExtensions = ProposalType(rawValue: 7)

    /// Whether RFC 9420 defines the proposal itself, so that every client supports it without listing it
    /// (section 7.2).
    var isDefault: Bool { (1...7).contains(rawValue) }
}
