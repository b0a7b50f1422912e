// How members come into the group and out of it. The room asks one member, the host's own where there is one, to commit
// what is to be done, and accepts one Commit an epoch.
extension Room {
    // MARK: Coming in

    mutating func join(
        nick: String, id: MemberID, keyPackage: [UInt8], link: LinkID, key: [UInt8], isHost: Bool, now: Duration,
        actions: inout [RoomAction]
    ) {
        // Its own earlier stay, which it could not go on with.
        if memberOfKey[key] == id {
            return comeBack(id, keyPackage: keyPackage, link: link, key: key, now: now, actions: &actions)
        }
        if !isHost {
            if bannedKeys.contains(key) { return refuse(link, .banned, actions: &actions) }
            if isLocked { return refuse(link, .locked, actions: &actions) }
            if limits.asksHost {
                return wait(nick: nick, id: id, keyPackage: keyPackage, link: link, key: key, actions: &actions)
            }
        }
        enter(
            nick: nick, id: id, keyPackage: keyPackage, link: link, key: key, isHost: isHost, now: now,
            actions: &actions)
    }

    /// The host is asked. A nick that could not be had is refused at once.
    private mutating func wait(
        nick: String, id: MemberID, keyPackage: [UInt8], link: LinkID, key: [UInt8], actions: inout [RoomAction]
    ) {
        guard waiting.count < RoomLimits.waiting else { return refuse(link, .rateLimited, actions: &actions) }
        do throws(RefusedNick) {
            guard isFree(id), waiting[id] == nil else { throw RefusedNick(code: .idTaken) }
            let nick = try acceptableNick(nick.isEmpty ? id.description : nick, for: id, isHost: false)
            // The host says who is meant by the nick, or the id.
            let names = [nick.skeleton, NickSkeleton(id)]
            guard !waiting.values.contains(where: { !names.allSatisfy($0.isTold(from:)) }) else {
                throw RefusedNick(code: .nickTaken)
            }
            waiting[id] = Waiting(id: id, key: key, link: link, nick: nick, keyPackage: keyPackage)
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
        nick: String, id: MemberID, keyPackage: [UInt8], link: LinkID, key: [UInt8], isHost: Bool, now: Duration,
        actions: inout [RoomAction]
    ) {
        do throws(RefusedNick) {
            guard memberOfKey[key] == nil, isFree(id), !group.joiners.contains(where: { $0.key == key }) else {
                throw RefusedNick(code: .idTaken)
            }
            guard isHost || makeRoom(now: now, actions: &actions) && fitsWelcome else { throw RefusedNick(code: .full) }
            let nick = try acceptableNick(nick.isEmpty ? id.description : nick, for: id, isHost: isHost)
            memberOfNick[nick.skeleton] = id
            memberOfIDSkeleton[NickSkeleton(id)] = id
            group.add(
                .init(
                    id: id, link: link, key: key, nick: nick, isHost: isHost, isReturning: false,
                    keyPackage: keyPackage))
            changeGroup(now: now, actions: &actions)
        } catch {
            refuse(link, error.code, actions: &actions)
        }
    }

    /// Whether the Welcome for one more fits into a message, whatever is in the tree, and the answer of who makes it too.
    private var fitsWelcome: Bool {
        let joiners = min(group.joiners.count + 1, RoomLimits.candidatesPerCommit)
        let count = members.count + group.joiners.count + 1
        return RoomLimits.answerByteCount(members: count, joiners: joiners) <= RoomLimits.groupMessageByteCount
    }

    /// Whether the id reads like nobody's id or nick.
    private func isFree(_ id: MemberID) -> Bool {
        let skeleton = NickSkeleton(id)
        return members[id] == nil && memberOfNick[skeleton] == nil && memberOfIDSkeleton[skeleton] == nil
    }

    /// The member comes back without its session: to its place, under its nick, and the others hear nothing of it. What is
    /// said until it is in the group again is not repeated.
    private mutating func comeBack(
        _ id: MemberID, keyPackage: [UInt8], link: LinkID, key: [UInt8], now: Duration, actions: inout [RoomAction]
    ) {
        guard let member = members[id] else { return }
        if let old = member.link {
            overrun(old, now: now)
            actions.append(.release(old))
        }
        // Another one of its tries.
        if let earlier = group.takeJoiner(id) {
            actions.append(.release(earlier.link))
        }
        group.add(
            .init(
                id: id, link: link, key: key, nick: member.nick, isHost: member.isHost, isReturning: true,
                keyPackage: keyPackage))
        changeGroup(now: now, actions: &actions)
    }

    /// The link is gone, and whoever waits behind it does not come in.
    mutating func forgetJoiner(at link: LinkID) {
        guard let joiner = group.joiner(at: link) else { return }
        _ = group.takeJoiner(joiner.id)
        group.goesAway(joiner.id)
        releaseNames(of: joiner)
    }

    /// Whether somebody new behind the link waits for the Commit that lets it in.
    package func isComingIn(at link: LinkID) -> Bool { group.joiner(at: link)?.isReturning == false }

    private mutating func releaseNames(of joiner: GroupQueue.Joiner) {
        guard !joiner.isReturning else { return }
        memberOfNick[joiner.nick.skeleton] = nil
        memberOfIDSkeleton[NickSkeleton(joiner.id)] = nil
    }

    /// Those who wait for the Commit that lets them in and are not to come in any more are refused.
    package mutating func refuseNewcomers(
        _ code: RoomCode, actions: inout [RoomAction], where isMeant: (LinkID) -> Bool = { _ in true }
    ) {
        for joiner in group.joiners where !joiner.isReturning && !joiner.isHost && isMeant(joiner.link) {
            _ = group.takeJoiner(joiner.id)
            refuse(joiner, code, actions: &actions)
        }
    }

    mutating func refuse(_ joiner: GroupQueue.Joiner, _ code: RoomCode, actions: inout [RoomAction]) {
        releaseNames(of: joiner)
        refuse(joiner.link, code, actions: &actions)
    }

    /// The joiners are members of the group, and of the room, from now on.
    mutating func letIn(
        _ joiners: [GroupQueue.Joiner], welcome: [UInt8], now: Duration, actions: inout [RoomAction]
    ) {
        for joiner in joiners {
            place(joiner, now: now)
        }
        // Each is told of all the others.
        for joiner in joiners where memberOfLink[joiner.link] == joiner.id {
            admit(joiner.id, link: joiner.link, welcome: welcome, now: now, actions: &actions)
        }
    }

    private mutating func place(_ joiner: GroupQueue.Joiner, now: Duration) {
        if joiner.isReturning {
            guard let member = members[joiner.id] else { return }
            if member.absence != nil {
                awayCount -= 1
            }
            members[joiner.id]?.link = joiner.link
            members[joiner.id]?.absence = nil
            members[joiner.id]?.stale = StalePosts()
            members[joiner.id]?.receivedSequence = nextSequence - 1
        } else {
            members[joiner.id] = Member(
                id: joiner.id, key: joiner.key, isHost: joiner.isHost, order: nextOrder, nick: joiner.nick,
                link: joiner.link, receivedSequence: nextSequence - 1,
                messages: TokenBucket(capacity: limits.messageBurst, now: now),
                bytes: TokenBucket(capacity: limits.byteBurst, now: now))
            nextOrder += 1
            memberOfKey[joiner.key] = joiner.id
        }
        memberOfLink[joiner.link] = joiner.id
    }

    // MARK: Changing the group

    /// Sees to it that somebody commits what is to be done.
    mutating func changeGroup(now: Duration, actions: inout [RoomAction]) {
        group.mustAsk = false
        // Nobody is left who has the group's keys: it begins anew with the first who waits.
        if !group.isRegistered, !members.values.contains(where: { $0.link != nil }) {
            group.begin()
            guard let first = group.joiners.first, let joiner = group.takeJoiner(first.id) else { return }
            group.creator = joiner.id
            letIn([joiner], welcome: [], now: now, actions: &actions)
        }
        guard group.asked == nil, !group.isIdle else { return }
        if let pausedUntil = group.pausedUntil, now < pausedUntil {
            group.mustAsk = true
            return
        }
        guard let (committer, link) = committer() else {
            return letInUnattended(now: now, actions: &actions)
        }
        let (candidates, removals) = group.ask(committer, until: now + RoomLimits.committerPatience)
        let weight = RoomLimits.answerByteCount(members: members.count + candidates.count, joiners: candidates.count)
        actions.append(.expectLongMessage(link, byteCount: weight))
        actions.append(
            .send(link, HostMessage.commitWanted(adding: candidates, removing: removals).encoded))
    }

    /// The host's own member; else the one that has been here longest and is connected, of those that were not asked in vain.
    private mutating func committer() -> (MemberID, LinkID)? {
        let present = members.values.filter { $0.absence == nil && $0.link != nil }
        guard !present.isEmpty else { return nil }
        if present.allSatisfy({ group.silent.contains($0.id) }) {
            group.forgive()
        }
        let best = present.filter { !group.silent.contains($0.id) }
            .min { ($0.isHost ? 0 : 1, $0.order) < ($1.isHost ? 0 : 1, $1.order) }
        guard let best, let link = best.link else { return nil }
        return (best.id, link)
    }

    mutating func commit(
        _ commit: GroupCommit, from sender: MemberID, link: LinkID, now: Duration, actions: inout [RoomAction]
    ) {
        let isAnswer = group.asked?.member == sender
        if isAnswer {
            for id in commit.refused where group.wasAsked(toAdd: id) {
                guard let joiner = group.takeJoiner(id) else { continue }
                refuse(joiner, .keyPackageInvalid, actions: &actions)
            }
        }
        guard !commit.commit.isEmpty else {
            // Who finds nothing to do and nothing to refuse is not asked again before the deadline.
            if isAnswer, !commit.refused.isEmpty || !commit.removed.isEmpty {
                group.settle(commit, by: sender)
                group.answered()
                changeGroup(now: now, actions: &actions)
            }
            return
        }
        let changesMembers = !commit.added.isEmpty || !commit.removed.isEmpty
        if group.accepts(commit, from: sender), changesMembers || mayUpdate(sender, now: now) {
            if !changesMembers {
                group.lastUpdate = now
                members[sender]?.lastUpdate = now
            }
            if changesMembers {
                group.membersChanged(now: now)
            }
            let asked = group.asked?.adds ?? [:]
            let joiners = commit.added.filter { group.wasAsked(toAdd: $0) }.compactMap { group.takeJoiner($0) }
            let gone = commit.added.compactMap { id in
                joiners.contains { $0.id == id } || asked[id]?.isReturning == true ? nil : asked[id]
            }
            group.advance(by: commit, of: sender)
            let entries = (joiners + gone).filter { !$0.isReturning }.map {
                HostMessage.Admission.Entry(id: $0.id, isHost: $0.isHost, nick: $0.nick.text)
            }
            let message = HostMessage.committed(from: sender, joined: entries, commit: commit.commit)
            actions.append(.broadcast(message.encoded, tag: 0))
            // They were added, and have gone before they could be told.
            for joiner in gone {
                actions.append(.broadcast(HostMessage.left(joiner.id, .lost).encoded, tag: 0))
                group.remove(joiner.id)
            }
            letIn(joiners, welcome: commit.welcome, now: now, actions: &actions)
        } else {
            actions.append(.send(link, HostMessage.commitDeclined(epoch: commit.epoch).encoded))
        }
        if isAnswer, changesMembers {
            group.answered()
        }
        changeGroup(now: now, actions: &actions)
    }

    /// Whether the request is a Commit that would be accepted now, if it can be followed. That costs much to find out, and this
    /// little.
    package func wouldAccept(type: UInt8, body: [UInt8], from link: LinkID, now: Duration) -> Bool {
        guard type == RoomMessageType.commit, let id = memberOfLink[link],
            case .commit(let commit)? = try? MemberRequest(type: type, body: body), !commit.commit.isEmpty,
            group.accepts(commit, from: id)
        else { return false }
        return !commit.added.isEmpty || !commit.removed.isEmpty || mayUpdate(id, now: now)
    }

    /// Whether somebody behind the link, who is no member yet, waits for a Commit or for the host.
    package func awaits(_ link: LinkID) -> Bool {
        group.joiner(at: link) != nil || waiting.values.contains { $0.link == link }
    }

    /// Whether the member may give itself new keys now. Everybody has to compute for it, and what is on its way becomes
    /// stale by too many of them; who is to come or go comes first.
    private func mayUpdate(_ id: MemberID, now: Duration) -> Bool {
        guard group.asked == nil || group.asked?.member == id else { return false }
        let own = members[id]?.lastUpdate.map { now - $0 >= RoomLimits.ownUpdateInterval } ?? true
        return own && group.lastUpdate.map { now - $0 >= RoomLimits.updateInterval } ?? true
    }

    /// Nobody else may be waiting for an answer any more.
    mutating func closeGroup(_ reason: ChatEvent.CloseReason, actions: inout [RoomAction]) {
        for joiner in group.joiners {
            actions.append(.send(joiner.link, HostMessage.closing(reason).encoded))
            actions.append(.release(joiner.link))
        }
        group = GroupQueue()
    }
}
