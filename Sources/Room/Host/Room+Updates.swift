import Chat

// New keys that members give themselves, and with them other moderators and another secret of the group: when, and in whose turn.
extension Room {
    /// Whoever has waited longest for new keys has its turn, once it is time for that.
    mutating func askForUpdate(_ book: any GroupBook, now: Duration, actions: inout [RoomAction]) {
        let able = Set(
            group.updates.waiting.filter { id in
                members[id].map { $0.link != nil && $0.absence == nil } == true && isRested(id, now: now)
            })
        guard group.asked == nil, let next = group.updates.next(able.contains), let link = members[next]?.link else {
            return
        }
        guard mayUpdate(next, now: now) || mayRenewSecret(next, now: now) else {
            return group.updates.postpone(now: now)
        }
        group.updates.remove(next)
        ask(next, link, adding: [], removing: [], book, now: now, actions: &actions)
    }

    /// The member's Commit was not taken now. It is asked for it when it is its turn.
    mutating func wantsUpdate(_ id: MemberID, now: Duration) {
        if isModerator(id) {
            let isUrgent = isInviteSpoilt(now: now)
            group.updates.wants(id, beforeOthersThan: isModerator, isUrgent: isUrgent, now: now)
        } else if isRested(id, now: now) {
            group.updates.wants(id, now: now)
        }
    }

    /// Whether the member may give itself new keys now. Everybody has to compute for it; those who are to come or go come first.
    func mayUpdate(_ id: MemberID, now: Duration) -> Bool {
        !isShutOut(id) && isOpenToUpdates(now: now) && group.asked.map { $0.member == id } != false
            && (group.asked != nil || group.updates.isNext(id)) && isRested(id, now: now)
            && group.updates.time(now: now) <= now
    }

    /// Whether the member may change the group's secret, as somebody was sent out who knows it: nobody new comes in before. That waits for
    /// no turn, and not for whoever is asked for new keys alone.
    func mayRenewSecret(_ id: MemberID, now: Duration) -> Bool {
        isInviteSpoilt(now: now) && isModerator(id) && isOpenToUpdates(now: now)
            && group.asked.map { $0.member == id || $0.isUpdate } != false
    }

    private func isOpenToUpdates(now: Duration) -> Bool {
        group.unfollowed.complaint == nil && group.window.pause(lowest: lowestEpoch, now: now) == nil
    }

    func isModerator(_ id: MemberID) -> Bool { group.book?.isModerator(id) == true }

    /// Whether new keys of the member are not taken. A moderator's are: with them come another secret of the group and other
    /// moderators, and two who lie could else keep all that from the room.
    func isShutOut(_ id: MemberID) -> Bool { group.barred.contains(id) && !isModerator(id) }

    /// Whether it is long enough ago that the member did. A moderator's may be about who moderates, and wait for the pace of all alone.
    private func isRested(_ id: MemberID, now: Duration) -> Bool {
        guard let member = members[id] else { return false }
        return isModerator(id) || member.lastUpdate.map { now - $0 >= RoomLimits.ownUpdateInterval } ?? true
    }
}
