internal import Room

/// How far the person at the host is in the room's log.
struct LocalSeat {
    /// Where to go on; nil before the person is in the room, and after.
    var reader: RoomLog.Reader?
    var records: UInt32 = 0
    /// Order number of the last message that was told, and of the last that counts as received.
    var told: UInt64 = 0
    var acknowledged: UInt64 = 0
}
