internal import Chat
internal import Wire

// Entries of a log as bytes.

extension RoomLog.Entry {
    /// Bytes that the encoding has beside the message.
    private static let overhead = 64

    init(encoded: [UInt8]) throws(SnapshotError) {
        var reader = StateReader(encoded, now: .zero)
        do throws(WireError) {
            let type = try reader.readUInt8()
            audience = try RoomLog.Audience(reading: &reader)
            records = try reader.readUInt32()
            sequence = try reader.readUInt64()
            tracking = try reader.readOptional { reader throws(WireError) in try reader.readUInt64() }
            message = EncodedMessage(type: type, body: try reader.readBytes(atMost: RoomLimits.loggedByteCount))
            try reader.finish()
            guard records > 0 else { throw .invalidValue }
        } catch {
            throw .damaged
        }
    }

    var encoded: [UInt8] {
        var writer = StateWriter(now: .zero, reserving: message.body.count + Self.overhead)
        writer.write(message.type)
        audience.write(to: &writer)
        writer.write(records)
        writer.write(sequence)
        writer.write(optional: tracking) { writer, number in writer.write(number) }
        writer.write(message.body)
        return writer.bytes
    }
}

extension RoomLog.Audience {
    fileprivate init(reading reader: inout StateReader) throws(WireError) {
        self =
            switch try reader.readUInt8() {
            case 0: .all
            case 1: .one(try reader.readMemberID())
            case 2: .upTo(epoch: try reader.readUInt64())
            case 3: .after(epoch: try reader.readUInt64())
            default: throw .invalidValue
            }
    }

    fileprivate func write(to writer: inout StateWriter) {
        switch self {
        case .all: writer.write(UInt8(0))
        case .one(let id):
            writer.write(UInt8(1))
            writer.write(id)
        case .upTo(let epoch):
            writer.write(UInt8(2))
            writer.write(epoch)
        case .after(let epoch):
            writer.write(UInt8(3))
            writer.write(epoch)
        }
    }
}
