internal import Room

extension HostNode {
    /// The numbers of now.
    ///
    /// - Parameter endsAt: when the room ends, in seconds since 1970.
    func metrics(endsAt: Int64?) -> RoomMetrics.Room {
        RoomMetrics.Room(
            isReachable: door.isReachable, endsAt: endsAt, members: room.memberCount, away: room.awayCount,
            connections: connections.all.count { $0.stream != nil }, visitors: door.visitors.count,
            logEntries: room.log.end - room.log.start, logByteCount: room.log.heldByteCount,
            logByteLimit: room.log.byteLimit, entries: room.log.end, counters: counters, refusals: door.refusals,
            storeWaitingByteCount: authority.storeWaitingByteCount, sharedLog: authority.sharedLog)
    }
}
