package import Wire

/// What a sender says, and where (RFC 9420 section 6).
package struct FramedContent: WireValue {
    /// The part that depends on the content type.
    package enum Body: Hashable, Sendable {
        case application([UInt8])
        case proposal(Proposal)
        case commit(Commit)

        /// The type's number.
        package var type: ContentType {
            switch self {
            case .application: .application
            case .proposal: .proposal
            case .commit: .commit
            }
        }

        init(_ type: ContentType, from reader: inout ByteReader) throws(WireError) {
            switch type {
            case .application: self = .application(try reader.readOpaque())
            case .proposal: self = .proposal(try Proposal(from: &reader))
            case .commit: self = .commit(try Commit(from: &reader))
            }
        }

        func write(to writer: inout ByteWriter) {
            switch self {
            case .application(let data): writer.writeVector(data)
            case .proposal(let proposal): proposal.write(to: &writer)
            case .commit(let commit): commit.write(to: &writer)
            }
        }
    }

    var groupID: [UInt8]
    var epoch: UInt64
    var sender: Sender
    var authenticatedData: [UInt8]
    package var body: Body

    init(groupID: [UInt8], epoch: UInt64, sender: Sender, authenticatedData: [UInt8], body: Body) {
        self.groupID = groupID
        self.epoch = epoch
        self.sender = sender
        self.authenticatedData = authenticatedData
        self.body = body
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        groupID = try reader.readOpaque()
        epoch = try reader.readUInt64()
        sender = try Sender(from: &reader)
        authenticatedData = try reader.readOpaque()
        body = try Body(ContentType(from: &reader), from: &reader)
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeVector(groupID)
        writer.write(epoch)
        sender.write(to: &writer)
        writer.writeVector(authenticatedData)
        body.type.write(to: &writer)
        body.write(to: &writer)
    }
}
