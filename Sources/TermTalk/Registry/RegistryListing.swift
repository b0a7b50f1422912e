internal import Chat
internal import Sodium
internal import Wire

/// A room that a registry shows to everybody who asks it, under a name: nothing of it is sealed.
package struct RegistryListing: Equatable, Sendable {
    /// UTF-8 bytes of a name: a line of a list.
    package static let nameLimit = 64
    /// Bytes of the longest one.
    static let byteLimit = 1 + 2 + nameLimit + 1 + RoomName.characterLimit + RegistryRecord.byteCount
    static let prefix = "termtalk:registry-names:"
    private static let version: UInt8 = 1

    /// As the host wrote it: not fit for a terminal.
    package var name: String
    package var room: RoomName
    package var record: RegistryRecord

    init(name: String, room: RoomName, record: RegistryRecord) {
        self.name = name
        self.room = room
        self.record = record
    }

    /// The key of Redis: one a room.
    static func key(of room: RoomName) -> String {
        var hash = BLAKE2b()
        hash.update(Array(room.description.utf8).span)
        return prefix + Base16.encode(Array(hash.finalize().prefix(16)))
    }

    var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.write(Self.version)
        writer.writeUTF8Vector(name)
        writer.writeUTF8Vector(room.description)
        record.write(to: &writer)
        return writer.bytes
    }

    /// Nil for what is no listing of this version.
    init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.byteLimit else { return nil }
        do throws(WireError) {
            var reader = ByteReader(bytes)
            guard try reader.readUInt8() == Self.version else { return nil }
            name = try reader.readUTF8Vector(atMost: Self.nameLimit)
            guard let room = RoomName(try reader.readUTF8Vector(atMost: RoomName.characterLimit)) else { return nil }
            self.room = room
            record = try RegistryRecord(reading: &reader)
            guard reader.remaining == 0, !name.isEmpty else { return nil }
        } catch {
            return nil
        }
    }
}
