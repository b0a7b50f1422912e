internal import Chat
package import Sodium

// The member's part where the room is at a relay (docs/protocol.md, "Rooms of a relay").
extension MemberClient {
    /// Whoever has created the group says how others come in; it comes in later like others.
    mutating func tellOfRegistration(_ roomState: HostMessage.RoomState, actions: inout [Action]) {
        let hasCreated = roomState.welcome.isEmpty && engine.epoch == 0 && engine.handshakeKey != nil
        if hasCreated {
            register(actions: &actions)
        } else if invite.awaitsFirst {
            actions.append(.registered(isShown: true))
        }
        invite.awaitsFirst = hasCreated
        if hasCreated { invite.awaitsNew = false }
        // The relay may not know yet what this member has come back with, or has said so while it was not here.
        if invite.awaitsNew { register(actions: &actions) }
        renewSecretIfDue()
    }

    /// What lets others in is known to the relay: that of the first secret of the group, or of another one. Of a Commit that this
    /// member could not follow it learns nothing by that.
    mutating func registered(actions: inout [Action]) {
        upkeep.registrationDue = nil
        if invite.awaitsFirst {
            invite.awaitsFirst = false
            actions.append(.registered(isShown: true))
        } else if invite.awaitsNew {
            invite.awaitsNew = false
            actions.append(.registered(isShown: isModerator))
            if !isModerator { actions.append(.tell(.warning(.inviteRenewed))) }
        }
    }

    // MARK: Another secret

    /// All whom this member has sent out are not in the group any more: it gets another secret.
    mutating func renewSecretIfDue() {
        guard upkeep.expelled.areOut(of: engine.members) else { return }
        wantUpdate(after: .zero)
    }

    /// A Commit was followed, before which the group was in that generation of its secret, and these were in it.
    mutating func compareSecrets(_ generation: UInt64, members before: Set<MemberID>, actions: inout [Action]) {
        if engine.secretGeneration != generation {
            invite.awaitsNew = true
            upkeep.expelled.renewed(before: before)
            tellOfNewSecret(actions: &actions)
        }
        renewSecretIfDue()
    }

    /// A member that has lost the group comes anew, and knows a former secret.
    mutating func tellSecret(to candidate: GroupCandidate, actions: inout [Action]) {
        guard !upkeep.isStuck, let sealed = engine.sealedSecret(for: candidate) else { return }
        actions.append(.send(MemberRequest.secret(for: candidate.id, sealed: sealed).encoded))
    }

    /// What counts now, from one of the others. What is wrong is as good as no answer, and more than one are asked.
    mutating func takeSecret(_ sealed: [UInt8], from member: MemberID, actions: inout [Action]) {
        guard entrance.secretTellers.isHeard(member), (try? engine.takeSecret(sealed, from: member)) == true else {
            return
        }
        entrance.secretTellers.believe(member)
        invite.awaitsNew = true
        askToJoin(actions: &actions)
    }

    /// Each moderator tells the relay at once, and all others do where it has not heard of it after a while: so it hears of it, whoever
    /// has gone.
    mutating func tellOfNewSecret(actions: inout [Action]) {
        guard invite.awaitsNew else { return }
        if isModerator { return register(actions: &actions) }
        upkeep.registrationDue =
            now + GroupUpkeep.registrationPatience
            + upkeep.pause(memberCount: engine.members.count, random: random())
    }

    /// An invite that somebody who was sent out knows counts again: the person hears so. It is still changed as soon as that can be.
    mutating func tellOfOldInvite(actions: inout [Action]) {
        for entry in upkeep.expelled.takeDue(at: now) {
            actions.append(.tell(.warning(.inviteStays(for: entry.nick))))
        }
    }

    /// What this member wanted to change of the group, and leaves as it is.
    mutating func tellOfUndone(actions: inout [Action]) {
        guard isChangingGroup else { return }
        for entry in upkeep.expelled.giveUp() { actions.append(.tell(.warning(.inviteStays(for: entry.nick)))) }
        for change in upkeep.roleChanges {
            let nick = members[change.member]?.nick ?? change.member.description
            actions.append(.tell(.warning(.roleUnconfirmed(of: nick, isModerator: change.isModerator))))
        }
    }

    /// Whether this member has created the group, and the relay does not know yet what lets others in.
    package var awaitsFirstInvite: Bool { invite.awaitsFirst }

    /// Whether this member is about to replace the invite that somebody who was sent out knows, or to change who moderates.
    package var isChangingGroup: Bool {
        isModerator && (invite.awaitsNew || !upkeep.expelled.isEmpty || !upkeep.roleChanges.isEmpty)
    }

    /// The Commit by which the group has another secret; nil when there is nobody from whom it is to be kept, or it cannot be.
    mutating func secretCommit(actions: inout [Action]) -> GroupCommit? {
        guard upkeep.expelled.areOut(of: engine.members) else { return nil }
        if isModerator, let commit = try? engine.commitNewSecret() { return commit }
        for entry in upkeep.expelled.giveUp() { actions.append(.tell(.warning(.inviteStays(for: entry.nick)))) }
        return nil
    }

    /// Tells the relay which handshakes to accept.
    mutating func register(actions: inout [Action]) {
        upkeep.registrationDue = nil
        guard let key = engine.handshakeKey else { return }
        actions.append(.send(MemberRequest.register(presharedKey: key).encoded))
    }

    /// The secret that lets others into the group at a relay; nil at a host.
    package func groupSecret() -> SecretBytes? { engine.groupSecret() }

    /// Nobody is there: this member comes in by itself.
    mutating func commitExternally(_ groupInfo: [UInt8], tree: [UInt8], epoch: UInt64, actions: inout [Action]) {
        do throws(GroupError) {
            let commit = try engine.commitExternally(groupInfo, tree: tree, epoch: epoch)
            actions.append(.send(MemberRequest.joinExternally(commit).encoded))
        } catch {
            phase = .ended
            actions.append(.end(.lost, refusal: error.refusal))
        }
    }
}
