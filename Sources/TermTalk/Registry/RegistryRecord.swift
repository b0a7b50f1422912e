internal import Chat
package import Sodium
internal import Wire

/// Where a room is, as its host announces it in a registry.
///
/// All records have one size, so that a registry cannot tell onion rooms from others. Whoever knows the room's id can write one: it says
/// where to look, and not whom to trust.
package struct RegistryRecord: Equatable, Sendable {
    /// Bytes of every record: what ``Invite/addressLimit`` of the longest addresses take, and some more.
    static let byteCount = 1_152
    /// Bytes of an address as text: a host name of 253 bytes, brackets, a colon and a port.
    static let addressByteLimit = 253 + 2 + 6
    /// How many seconds old a record may be: clocks differ, and hosts write it anew all the time. So an old one that a registry kept
    /// leads nobody astray for longer.
    static let ageLimit: Int64 = 3_600
    private static let version: UInt8 = 1

    /// One to ``Invite/addressLimit``, all onion services or none.
    package var addresses: [RoomAddress]
    package var hostKey: X25519.PublicKey
    /// Seconds since 1970.
    package var writtenAt: Int64
    /// Seconds since 1970; nil for a room without end.
    package var endsAt: Int64?

    package init(addresses: [RoomAddress], hostKey: X25519.PublicKey, writtenAt: Int64, endsAt: Int64?) {
        self.addresses = addresses
        self.hostKey = hostKey
        self.writtenAt = writtenAt
        self.endsAt = endsAt
    }

    /// ``byteCount`` bytes.
    ///
    /// - Precondition: as many addresses as an invite has at most.
    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: Self.byteCount)
        writer.write(Self.version)
        write(to: &writer)
        precondition(writer.bytes.count <= Self.byteCount, "an address is longer than a host name")
        return writer.bytes + [UInt8](repeating: 0, count: Self.byteCount - writer.bytes.count)
    }

    /// Reads ``encoded``.
    init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        guard bytes.count == Self.byteCount else { throw .truncated }
        var reader = ByteReader(bytes)
        guard try reader.readUInt8() == Self.version else { throw .invalidValue }
        try self.init(reading: &reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.writeBytes(hostKey.bytes)
        writer.write(UInt64(clamping: writtenAt))
        writer.write(UInt64(clamping: endsAt ?? 0))
        writer.write(UInt8(clamping: addresses.count))
        for address in addresses { writer.writeUTF8Vector(address.text) }
    }

    init(reading reader: inout ByteReader) throws(WireError) {
        guard let hostKey = try? X25519.PublicKey(try reader.readBytes(X25519.byteCount)) else { throw .invalidValue }
        self.hostKey = hostKey
        writtenAt = Int64(clamping: try reader.readUInt64())
        let end = Int64(clamping: try reader.readUInt64())
        endsAt = end == 0 ? nil : end
        addresses = []
        let count = Int(try reader.readUInt8())
        guard (1...Invite.addressLimit).contains(count) else { throw .invalidValue }
        for _ in 0..<count {
            let text = try reader.readUTF8Vector(atMost: Self.addressByteLimit)
            guard let address = try? RoomAddress(text) else { throw .invalidValue }
            addresses.append(address)
        }
        // One with both would have whoever comes by tor show its address when tor fails.
        guard Set(addresses.map { $0.onionKey == nil }).count == 1 else { throw .invalidValue }
    }

    /// Whether it was written at about `now`, in seconds since 1970, and the room is not over.
    func isCurrent(now: Int64) -> Bool {
        let age = now.subtractingReportingOverflow(writtenAt)
        return !age.overflow && age.partialValue.magnitude <= Self.ageLimit.magnitude
            && endsAt.map { $0 > now } != false
    }
}
