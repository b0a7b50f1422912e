internal import Chat

// How members come into the group and out of it. The room asks one member, the host's own where there is one, to commit
// what is to be done, and accepts one Commit an epoch.
extension Room {
    // MARK: Coming in

    mutating func join(
        nick: String, id: MemberID, keyPackage: [UInt8], link: LinkID, key: [UInt8], isHost: Bool, way: Int,
        now: Duration, actions: inout [RoomAction]
    ) {
        // What has let somebody in does not do so again, whoever has kept it.
        group.seekers.forget(link)
        guard !isSpent(keyPackage), isUsable(keyPackage, of: id) else {
            let candidate = GroupCandidate(id: id, keyPackage: keyPackage)
            guard members.ofKey[key] == id, mayLearnSecret(candidate) else {
                return refuse(link, keyPackageRefusal, actions: &actions)
            }
            return seekSecret(candidate, link: link, now: now, actions: &actions)
        }
        // Its own earlier stay, which it could not go on with.
        if members.ofKey[key] == id {
            return comeBack(id, keyPackage: keyPackage, link: link, key: key, way: way, now: now, actions: &actions)
        }
        if !isHost {
            if bannedKeys.contains(key) { return refuse(link, .banned, actions: &actions) }
            if settings.isLocked { return refuse(link, .locked, actions: &actions) }
            if limits.asksHost {
                return wait(
                    nick: nick, id: id, keyPackage: keyPackage, link: link, key: key, way: way, actions: &actions)
            }
        }
        enter(
            nick: nick, id: id, keyPackage: keyPackage, link: link, key: key, isHost: isHost, way: way, now: now,
            actions: &actions)
    }

    /// Why a KeyPackage that cannot be used is refused: where the group has had another secret, that is mostly the one of
    /// which it has the proof.
    private var keyPackageRefusal: RoomCode {
        (group.book?.secretGeneration ?? 0) > 0 ? .groupInviteNeeded : .keyPackageInvalid
    }

    /// Whether somebody has come in by the KeyPackage.
    func isSpent(_ keyPackage: [UInt8]) -> Bool { group.isSpent(bookType.mark(of: keyPackage)) }

    private func isUsable(_ keyPackage: [UInt8], of id: MemberID) -> Bool {
        group.book?.wouldAccept(GroupCandidate(id: id, keyPackage: keyPackage)) ?? true
    }

    /// The host is asked. A nick that could not be had is refused at once.
    private mutating func wait(
        nick: String, id: MemberID, keyPackage: [UInt8], link: LinkID, key: [UInt8], way: Int,
        actions: inout [RoomAction]
    ) {
        guard waiting.count < ChatLimits.waiting else { return refuse(link, .rateLimited, actions: &actions) }
        do throws(RefusedNick) {
            guard names.isFree(id), !waiting.contains(where: { $0.id == id }) else { throw RefusedNick(code: .idTaken) }
            // The host says who is meant by the nick, or the id.
            let isMeant = { [waiting] (name: NickSkeleton) in waiting.contains { !$0.isTold(from: name) } }
            guard !isMeant(NickSkeleton(id)) else { throw RefusedNick(code: .idTaken) }
            nickIsWanted(nick, actions: &actions)
            let nick = try names.free(nick, for: id, isHost: false) { isMeant($0.skeleton) }
            waiting.append(Waiting(id: id, key: key, link: link, nick: nick, keyPackage: keyPackage, way: way))
            actions.append(.send(link, HostMessage.waiting.encoded))
            actions.append(.askHost(link, id, nick: nick.text))
        } catch {
            refuse(link, error.code, actions: &actions)
        }
    }

    func refuse(_ link: LinkID, _ code: RoomCode, actions: inout [RoomAction]) {
        actions.append(.send(link, HostMessage.refused(code).encoded))
        actions.append(.release(link))
    }

    /// The joiner gets its place in the room as soon as it is in the group.
    mutating func enter(
        nick: String, id: MemberID, keyPackage: [UInt8], link: LinkID, key: [UInt8], isHost: Bool, way: Int,
        now: Duration, actions: inout [RoomAction]
    ) {
        do throws(RefusedNick) {
            guard members.ofKey[key] == nil, names.isFree(id), !group.joiners.contains(where: { $0.key == key }) else {
                throw RefusedNick(code: .idTaken)
            }
            // Nobody loses a place for a nick that cannot be had.
            _ = try names.free(nick, for: id, isHost: isHost)
            guard isHost || makeRoom(now: now, actions: &actions) && fitsTree else { throw RefusedNick(code: .full) }
            nickIsWanted(nick, actions: &actions)
            let nick = try names.free(nick, for: id, isHost: isHost)
            names.take(nick, by: id)
            group.joiners.add(
                .init(
                    id: id, link: link, key: key, nick: nick, isHost: isHost, isReturning: false,
                    keyPackage: keyPackage, way: way))
            changeGroup(now: now, actions: &actions)
        } catch {
            refuse(link, error.code, actions: &actions)
        }
    }

    /// Whether the tree with one more fits into a message, whatever is in it.
    private var fitsTree: Bool {
        let count = max(members.count, group.book?.memberCount ?? 0) + group.joiners.count + 1
        return RoomLimits.treeByteCount(members: count) <= RoomLimits.groupMessageByteCount
    }

    /// The member comes back without its session: to its place, under its nick, and the others hear nothing of it. What is
    /// said until it is in the group again is not repeated.
    private mutating func comeBack(
        _ id: MemberID, keyPackage: [UInt8], link: LinkID, key: [UInt8], way: Int, now: Duration,
        actions: inout [RoomAction]
    ) {
        guard let member = members[id] else { return }
        // It has said nothing since: perhaps its Welcome was none. Another one is asked then.
        if limits.isRelay, member.followed == member.since,
            let step = group.unfollowed.steps.last(where: { $0.epoch == member.since }),
            members[step.committer] != nil
        {
            group.isDoubted(step.committer)
        }
        giveUpEarlierLinks(of: id, now: now, actions: &actions)
        group.joiners.add(
            .init(
                id: id, link: link, key: key, nick: member.nick, isHost: member.isHost, isReturning: true,
                keyPackage: keyPackage, way: way))
        changeGroup(now: now, actions: &actions)
    }

    /// The member comes over another link: that of its session, and those of other tries, are nobody's any more.
    mutating func giveUpEarlierLinks(of id: MemberID, now: Duration, actions: inout [RoomAction]) {
        if let old = members[id]?.link {
            overrun(old, now: now)
            actions.append(.release(old))
        }
        if let earlier = group.joiners.take(id) {
            actions.append(.release(earlier.link))
        }
    }

    /// The link is gone, and whoever waits behind it does not come in.
    mutating func forgetJoiner(at link: LinkID) {
        group.seekers.forget(link)
        guard let joiner = group.joiners[link] else { return }
        group.joiners.take(joiner.id)
        group.goesAway(joiner.id)
        forget(joiner)
    }

    /// Whether somebody new behind the link waits for the Commit that lets it in.
    package func isComingIn(at link: LinkID) -> Bool { group.joiners[link]?.isReturning == false }

    /// Somebody who waited does not come in. Nothing is remembered of those who have no place.
    mutating func forget(_ joiner: Joiner) {
        guard !joiner.isReturning else { return }
        names.release(joiner.nick, of: joiner.id)
        group.hasGone(joiner)
    }

    /// Those who wait for the Commit that lets them in and are not to come in any more are refused.
    package mutating func refuseNewcomers(
        _ code: RoomCode, actions: inout [RoomAction], where isMeant: (LinkID) -> Bool = { _ in true }
    ) {
        for joiner in group.joiners where !joiner.isReturning && !joiner.isHost && isMeant(joiner.link) {
            group.joiners.take(joiner.id)
            refuse(joiner, code, actions: &actions)
        }
    }

    mutating func refuse(_ joiner: Joiner, _ code: RoomCode, actions: inout [RoomAction]) {
        forget(joiner)
        refuse(joiner.link, code, actions: &actions)
    }

    /// The joiners are members of the group, and of the room, from now on. A Welcome counts with the tree of its epoch.
    mutating func letIn(
        _ joiners: [Joiner], welcome: [UInt8], now: Duration, actions: inout [RoomAction]
    ) {
        for joiner in joiners { place(joiner, now: now, actions: &actions) }
        if !welcome.isEmpty, !joiners.isEmpty, let tree = group.book?.tree {
            actions.append(.sendToEach(joiners.map(\.link), HostMessage.tree(tree).encoded))
        }
        // Each is told of all the others.
        for joiner in joiners where members.ofLink[joiner.link] == joiner.id {
            admit(joiner.id, link: joiner.link, welcome: welcome, now: now, actions: &actions)
        }
    }

    private mutating func place(_ joiner: Joiner, now: Duration, actions: inout [RoomAction]) {
        let received = nextSequence - 1
        if joiner.isReturning {
            guard members[joiner.id] != nil else { return }
            endAbsence(of: joiner.id, now: now, actions: &actions)
            members.move(joiner.id, to: joiner.link)
            members[joiner.id]?.since = group.epoch
            members[joiner.id]?.epoch = group.epoch
            members[joiner.id]?.followed = group.epoch
            members[joiner.id]?.receivedSequence = received
        } else {
            let member = Member(
                id: joiner.id, key: joiner.key, order: members.nextOrder, nick: joiner.nick, since: group.epoch,
                epoch: group.epoch, followed: group.epoch, link: joiner.link, isHost: joiner.isHost,
                receivedSequence: received, messages: TokenBucket(capacity: limits.messageBurst, now: now),
                bytes: TokenBucket(capacity: limits.byteBurst, now: now),
                // In slow mode coming in counts as a post: else each new key would be one.
                rare: settings.slowInterval > .zero ? Member.Rare(.init(postedAt: now)) : Member.Rare())
            members.add(member)
            // Coming in counts as new keys: else each new member would have some at once.
            members[joiner.id]?.lastUpdate = now
            let unreached = receipts.privately.takeUnreached(joiner.id)
            if unreached > 0 { members[joiner.id]?.missedPrivately = unreached }
        }
        group.unfollowed.settle([joiner.id])
        members.newestSince = group.epoch
    }

    // MARK: Changing the group

    /// Whether somebody is in the group and not in the room any more: all who are in the room are in the group.
    private var hasGone: Bool {
        guard let book = group.book else { return false }
        // After an undone Commit somebody may be in the room and not yet in the group again.
        return book.memberCount > members.count
            || !group.barred.isEmpty && book.members.contains { members[$0] == nil }
    }

    /// Those, always in the same order.
    var gone: [MemberID] {
        guard hasGone, let book = group.book else { return [] }
        return book.members.filter { members[$0] == nil }.sorted { $0.wireValue < $1.wireValue }
    }

    var isGroupIdle: Bool { group.joiners.isEmpty && !hasGone }

    /// The one who has created the group tells of it: from now on the room follows it.
    mutating func found(
        _ groupInfo: [UInt8], by id: MemberID, now: Duration, actions: inout [RoomAction]
    ) throws(RoomError) {
        guard group.creator == id else { throw .malformed }
        // It may come again over another connection.
        guard group.book == nil else {
            guard limits.isRelay, group.groupInfo == groupInfo || group.epoch > 0 else { throw .malformed }
            return
        }
        do throws(GroupError) {
            group.found(
                try bookType.init(founding: groupInfo, by: id, isAtRelay: limits.isRelay), groupInfo)
        } catch {
            throw .malformed
        }
        silentChanges += 1
        changeGroup(now: now, actions: &actions)
    }

    /// Sees to it that somebody commits what is to be done.
    mutating func changeGroup(now: Duration, actions: inout [RoomAction]) {
        group.mustAsk = false
        group.retryAt = nil
        // Nobody is left who has the group's keys: it begins anew with the first who waits.
        if !group.isRegistered, !members.values.contains(where: { $0.link != nil }) {
            group.begin()
            forgetGroupless(now: now, actions: &actions)
            guard let first = group.joiners.first, let joiner = group.joiners.take(first.id) else { return }
            group.creator = joiner.id
            letIn([joiner], welcome: [], now: now, actions: &actions)
        }
        guard let book = group.book else { return }
        if asksForSecret(book, now: now, actions: &actions) { return }
        guard !isGroupIdle else { return askForUpdate(book, now: now, actions: &actions) }
        if asksModerator(book, now: now, actions: &actions) { return }
        guard group.isFree() else { return }
        // It is not known yet whether what there is can be followed.
        if let reviewAt = group.unfollowed.complaint.flatMap({ _ in group.unfollowed.reviewAt }), now < reviewAt {
            return group.waits(until: reviewAt)
        }
        let pause = group.window.pause(lowest: lowestEpoch, now: now) ?? group.pace.pausedUntil
        if let pause, now < pause { return group.waits(until: pause) }
        guard let (committer, link) = committer(now: now) else {
            return letInUnattended(now: now, actions: &actions)
        }
        let comers = group.comers(now: now)
        guard !comers.isEmpty || hasGone else {
            askForUpdate(book, now: now, actions: &actions)
            return group.waits(until: group.nextComer(now: now) ?? now)
        }
        group.updates.comersHaveTurn()
        ask(committer, link, adding: comers, removing: gone, book, now: now, actions: &actions)
    }

    /// The group begins anew: whoever has no place behind which it hears of that is in neither.
    private mutating func forgetGroupless(now: Duration, actions: inout [RoomAction]) {
        members.newestSince = 0
        for id in members.inOrder.map(\.id) {
            members[id]?.since = 0
            members[id]?.epoch = 0
            members[id]?.followed = 0
            guard !group.joiners.contains(where: { $0.id == id }) else { continue }
            forget(id, reason: .lost, now: now, actions: &actions)
        }
    }

    mutating func ask(
        _ committer: MemberID, _ link: LinkID, adding comers: [Joiner], removing gone: [MemberID],
        _ book: any GroupBook, now: Duration, actions: inout [RoomAction]
    ) {
        let (candidates, removals) = group.ask(
            committer, adding: comers, removing: gone, mark: bookType.mark,
            until: now + patience(of: committer, isUpdate: comers.isEmpty && gone.isEmpty, now: now))
        let weight = book.answerByteCount(adding: candidates.count, removing: removals.count)
        actions.append(.expectLongMessage(link, byteCount: weight))
        actions.append(
            .send(link, HostMessage.commitWanted(adding: candidates, removing: removals).encoded))
    }

    /// The host's own member; else, and last those whom somebody could not follow and those who are barred, a moderator, and the one that
    /// has been here longest, of those that are connected and were not asked in vain.
    private mutating func committer(now: Duration) -> (MemberID, LinkID)? {
        let present = members.values.filter {
            $0.absence == nil && $0.link != nil && group.unfollowed.reports[$0.id] == nil
        }
        guard !present.isEmpty else { return nil }
        if present.allSatisfy({ group.passedOver.contains($0.id) }) {
            group.forgive(now: now)
            // Nobody of them answers: as if nobody were there.
            if isOpenUnattended, !group.joiners.isEmpty { return nil }
        }
        let moderators = Set(group.book?.moderators ?? [])
        // Those who do not moderate may be silent on purpose, one after the other. A moderator that comes back waits for none of them.
        if isOpenUnattended, !present.contains(where: { moderators.contains($0.id) }),
            group.joiners.contains(where: {
                $0.isReturning && moderators.contains($0.id) && !group.passedOver.isSilent($0.id)
            })
        {
            return nil
        }
        // That one comes again at once is its word alone: it may want somebody else asked, whose Commit leaves others behind.
        let mayDoubt = group.updates.mayOthers(now: now)
        func trust(_ member: Member) -> Int {
            let isModerator = moderators.contains(member.id)
            if group.barred.contains(member.id) { return 3 }
            if !isModerator, group.barred.accuser(of: member.id) != nil { return 2 }
            return group.passedOver.isDoubted(member.id) && (mayDoubt || !isModerator) ? 1 : 0
        }
        func rank(_ member: Member) -> (Int, Int, UInt64) {
            (trust(member), member.isHost ? 0 : moderators.contains(member.id) ? 1 : 2, member.order)
        }
        let best = present.filter { !group.passedOver.contains($0.id) || group.passedOver.isDoubted($0.id) }
            .min { rank($0) < rank($1) }
        guard let best, let link = best.link else { return nil }
        return (best.id, link)
    }

    /// Whether somebody may come in by itself.
    private var isOpenUnattended: Bool { limits.isRelay && limits.admitsUnattended && group.isRegistered }

    mutating func commit(
        _ commit: GroupCommit, from sender: MemberID, link: LinkID, now: Duration,
        witness: (_ commit: GroupCommit, MemberID) -> Bool, actions: inout [RoomAction]
    ) throws(RoomError) {
        let isAnswer = group.asked?.member == sender
        let isRefusal = isAnswer && takeRefusals(commit.refused, from: sender, now: now, actions: &actions)
        guard !commit.commit.isEmpty else {
            if isAnswer {
                if isRefusal, !commit.refused.isEmpty {
                    group.refused(by: sender)
                } else {
                    group.gaveNoAnswer()
                }
                changeGroup(now: now, actions: &actions)
            }
            return
        }
        guard let booked = booked(commit, from: sender, now: now) else {
            actions.append(.send(link, HostMessage.commitDeclined(epoch: commit.epoch).encoded))
            // A wrong answer is none. One of an epoch that is over is none either: it was made before the question came.
            if isAnswer, commit.epoch == group.epoch {
                group.gaveNoAnswer()
                changeGroup(now: now, actions: &actions)
            } else if !isAnswer, !isShutOut(sender) {
                wantsUpdate(sender, now: now)
            }
            return
        }
        guard witness(commit, sender) else { throw .malformed }
        accept(booked, commit, from: sender, now: now, actions: &actions)
        if isAnswer, booked.changesMembers || group.asked?.isUpdate == true {
            group.answered()
        }
        // Who moderates is not changed by a Commit that changes the members.
        if !booked.changesMembers || !isModerator(sender) { group.updates.remove(sender) }
        changeGroup(now: now, actions: &actions)
    }

    /// The member says of these that their KeyPackages cannot be used. The room believes that of those in which it finds a fault
    /// itself, and the host's own participant: another one could keep everybody out, if it is alone or the others are slow. Returns
    /// whether all that it says is believed, or over.
    private mutating func takeRefusals(
        _ refused: [MemberID], from sender: MemberID, now: Duration, actions: inout [RoomAction]
    ) -> Bool {
        let isOfHost = members[sender]?.isHost != false
        var isBelieved = true
        for id in refused {
            guard group.wasAsked(toAdd: id), let joiner = group.joiners[id] else {
                // It has gone, or waits with another KeyPackage; a member that was never asked about it makes it up.
                if group.asked?.adds[id] == nil { isBelieved = false }
                continue
            }
            guard isOfHost || !isUsable(joiner.keyPackage, of: id) || isSpent(joiner.keyPackage) else {
                isBelieved = false
                continue
            }
            group.joiners.take(id)
            turnAway(joiner, keyPackageRefusal, now: now, actions: &actions)
        }
        return isBelieved
    }

    /// What the Commit does, if the room takes it now: comings and goings from the one who was asked for them, new keys when it
    /// is time for them. What would not be taken is not looked into, which costs much.
    private func booked(_ commit: GroupCommit, from sender: MemberID, now: Duration) -> BookedCommit? {
        guard let book = group.book, commit.epoch == book.epoch else { return nil }
        let asked = group.asked?.member == sender ? group.asked : nil
        let mayRenew = mayRenewSecret(sender, now: now)
        guard asked != nil || mayRenew || mayUpdate(sender, now: now),
            let booked = try? book.stage(commit.commit, from: sender, as: asked?.purpose ?? .update),
            booked.changesMembers || mayUpdate(sender, now: now)
                || mayRenew && booked.book.secretGeneration != book.secretGeneration,
            booked.added.isEmpty == commit.welcome.isEmpty,
            booked.book.secretGeneration == book.secretGeneration || isSecretRenewable(now: now),
            booked.book.accepts(groupInfo: commit.groupInfo)
        else { return nil }
        return booked
    }

    private mutating func accept(
        _ booked: BookedCommit, _ commit: GroupCommit, from sender: MemberID, now: Duration,
        actions: inout [RoomAction]
    ) {
        if booked.changesMembers {
            if sender == group.invites.renewer(now: now) { group.updates.mayAskForSecretAgain() }
            group.membersChanged(by: booked.added.compactMap { group.asked?.adds[$0]?.way }, now: now)
        } else {
            group.updates.updated(by: sender, now: now)
            members[sender]?.lastUpdate = now
        }
        // In the order of their waiting, whatever that in the Commit is.
        let asked = booked.added.compactMap { group.asked?.adds[$0] }.sorted { $0.serial < $1.serial }
        let joiners = asked.filter { group.wasAsked(toAdd: $0.id) }.compactMap { group.joiners.take($0.id) }
        let taken = Set(joiners.map(\.id))
        let gone = asked.filter { !taken.contains($0.id) && !$0.isReturning }
        let before = group.book
        if before?.secretGeneration == booked.book.secretGeneration {
            watchCommit(by: sender, now: now)
        } else {
            group.unfollowed.allStay()
        }
        if let followed = members[sender]?.followed { members[sender]?.followed = max(followed, commit.epoch) }
        group.advance(by: booked, commit.groupInfo, of: sender, lowest: lowestEpoch, now: now)
        // Nobody has heard of those who came by a Commit that was undone.
        let entries = (joiners + gone).filter { !$0.isReturning || before?.contains($0.id) == false }.map {
            HostMessage.RoomState.Entry(id: $0.id, isHost: $0.isHost, nick: $0.nick.text)
        }
        let message = HostMessage.committed(
            from: sender, floor: group.window.floor, joined: entries, commit: commit.commit)
        actions.append(.broadcast(message.encoded, tag: 0))
        // They were added, and have gone before they could be told. In the book they are still.
        for joiner in gone {
            actions.append(.broadcast(HostMessage.left(joiner.id, .lost).encoded, tag: 0))
        }
        letIn(joiners, welcome: commit.welcome, now: now, actions: &actions)
        guard before?.secretGeneration != booked.book.secretGeneration else { return }
        group.updates.renewed(now: now)
        actions.append(.invitesChanged)
        // Those who are asked for the secret follow the Commit before.
        reviewJoiners(now: now, actions: &actions)
    }

    /// Whether somebody behind the link, who is no member yet, waits for a Commit or for the host.
    package func awaits(_ link: LinkID) -> Bool {
        group.joiners[link] != nil || waiting.contains { $0.link == link }
    }
}
