internal import Chat

// Commits that the others cannot follow.
extension Room {
    private var standings: [UnfollowedCommits.Standing] {
        members.inOrder.map { member in
            .init(
                id: member.id, followed: max(member.followed, log.epoch(of: member.id) ?? 0),
                isPresent: member.absence == nil && member.link != nil)
        }
    }

    /// The book is about to be that of after the member's Commit.
    mutating func watchCommit(by committer: MemberID, now: Duration) {
        guard let book = group.book else { return }
        if group.unfollowed.isFull { group.unfollowed.review(room: standings, now: now) }
        group.unfollowed.add(.init(committer: committer, book: book, groupInfo: group.groupInfo, time: now))
    }

    /// The member could not follow the group into the epoch.
    mutating func cannotFollow(
        _ epoch: UInt64, from id: MemberID, now: Duration, actions: inout [RoomAction]
    ) throws(RoomError) {
        guard let member = members[id], epoch > max(member.since, member.followed) else { throw .malformed }
        group.goesAway(id)
        if isModerator(id) { group.updates.moderatorIsLeftBehind(now: now) }
        guard group.unfollowed.has(epoch: epoch) else { return sendAway([id], now: now, actions: &actions) }
        if group.unfollowed.reports[id] != epoch { silentChanges += 1 }
        group.unfollowed.report(epoch, by: id, now: now)
        reviewCommits(now: now, actions: &actions)
    }

    /// Looks at the latest Commits, and at what was said of them.
    mutating func reviewCommits(now: Duration, actions: inout [RoomAction]) {
        while let complaint = group.unfollowed.complaint {
            guard let index = group.unfollowed.steps.firstIndex(where: { $0.epoch == complaint.epoch }) else {
                group.unfollowed.settle(complaint.by)
                sendAway(complaint.by, now: now, actions: &actions)
                continue
            }
            let standings = standings
            let verdict = group.unfollowed.verdict(on: index, room: standings, now: now)
            guard verdict != .open else { break }
            let step = group.unfollowed.steps[index]
            // The host sees to it itself that its participant can follow, and that one cannot go back.
            if case .undo(let index) = verdict, limits.isRelay {
                undo(to: index, now: now, actions: &actions)
            } else {
                let followers = group.unfollowed.followers(of: step, in: standings).map(\.id)
                accuse(step, by: complaint.by, followers: followers, actions: &actions)
                group.unfollowed.settle(complaint.by)
                sendAway(complaint.by, now: now, actions: &actions)
            }
        }
        group.unfollowed.review(room: standings, now: now)
    }

    /// They cannot go on where they are, and come in anew.
    private mutating func sendAway(_ ids: [MemberID], now: Duration, actions: inout [RoomAction]) {
        for id in ids {
            guard let link = members[id]?.link else { continue }
            overrun(link, now: now)
            actions.append(.release(link))
        }
    }

    /// The Commits from this one on are void: those who could not follow them go on where they are, as do those who are away and
    /// have not heard of them. The others come in anew.
    private mutating func undo(to index: Int, now: Duration, actions: inout [RoomAction]) {
        let step = group.unfollowed.steps[index]
        let epoch = step.book.epoch
        actions.append(.broadcast(HostMessage.undone(epoch: epoch, by: step.committer).encoded, tag: 0))
        bar(step.committer, actions: &actions)
        let reports = group.unfollowed.reports
        let gone = standings.filter { standing in
            reports[standing.id] != step.epoch && (standing.isPresent || standing.followed > epoch)
                || members[standing.id].map { $0.since > epoch } == true
        }.map(\.id)
        group.undo(to: index)
        log.goBack(to: epoch)
        members.newestSince = min(members.newestSince, epoch)
        sendAway(gone, now: now, actions: &actions)
        for id in members.inOrder.map(\.id) {
            guard let member = members[id] else { continue }
            members[id]?.since = min(member.since, epoch)
            members[id]?.epoch = min(member.epoch, epoch)
            members[id]?.followed = min(member.followed, epoch)
        }
        changeGroup(now: now, actions: &actions)
    }

    /// Some could not follow the step, and others could. That is its committer's doing only where it is so for all who get one
    /// ciphertext of a path secret; and where more than one of them says so.
    private mutating func accuse(
        _ step: UnfollowedCommits.Step, by reporters: [MemberID], followers: [MemberID], actions: inout [RoomAction]
    ) {
        let committer = step.committer
        guard let member = members[committer], !member.isHost else { return }
        // Of a moderator only others are believed; and they are, of one who is none, whoever else has followed.
        let isTrusted = reporters.contains(where: step.book.isModerator)
        if step.book.isModerator(committer), !isTrusted { return }
        let branches = Set(reporters.compactMap { step.book.branch(of: $0, from: committer) })
        let areFollowersElsewhere = followers.allSatisfy {
            step.book.branch(of: $0, from: committer).map(branches.contains) != true
        }
        guard !branches.isEmpty, areFollowersElsewhere || isTrusted && !step.book.isModerator(committer) else { return }
        if group.accuse(committer, by: reporters) { bar(committer, actions: &actions) }
    }

    /// This member is asked last for Commits, and its own are not taken.
    private mutating func bar(_ id: MemberID, actions: inout [RoomAction]) {
        guard group.bar(id) else { return }
        actions.append(.broadcast(HostMessage.barred(id).encoded, tag: 0))
    }
}
