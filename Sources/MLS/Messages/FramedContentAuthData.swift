internal import Wire

/// What proves a framed content (RFC 9420 section 6.1).
package struct FramedContentAuthData: Hashable, Sendable {
    var signature: [UInt8]
    /// Of a Commit, and of nothing else.
    var confirmationTag: [UInt8]?

    init(signature: [UInt8], confirmationTag: [UInt8]?) {
        self.signature = signature
        self.confirmationTag = confirmationTag
    }

    init(for type: ContentType, from reader: inout ByteReader) throws(WireError) {
        signature = try reader.readOpaque()
        confirmationTag = type == .commit ? try reader.readOpaque() : nil
    }

    func write(to writer: inout ByteWriter) {
        writer.writeVector(signature)
        if let confirmationTag {
            writer.writeVector(confirmationTag)
        }
    }
}
