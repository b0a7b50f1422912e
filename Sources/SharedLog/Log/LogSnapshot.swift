package import Wire

/// What a host without a state begins with.
package struct LogSnapshot: Hashable, Sendable {
    let state: LogState
    /// The room's own part, in its own format.
    let room: [UInt8]

    init(state: LogState, room: [UInt8]) {
        self.state = state
        self.room = room
    }

    /// A snapshot in the TLS presentation language; the room's part is the rest.
    var bytes: [UInt8] {
        var writer = ByteWriter(reserving: 1_024 + room.count)
        state.write(to: &writer)
        writer.writeBytes(room)
        return writer.bytes
    }

    package init(bytes: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        state = try LogState(reading: &reader)
        room = try reader.readBytes(reader.remaining)
    }
}
