package import Chat
internal import Wire

/// What a moderator asks of the room.
package enum Moderation: Sendable, Equatable {
    /// A banned member does not come back with the same key.
    case expel(MemberID, isBanned: Bool, keepsInvites: Bool, reason: String)
    case lock(Bool)
    /// Empty for none.
    case topic(String)
    /// Each member may post once in so many seconds; 0 for as often as it likes.
    case slow(seconds: UInt32)
    /// The room lives for so many seconds more.
    case extend(seconds: UInt32)
    /// The room of a relay is over for all; of one that is kept nothing stays.
    case end

    private enum Kind {
        static let expel: UInt8 = 0
        static let lock: UInt8 = 1
        static let topic: UInt8 = 2
        static let slow: UInt8 = 3
        static let extend: UInt8 = 4
        static let end: UInt8 = 5
    }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .expel(let id, let isBanned, let keepsInvites, let reason):
            writer.write(Kind.expel)
            writer.write(id.wireValue)
            writer.write(UInt8(isBanned ? 1 : 0) | (keepsInvites ? 2 : 0))
            writer.writeVector(Array(reason.utf8))
        case .lock(let isLocked):
            writer.write(Kind.lock)
            writer.write(UInt8(isLocked ? 1 : 0))
        case .topic(let text):
            writer.write(Kind.topic)
            writer.writeVector(Array(text.utf8))
        case .slow(let seconds):
            writer.write(Kind.slow)
            writer.write(seconds)
        case .extend(let seconds):
            writer.write(Kind.extend)
            writer.write(seconds)
        case .end: writer.write(Kind.end)
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        switch try reader.readUInt8() {
        case Kind.expel:
            let id = try reader.readMemberID()
            let flags = try reader.readUInt8()
            guard flags < 4 else { throw .invalidValue }
            self = .expel(
                id, isBanned: flags & 1 != 0, keepsInvites: flags & 2 != 0,
                reason: try reader.readUTF8Vector(atMost: ChatLimits.remarkByteCount))
        case Kind.lock:
            let flag = try reader.readUInt8()
            guard flag < 2 else { throw .invalidValue }
            self = .lock(flag == 1)
        case Kind.topic: self = .topic(try reader.readUTF8Vector(atMost: ChatLimits.remarkByteCount))
        case Kind.slow: self = .slow(seconds: try reader.readUInt32())
        case Kind.extend: self = .extend(seconds: try reader.readUInt32())
        case Kind.end: self = .end
        default: throw .invalidValue
        }
    }
}
