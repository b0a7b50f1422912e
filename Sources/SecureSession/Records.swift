package import Wire

/// How messages travel: as records of at most ``SessionProtocol/recordBodyLimit`` bytes, which are numbered, sent again
/// after a broken connection, and acknowledged (docs/protocol.md, "Record").
enum Records {
    /// Types below this one belong to the session, the others to the room.
    static let firstRoomType: UInt8 = 0x10
    /// A frame of the lane of files: not numbered, not acknowledged, and gone with its connection.
    static let laneType: UInt8 = 0x03
    /// The host pauses the room. Not numbered and not acknowledged either, without a body, and the last on its connection.
    static let pauseType: UInt8 = 0x04
    /// The next record goes on with the same message.
    static let continuedFlag: UInt8 = 0x80
}

extension EncodedMessage {
    /// Whether a session carries the message: what is sent can be made of what others have sent, and no peer takes more than
    /// ``SessionProtocol/longMessageLimit`` bytes.
    package var canTravel: Bool {
        type >= Records.firstRoomType && type & Records.continuedFlag == 0
            && body.count <= SessionProtocol.longMessageLimit
    }

    /// Records that carry the message.
    package var recordCount: Int {
        max(1, (body.count + SessionProtocol.recordBodyLimit - 1) / SessionProtocol.recordBodyLimit)
    }
}

/// A place in a sequence of messages: records before it have been taken.
struct RecordCursor {
    /// Messages taken whole.
    var message = 0
    /// Records taken of the next one.
    var record = 0

    /// The next record of `messages`: its header and the bytes of the body that it carries; nil at the end.
    func next(in messages: [EncodedMessage]) -> (header: UInt8, body: Range<Int>)? {
        guard message < messages.count else { return nil }
        let start = record * SessionProtocol.recordBodyLimit
        let count = messages[message].body.count
        let end = min(start + SessionProtocol.recordBodyLimit, count)
        let type = messages[message].type
        return (end < count ? type | Records.continuedFlag : type, min(start, end)..<end)
    }

    /// Takes the next record.
    mutating func advance(in messages: [EncodedMessage]) {
        record += 1
        if record * SessionProtocol.recordBodyLimit >= messages[message].body.count {
            message += 1
            record = 0
        }
    }
}
