internal import Chat
internal import Room

/// Which private messages were opened, so that none is shown twice. They are kept for as long as the group opens messages of
/// their epoch, and no sender can push out what another one has sent.
struct OpenedPrivately {
    /// Messages of one sender in one epoch. A member that sends as much as a host lets it gives itself new keys before it
    /// has sent so many; more are not shown.
    static let limit = 16_384

    private var ids: [UInt64: [MemberID: Set<MessageID>]] = [:]

    mutating func insert(_ id: MessageID, from sender: MemberID, epoch: UInt64) throws(GroupError) {
        guard ids[epoch]?[sender]?.count ?? 0 < Self.limit else { throw .forged }
        guard ids[epoch, default: [:]][sender, default: []].insert(id).inserted else { throw .replayed }
    }

    mutating func forget(before epoch: UInt64) {
        ids = ids.filter { $0.key >= epoch }
    }
}
