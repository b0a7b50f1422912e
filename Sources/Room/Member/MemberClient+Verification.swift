package import Chat
internal import Sodium

// Who is who: room words, fingerprints, and checks with one member at a time.
extension MemberClient {
    // MARK: The room

    /// What the room words of the current epoch are made from.
    package func roomWords() throws(ChatEvent.Notice) -> RoomWords {
        do throws(GroupError) {
            guard phase == .joined else { throw .unavailable }
            return RoomWords(
                epoch: engine.epoch, groupID: engine.groupID, authenticator: try engine.epochAuthenticator())
        } catch {
            throw .notInTheRoom
        }
    }

    /// The answer to `/verify`, when the words are there.
    package func overview(epoch: UInt64, words: [String]) -> Verification.Overview {
        .init(
            epoch: epoch, isCurrent: engine.epoch == epoch, words: words,
            members: memberList.map { info in
                .init(
                    info: info, isOwn: info.id == id,
                    fingerprint: engine.signatureKey(of: info.id).map { Fingerprint(of: $0) })
            })
    }

    // MARK: What the person wants

    /// Begins to compare words with a member, or shows those that are to be compared.
    package mutating func check(_ name: String, actions: inout [Action]) throws(ChatEvent.Notice) {
        let peer = try member(named: name)
        guard peer != id else {
            throw .nothingToCompare
        }
        if let words = checks.words(with: peer) {
            return tell(.compare, of: peer, words: words, actions: &actions)
        }
        guard !checks.isOpen(with: peer) else { return tell(.waiting, of: peer, actions: &actions) }
        guard phase == .joined, let parties = parties(with: peer) else { throw .notInTheRoom }
        let steps: [PairwiseCheck.Step]
        do throws(CheckBook.Refusal) {
            steps = try checks.begin(with: peer, parties, now: now)
        } catch {
            throw .tooManyChecks
        }
        tell(.waiting, of: peer, actions: &actions)
        carryOut(steps, with: peer, actions: &actions)
    }

    /// The person has compared the words with a member. Nothing else marks a member.
    package mutating func answerCheck(
        _ name: String, isSame: Bool, actions: inout [Action]
    ) throws(ChatEvent.Notice) {
        let peer = try member(named: name)
        guard checks.words(with: peer) != nil, let key = engine.signatureKey(of: peer) else {
            throw .noWords(with: peer)
        }
        checks.end(with: peer)
        checks.verified[peer] = isSame ? key : nil
        tell(isSame ? .verified : .differs, of: peer, actions: &actions)
        if !isSame {
            actions.append(.tell(.warning(.wordsDiffer(peer))))
        }
    }

    func isVerified(_ member: MemberID) -> Bool {
        guard let known = checks.verified[member] else { return false }
        return engine.signatureKey(of: member) == known
    }

    // MARK: What peers send

    mutating func received(_ message: CheckMessage, from sender: MemberID, actions: inout [Action]) {
        guard let parties = parties(with: sender) else { return }
        do throws(CheckBook.Refusal) {
            let outcome = try checks.received(message, from: sender, parties, now: now)
            if outcome.replacesWords {
                actions.append(.tell(.warning(.checkEnded(sender, "it has begun anew"))))
            }
            carryOut(outcome.steps, with: sender, actions: &actions)
        } catch {
            switch error {
            case .failed(.brokenCommitment): actions.append(.tell(.warning(.brokenCommitment(sender))))
            case .failed(.outOfTurn): actions.append(.tell(.warning(.outOfTurn(sender))))
            // The one who begins is told, by the time that it waits in vain.
            case .failed(.begunAnew), .tooMany: break
            }
        }
    }

    private mutating func carryOut(_ steps: [PairwiseCheck.Step], with peer: MemberID, actions: inout [Action]) {
        for step in steps {
            switch step {
            case .send(let message):
                outbox.append(Outbox.Message(id: newMessageID(), to: peer, content: .check(message)))
            case .show(let words):
                tell(.compare, of: peer, words: words, actions: &actions)
            }
        }
        sendWaiting(actions: &actions)
    }

    /// The host has not taken what was to go to a member.
    mutating func checkUndelivered(to peer: MemberID, actions: inout [Action]) {
        endCheck(with: peer, "nothing reaches it", actions: &actions)
    }

    // MARK: What ends checks and marks

    mutating func endCheck(with peer: MemberID, _ reason: String, actions: inout [Action]) {
        guard checks.end(with: peer) else { return }
        actions.append(.tell(.warning(.checkEnded(peer, reason))))
    }

    mutating func expireChecks(actions: inout [Action]) {
        for (peer, hadWords) in checks.expire(now: now) {
            actions.append(
                .tell(.warning(.checkEnded(peer, hadWords ? "nobody has answered it" : "there was no answer"))))
        }
    }

    /// The group has changed: checks and marks are for keys, and for this group.
    mutating func reviewKeys(actions: inout [Action]) {
        for peer in checks.entries.keys.sorted(by: { $0.packed < $1.packed })
        where !checks.fits(parties(with: peer), peer) {
            endCheck(with: peer, "it is not in the group with that key any more", actions: &actions)
        }
        for (member, known) in checks.verified.sorted(by: { $0.key.packed < $1.key.packed }) {
            guard let key = engine.signatureKey(of: member), key != known else { continue }
            checks.verified[member] = nil
            tell(.withdrawn, of: member, actions: &actions)
        }
    }

    private func parties(with peer: MemberID) -> PairwiseCheck.Parties? {
        guard let id, let ownKey = engine.signatureKey(of: id), let peerKey = engine.signatureKey(of: peer) else {
            return nil
        }
        return .init(groupID: engine.groupID, ownKey: ownKey, peerKey: peerKey)
    }

    func tell(
        _ state: Verification.Check.State, of member: MemberID, words: [String] = [], actions: inout [Action]
    ) {
        let nick = members[member]?.nick ?? member.description
        actions.append(.tell(.verification(.check(.init(member: member, nick: nick, state: state, words: words)))))
    }
}
