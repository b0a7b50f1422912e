/// The unit that is numbered, sent again after a broken connection, and acknowledged.
///
/// On the wire: type (1 byte; the high bit says that the next record continues this one), length (2 bytes), body.
/// A reference: a message to a thousand members exists once, and costs each of them 8 bytes until it is acknowledged.
package final class Record: Sendable {
    /// Types below this one belong to the session, the others to the room.
    package static let firstRoomType: UInt8 = 0x10

    static let continuedFlag: UInt8 = 0x80

    /// A tag with this bit is given back by itself. Of the others only the largest is given back of those that are
    /// acknowledged together.
    package static let singleTag: UInt64 = 1 << 63

    let header: UInt8
    let body: [UInt8]
    /// The sender's note about this record, given back when the peer has acknowledged it; 0 for none.
    let tag: UInt64

    init(header: UInt8, body: [UInt8], tag: UInt64) {
        self.header = header
        self.body = body
        self.tag = tag
    }

    /// A message of `type` with `body`, split where it is longer than a record may be; `tag` marks its last record.
    ///
    /// - Throws: ``SessionError/messageTooLong`` past ``SessionProtocol/longMessageLimit`` bytes: no peer takes that. What is
    ///   sent can be made of what others have sent. ``SessionError/malformed`` for what is no type of the room.
    package static func split(type: UInt8, body: [UInt8], tag: UInt64 = 0) throws(SessionError) -> [Record] {
        guard type >= firstRoomType, type & continuedFlag == 0 else { throw .malformed }
        guard body.count <= SessionProtocol.longMessageLimit else { throw .messageTooLong }
        guard body.count > SessionProtocol.recordBodyLimit else {
            return [Record(header: type, body: body, tag: tag)]
        }
        var records: [Record] = []
        var start = 0
        while start < body.count {
            let end = min(start + SessionProtocol.recordBodyLimit, body.count)
            let isLast = end == body.count
            records.append(
                Record(
                    header: isLast ? type : type | continuedFlag, body: Array(body[start..<end]), tag: isLast ? tag : 0)
            )
            start = end
        }
        return records
    }

    /// What stands in a queue for a record that is acknowledged and no longer held.
    static let released = Record(header: 0, body: [], tag: 0)

    /// Bytes on the wire.
    var byteCount: Int {
        SessionProtocol.recordHeaderByteCount + body.count
    }

    /// What holding a record costs besides its bytes: its place in a queue that may have twice the room that it needs, and
    /// the header of its body. Without it a queue of short records would be several times as large as its bytes.
    package static let holdingCost = 96

    /// Bytes of memory that the record takes while it is held.
    var heldByteCount: Int {
        byteCount + Self.holdingCost
    }
}
