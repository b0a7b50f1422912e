internal import EventLoop
package import Room
internal import SecureSession

extension MemberNode: Participant {
    package var othersWhoseRoomEnds: Int { 0 }

    package var isModerator: Bool { client.isModerator }

    package var isCongested: Bool { client.outboxCount >= MemberClient.outboxHighWaterMark }

    package func outputProgressed() {
        scheduleFlush()
    }

    package func say(_ text: String, kind: MessageContent.Kind, to receiver: String?) {
        let isAway = hasJoined && !isInRoom
        withClient { client, actions throws(ChatEvent.Notice) in
            guard let id = try client.say(text, kind: kind, to: receiver, actions: &actions), isAway else { return }
            actions.append(.tell(.waiting(id, text: text)))
        }
        wasCongested = wasCongested || isCongested
    }

    package func changeNick(to nick: String) {
        withClient { client, actions throws(ChatEvent.Notice) in
            try client.changeNick(to: nick, actions: &actions)
        }
    }

    package func listMembers() {
        tell(.members(client.memberList))
    }

    package func showInvite(as form: InviteForm) {
        guard !client.isInviteRevoked else { return tell(.error(.inviteChanged)) }
        guard let invite = credentials.invite, let hostKey else {
            tell(
                .error(.init(.inputInvalid, "there is no invite to show: you joined without one", hint: "ask the host"))
            )
            return
        }
        tell(
            .invite(
                Invite(
                    room: target.room, address: target.address, hostKey: hostKey, creatorKey: target.creatorKey,
                    secret: invite, isAuthorized: target.isInviteAuthorized, isOfGroup: target.isInviteOfGroup
                ).text, form: form))
    }

    package func verify(_ command: VerifyCommand) {
        Verifying.perform(command, loop: loop) { [weak self] body in
            guard let self, !self.hasEnded else { return }
            self.withClient(body)
        }
    }

    package func perform(_ command: RoomCommand) {
        withClient { client, actions throws(ChatEvent.Notice) in try client.moderate(command, actions: &actions) }
    }

    package func leave() {
        leavingSince = leavingSince ?? loop.time
        leaveIfDelivered()
    }

    /// Leaves now, whatever is still on its way.
    package func leaveAtOnce() {
        guard !hasEnded else { return }
        if isInRoom {
            var actions: [MemberClient.Action] = []
            client.leave(actions: &actions)
            perform(actions)
        } else {
            stream?.close()
            stream = nil
            end(.quit, nil)
        }
    }

    package func panic() {
        leaveAtOnce()
        loop.atEndOfTurn { [weak self] in self?.finish() }
    }

    func withClient(
        _ body: (inout MemberClient, inout [MemberClient.Action]) throws(ChatEvent.Notice) -> Void
    ) {
        var actions: [MemberClient.Action] = []
        client.now = loop.time
        do {
            try body(&client, &actions)
        } catch {
            actions.append(.tell(.error(error)))
        }
        perform(actions)
    }
}
