import Chat

// New keys that members give themselves, and with them other moderators and another secret of the group: when, and in whose turn.
extension Room {
    /// Whoever has waited longest for new keys has its turn, once it is time for that.
    mutating func askForUpdate(_ book: any GroupBook, now: Duration, actions: inout [RoomAction]) {
        guard group.asked == nil else { return }
        guard let (next, link) = nextInTurn(now: now) else {
            if !group.updates.waiting.isEmpty { group.updates.postpone(now: now) }
            return
        }
        askForUpdate(next, link, book, now: now, actions: &actions)
    }

    /// A moderator that waits for its turn has it before those who are to come or go, and these come next: else the Commit of a slow
    /// one, which may be about who moderates, would always be of an epoch that is over. Not where somebody was sent out who knows the
    /// invite: for that there is ``asksForSecret(_:now:actions:)``. Returns whether one is asked.
    mutating func asksModerator(_ book: any GroupBook, now: Duration, actions: inout [RoomAction]) -> Bool {
        guard !isInviteSpoilt(now: now) else { return false }
        if let asked = group.asked { return asked.isUpdate && comesFirst(asked.member) }
        guard !group.updates.comersAreNext, group.updates.waiting.first.map(isModerator) == true,
            let (next, link) = nextInTurn(now: now), comesFirst(next)
        else { return false }
        askForUpdate(next, link, book, now: now, actions: &actions)
        return true
    }

    private mutating func askForUpdate(
        _ id: MemberID, _ link: LinkID, _ book: any GroupBook, now: Duration, actions: inout [RoomAction]
    ) {
        group.updates.remove(id)
        if comesFirst(id) { group.updates.isFirst() }
        ask(id, link, adding: [], removing: [], book, now: now, actions: &actions)
    }

    /// Whether the member moderates, and did what it was last asked for.
    private func comesFirst(_ id: MemberID) -> Bool { isModerator(id) && !group.updates.inVain.contains(id) }

    /// Who is to be asked for new keys, if it is time for that. Whoever cannot have them now waits no more.
    private mutating func nextInTurn(now: Duration) -> (MemberID, LinkID)? {
        let able = Set(
            group.updates.waiting.filter { id in
                members[id].map { $0.link != nil && $0.absence == nil } == true && isRested(id, now: now)
            })
        let turns = able.filter { mayBeTurn(of: $0, now: now) }
        guard let next = group.updates.next(able.contains, of: turns.contains), let link = members[next]?.link,
            isInviteSpoilt(now: now) ? mayRenewSecret(next, now: now) : mayUpdate(next, now: now)
        else { return nil }
        return (next, link)
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
        !isShutOut(id) && isOpenToUpdates(now: now) && isTurn(of: id, now: now) && isRested(id, now: now)
            && group.updates.time(now: now) <= now
    }

    /// Asks the moderator who has sent somebody out to take that one out of the group, and then for another secret: before all others who
    /// are to come or go, whose Commits would make a slow moderator's one of an epoch that is over; and before those who could be asked
    /// as well, and may be silent on purpose. It has its time again and again, and between these the others have theirs.
    mutating func asksForSecret(_ book: any GroupBook, now: Duration, actions: inout [RoomAction]) -> Bool {
        guard let id = group.invites.renewer(now: now), let member = members[id], member.absence == nil,
            let link = member.link, group.unfollowed.reports[id] == nil
        else { return false }
        let isRemoval = group.invites.isSpoiler(in: book)
        if let asked = group.asked {
            if asked.member == id, asked.adds.isEmpty, asked.removals.isEmpty != isRemoval { return true }
            guard asked.isUpdate else { return false }
        }
        let removals = isRemoval ? gone : []
        guard group.updates.mayAskForSecret(now: now), removals.isEmpty != isRemoval,
            isRemoval ? isOpenToUpdates(now: now) : mayRenewSecret(id, now: now)
        else { return false }
        group.updates.asksForSecret(now: now)
        if !isRemoval { group.updates.remove(id) }
        ask(id, link, adding: [], removing: removals, book, now: now, actions: &actions)
        return true
    }

    /// How long whoever is asked for a Commit may take.
    func patience(of id: MemberID, isUpdate: Bool, now: Duration) -> Duration {
        if group.invites.renewer(now: now) == id { return RoomLimits.renewalPatience }
        guard isUpdate else {
            // Else others would be asked, who may leave a slow one behind again.
            let isLeftBehind = isModerator(id) && !group.updates.mayOthers(now: now)
            return isLeftBehind ? RoomLimits.renewalPatience : RoomLimits.committerPatience
        }
        return isInviteSpoilt(now: now) ? RoomLimits.renewalPatience : RoomLimits.updatePatience
    }

    /// Before the group has another secret nobody but moderators gives itself new keys: a moderator's Commit that takes long to come
    /// would always be of an epoch that is over.
    private func mayBeTurn(of id: MemberID, now: Duration) -> Bool { !isInviteSpoilt(now: now) || isModerator(id) }

    /// Whether nobody else is asked, or has waited longer. A moderator does not wait for somebody who is none, and is asked for new keys alone.
    private func isTurn(of id: MemberID, now: Duration) -> Bool {
        guard mayBeTurn(of: id, now: now) else { return false }
        guard let asked = group.asked else {
            return group.updates.isNext(id) { mayBeTurn(of: $0, now: now) }
        }
        return asked.member == id || asked.isUpdate && isModerator(id) && !isModerator(asked.member)
    }

    /// Whether the member may change the group's secret, as somebody was sent out who knows it: nobody new comes in before. That waits for
    /// no turn, and not for whoever is asked for new keys alone.
    func mayRenewSecret(_ id: MemberID, now: Duration) -> Bool {
        isInviteSpoilt(now: now) && isModerator(id) && isOpenToUpdates(now: now) && isSecretRenewable(now: now)
            && group.asked.map { $0.member == id || $0.isUpdate } != false
    }

    /// Whether the group may have another secret now.
    func isSecretRenewable(now: Duration) -> Bool {
        guard let book = group.book, book.secretGeneration >= RoomLimits.quickRenewals else { return true }
        return group.updates.renewedAt.map { now - $0 >= RoomLimits.renewalInterval } ?? true
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
        if isModerator(id) { return true }
        let pause =
            group.barred.accuser(of: id) != nil ? RoomLimits.accusedUpdateInterval : RoomLimits.ownUpdateInterval
        return group.updates.mayOthers(now: now) && member.lastUpdate.map { now - $0 >= pause } ?? true
    }
}
