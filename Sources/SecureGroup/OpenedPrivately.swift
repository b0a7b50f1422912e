internal import Room

/// Which private messages were opened, so that none is shown twice. They are kept for as long as the group opens messages of
/// their epoch, and no sender can push out what another one has sent.
struct OpenedPrivately {
    /// Messages of one sender in one epoch. A member gives itself new keys long before it has sent so many; more are not
    /// shown.
    static let limit = 4_096

    private var ids: [UInt64: [MemberID: Set<MessageID>]] = [:]

    /// Returns whether the message is to be shown.
    mutating func insert(_ id: MessageID, from sender: MemberID, epoch: UInt64) -> Bool {
        let opened = ids[epoch]?[sender]?.count ?? 0
        guard opened < Self.limit else { return false }
        return ids[epoch, default: [:]][sender, default: []].insert(id).inserted
    }

    mutating func forget(before epoch: UInt64) {
        ids = ids.filter { $0.key >= epoch }
    }
}
