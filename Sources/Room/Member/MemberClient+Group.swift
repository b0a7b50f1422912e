package import Chat
internal import Sodium

// The member's part in the group: what it seals and opens, the Commits it makes and receives, and what it makes of a host
// that does not play by the rules.
extension MemberClient {
    // MARK: Messages

    /// Sends what waits in the outbox: as it was sealed before in this epoch, if it was, else sealed now.
    mutating func transmit(_ waiting: Outbox.Message, _ index: Int, actions: inout [Action]) {
        let epoch = engine.epoch
        let sealed: [UInt8]
        if let form = waiting.form(of: epoch) {
            sealed = form
        } else {
            do throws(GroupError) {
                sealed = try seal(waiting)
            } catch {
                _ = outbox.takeOut(waiting.id)
                let notice =
                    waiting.to == nil
                    ? ChatEvent.Notice(.internalError, "the message was not sent: it could not be encrypted")
                    : RoomCode.noSuchMember.declination
                return undelivered(waiting, notice, actions: &actions)
            }
            outbox.send(index, sealed: sealed, in: epoch)
            upkeep.sealedSinceUpdate += 1
            if upkeep.sealedSinceUpdate == GroupUpkeep.updateMessages { wantUpdate(after: .zero) }
        }
        let request: MemberRequest =
            if let receiver = waiting.to {
                .privatePost(id: waiting.id, epoch: epoch, to: receiver, content: sealed)
            } else {
                .post(id: waiting.id, epoch: epoch, content: sealed)
            }
        actions.append(.send(request.encoded))
    }

    private func seal(_ waiting: Outbox.Message) throws(GroupError) -> [UInt8] {
        var envelope = Envelope(
            number: chain.number, chain: chain.value, nick: id.flatMap { members[$0]?.nick } ?? "",
            content: waiting.content.encoded)
        var plaintext = envelope.encoded
        defer {
            envelope.content.wipe()
            plaintext.wipe()
        }
        guard let receiver = waiting.to else { return try engine.seal(plaintext, id: waiting.id) }
        return try engine.sealPrivately(plaintext, id: waiting.id, to: receiver)
    }

    /// Our own message has come back: nobody can open what they have sealed, but it must be the same.
    mutating func takeOwn(
        _ messageID: MessageID, to receiver: MemberID?, content: [UInt8], actions: inout [Action]
    ) throws(GroupError) -> EnvelopeContent {
        guard let waiting = outbox.message(messageID, to: receiver, sealed: content) else { throw .forged }
        confirm(messageID, actions: &actions)
        return waiting.content
    }

    /// What another member said, and whether it has seen the same room.
    mutating func open(
        _ content: [UInt8], id messageID: MessageID, from sender: MemberID, isPrivate: Bool, actions: inout [Action]
    ) throws -> EnvelopeContent {
        let opened =
            isPrivate
            ? try engine.openPrivately(content, id: messageID, from: sender)
            : try engine.open(content, id: messageID, from: sender)
        let envelope = try Envelope(decoding: opened.plaintext)
        let said = try EnvelopeContent(decoding: envelope.content)
        if case .check = said, !isPrivate { throw RoomError.malformed }
        if chain.compare(number: envelope.number, value: envelope.chain, epoch: opened.epoch) == .different {
            actions.append(.tell(.warning(.fork(sender))))
        }
        if let member = members[sender], member.nick != envelope.nick, !member.formerNicks.contains(envelope.nick) {
            actions.append(.tell(.warning(.otherNick(sender, envelope.nick))))
            members[sender]?.remember(envelope.nick)
        }
        return said
    }

    // MARK: Commits

    /// The group that it comes in with: this member is its first, or a Welcome lets it in.
    mutating func enterGroup(
        _ roomState: HostMessage.RoomState, tree: [UInt8], actions: inout [Action]
    ) throws(GroupError) {
        if engine.hasExternalCommit, roomState.welcome.isEmpty {
            try engine.enterExternally()
            upkeep.updateDue = now + GroupUpkeep.updateInterval
        } else if roomState.welcome.isEmpty {
            let founding = MemberRequest.found(groupInfo: try engine.create()).encoded
            invite.founding = founding
            actions.append(.send(founding))
        } else {
            let host = roomState.members.first { $0.isHost }?.id ?? members.first { $0.value.isHost }?.key
            try engine.join(roomState.welcome, tree: tree, host: host)
            wantUpdate(after: pause)
        }
        guard engine.epoch == roomState.epoch else { throw .cannotJoin }
    }

    /// A Commit that the room has accepted.
    mutating func committed(
        by sender: MemberID, joined: [HostMessage.RoomState.Entry], commit: [UInt8], actions: inout [Action]
    ) throws(RoomError) {
        guard !upkeep.isStuck else { return try listUnreached(joined) }
        let before = engine.members
        let moderators = engine.moderators
        let generation = engine.secretGeneration
        let change: GroupChange
        do throws(GroupError) {
            change = try engine.received(commit: commit, from: sender)
        } catch {
            actions.append(.tell(.warning(error.commitWarning(about: sender))))
            try listUnreached(joined)
            return getStuck(actions: &actions)
        }
        beginChain()
        upkeep.pastSince = now
        for entry in joined {
            try list([entry], in: &members)
            upkeep.reported.remove(entry.id)
            actions.append(.tell(.memberJoined(id: entry.id, nick: entry.nick, count: members.count)))
            if isVerified(entry.id) { tell(.verified, of: entry.id, actions: &actions) }
        }
        for id in change.added.subtracting(joined.map(\.id)) where !before.contains(id) || members[id] == nil {
            ghost(id, actions: &actions)
        }
        for id in change.removed where members[id] != nil {
            actions.append(.tell(.warning(.removed(id, by: sender))))
        }
        for id in change.changedKeys {
            actions.append(.tell(.warning(.keyChanged(id))))
        }
        reviewKeys(actions: &actions)
        checkMembers(actions: &actions)
        compareModerators(moderators, actions: &actions)
        if change.isOwn {
            ownCommitAccepted()
            // Somebody who is asked for new keys, and has just given itself some.
            if let wanted = upkeep.wanted, wanted.candidates.isEmpty, wanted.removals.isEmpty { upkeep.wanted = nil }
        } else if upkeep.isUpdating, !engine.hasPendingCommit {
            // It has lost; the room says so too.
            upkeep.isUpdating = false
            upkeep.updateAttempts += 1
            wantUpdate(after: pause)
        }
        compareSecrets(generation, members: before, actions: &actions)
        carryOutWanted(actions: &actions)
    }

    /// They are in the room, and in an epoch of the group that this member is not in: they may have to come again.
    private mutating func listUnreached(_ joined: [HostMessage.RoomState.Entry]) throws(RoomError) {
        upkeep.reported.formUnion(joined.map(\.id))
        try list(joined, in: &members)
    }

    /// The group cannot be followed into its next epoch: the room hears so, and may undo that.
    private mutating func getStuck(actions: inout [Action]) {
        dropCommit()
        upkeep.stuckUntil = now + GroupUpkeep.undoPatience
        // What else has come meanwhile may undo it.
        guard !isAway else { return }
        actions.append(.send(MemberRequest.cannotFollow(epoch: engine.epoch &+ 1).encoded))
    }

    /// The same over another connection, on which the room may not have heard it.
    mutating func isStillStuck(actions: inout [Action]) {
        if upkeep.isStuck { getStuck(actions: &actions) }
    }

    /// Commits are void: this member is where the group goes on, or comes in anew.
    mutating func undone(epoch: UInt64, by committer: MemberID, actions: inout [Action]) {
        let unread = outbox.undone(to: epoch)
        if unread != (0, 0) {
            actions.append(.tell(.warning(.saidInVain(unread.forAll, unread.privately, by: committer))))
        }
        guard engine.epoch == epoch else { return startOver(actions: &actions) }
        guard upkeep.isStuck else { return }
        upkeep.stuckUntil = nil
        actions.append(.tell(.warning(.undone(committer))))
        tellMissed(actions: &actions)
        sendWaiting(actions: &actions)
        carryOutWanted(actions: &actions)
    }

    private mutating func startOver(actions: inout [Action]) {
        tellMissed(actions: &actions)
        actions.append(.tell(.warning(.lost)))
        upkeep.hasModerated = isModerator
        phase = .joining(Arrival())
        actions.append(.startOver)
    }

    /// Nothing comes any more that was sealed before this epoch.
    mutating func settled(floor: UInt64) {
        engine.forgetEpochs(before: min(floor, engine.epoch))
        if floor >= engine.epoch { upkeep.pastSince = nil }
    }

    /// Whether this member could follow a Commit of another one, which the room is about to accept.
    package func couldFollow(_ commit: GroupCommit, from sender: MemberID) -> Bool {
        phase == .joined && engine.canFollow(commit, from: sender)
    }

    private mutating func ownCommitAccepted() {
        guard upkeep.isUpdating else { return }
        upkeep.isUpdating = false
        upkeep.updateAttempts = 0
        upkeep.sealedSinceUpdate = 0
        upkeep.updateDue =
            now + (upkeep.roleChanges.isEmpty ? GroupUpkeep.updateInterval : RoomLimits.updateInterval)
    }

    mutating func commitDeclined(epoch: UInt64, actions: inout [Action]) {
        if epoch == engine.epoch { dropCommit() }
        carryOutWanted(actions: &actions)
    }

    /// The Commit of ours that is on its way has lost, if there is one.
    mutating func dropCommit() {
        guard engine.hasPendingCommit else { return }
        engine.dropPendingCommit()
        if upkeep.isUpdating {
            upkeep.isUpdating = false
            upkeep.updateAttempts += 1
            wantUpdate(after: pause)
        }
    }

    /// Commits what the room has asked for, unless a Commit of ours is still on its way.
    mutating func carryOutWanted(actions: inout [Action]) {
        guard let wanted = upkeep.wanted, !engine.hasPendingCommit, phase == .joined, !isAway, !upkeep.isStuck else {
            return
        }
        upkeep.wanted = nil
        if wanted.candidates.isEmpty, wanted.removals.isEmpty { return commitUpdate(actions: &actions) }
        if !upkeep.roleChanges.isEmpty {
            actions.append(.send(MemberRequest.turnWanted.encoded))
        }
        let commit: GroupCommit
        do throws(GroupError) {
            commit = try engine.commit(adding: wanted.candidates, removing: wanted.removals)
        } catch {
            // Nothing has changed. Whoever asks for what cannot be gets no answer, as from a member that is away.
            return
        }
        // What removes somebody has a path, which is new keys for us.
        upkeep.isUpdating = !commit.removed.isEmpty && !commit.commit.isEmpty
        actions.append(.send(MemberRequest.commit(commit).encoded))
    }

    /// Something of ours could not be sent, or the room did not take it: a Commit is given up, and the person is told.
    package mutating func wasNotTaken(type: UInt8, actions: inout [Action]) {
        guard type == RoomMessageType.commit, engine.hasPendingCommit else { return }
        actions.append(.tell(.warning(.commitNotTaken)))
        commitDeclined(epoch: engine.epoch, actions: &actions)
    }

    // MARK: Time

    private var pause: Duration { upkeep.pause(memberCount: engine.members.count, random: random()) }

    mutating func wantUpdate(after pause: Duration) {
        upkeep.updateDue = min(upkeep.updateDue ?? .seconds(Int64.max), now + pause)
    }

    /// When ``timePassed(actions:)`` has something to do; nil for never.
    package var nextDeadline: Duration? {
        guard phase == .joined else { return nil }
        let next = checks.nextDeadline.orEarlier(slowDeadline)
        guard !isAway else { return next }
        let ghosts = upkeep.unlistedSince.values.min().map { $0 + GroupUpkeep.unlistedTime }
        let update = engine.hasPendingCommit || upkeep.isStuck ? nil : upkeep.updateDue
        let past = upkeep.pastSince.map { $0 + GroupUpkeep.pastTime }
        let registration = upkeep.isStuck ? nil : upkeep.registrationDue
        return next.orEarlier(ghosts).orEarlier(update).orEarlier(upkeep.stuckUntil).orEarlier(past)
            .orEarlier(registration).orEarlier(upkeep.expelled.nextDeadline)
    }

    package mutating func timePassed(actions: inout [Action]) {
        guard phase == .joined else { return }
        if let until = upkeep.stuckUntil, now >= until, !isAway { return startOver(actions: &actions) }
        sendWaiting(actions: &actions)
        if let due = upkeep.updateDue, now >= due, !engine.hasPendingCommit, !isAway, !upkeep.isStuck {
            commitUpdate(actions: &actions)
        }
        if !isAway { tellOfOldInvite(actions: &actions) }
        if let due = upkeep.registrationDue, now >= due, !isAway, !upkeep.isStuck { register(actions: &actions) }
        if let since = upkeep.pastSince, now >= since + GroupUpkeep.pastTime, !isAway { settled(floor: engine.epoch) }
        for (id, since) in upkeep.unlistedSince where !isAway && now >= since + GroupUpkeep.unlistedTime {
            upkeep.unlistedSince[id] = nil
            if engine.members.contains(id) {
                ghost(id, actions: &actions)
            } else if upkeep.reported.insert(id).inserted {
                actions.append(.tell(.warning(.notInGroup(id))))
            }
        }
        expireChecks(actions: &actions)
    }

    private mutating func commitUpdate(actions: inout [Action]) {
        upkeep.updateDue = nil
        if let commit = secretCommit(actions: &actions) ?? (engine.members.count > 1 ? updatingCommit() : nil) {
            upkeep.isUpdating = true
            actions.append(.send(MemberRequest.commit(commit).encoded))
        } else {
            upkeep.updateDue = now + GroupUpkeep.updateInterval
            giveUpRoleChange(actions: &actions)
        }
    }

    // MARK: Who is here

    /// Compares the host's list with the group.
    mutating func checkMembers(actions: inout [Action]) {
        // Of those who are neither listed nor in the group the person may be told again.
        upkeep.reported = upkeep.reported.filter { members[$0] != nil || engine.members.contains($0) }
        watchUnlisted()
    }

    mutating func watchUnlisted() {
        var since: [MemberID: Duration] = [:]
        func watch(_ id: MemberID) {
            if !upkeep.reported.contains(id) { since[id] = upkeep.unlistedSince[id] ?? now }
        }
        for id in engine.members where members[id] == nil { watch(id) }
        for id in members.keys where !engine.members.contains(id) { watch(id) }
        upkeep.unlistedSince = since
    }

    /// Somebody reads along whom the host does not list.
    private mutating func ghost(_ id: MemberID, actions: inout [Action]) {
        guard upkeep.reported.insert(id).inserted else { return }
        actions.append(.tell(.warning(.ghost(id))))
    }
}

extension MemberClient.Member {
    /// Former nicks that are remembered.
    static let formerNickLimit = 4

    mutating func rename(_ nick: String) {
        remember(self.nick)
        self.nick = nick
    }

    /// The member has called itself so.
    mutating func remember(_ nick: String) {
        formerNicks.append(nick)
        formerNicks.removeFirst(max(0, formerNicks.count - Self.formerNickLimit))
    }
}
