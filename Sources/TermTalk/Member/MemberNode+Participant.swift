package import Chat
internal import Room
internal import SecureSession

extension MemberNode: Participant {
    package var member: LoopMember? { person }

    package var othersWhoseRoomEnds: Int { 0 }

    package var isModerator: Bool { person.client.isModerator }

    package var isCongested: Bool { person.isCongested }

    package var onDecongested: (() -> Void)? {
        get { person.onDecongested }
        set { person.onDecongested = newValue }
    }

    package var outputProgress: (() -> OutputProgress)? {
        get { person.outputProgress }
        set { person.outputProgress = newValue }
    }

    package func outputProgressed() {
        scheduleFlush()
    }

    package func listMembers() {
        tell(.members(person.client.memberList))
    }

    package func showInvite(as form: InviteForm) {
        guard !person.client.isInviteRevoked else { return tell(.error(.inviteChanged)) }
        // The one with which the group's creator came lets nobody in from now on; the group's is shown as soon as it does.
        guard !person.client.awaitsFirstInvite else { return }
        guard let invite = stay.invite, let hostKey else {
            tell(.error(.joinedWithoutInvite))
            return
        }
        let others = otherAddresses?(target.address) ?? []
        tell(
            .invite(
                Invite(
                    room: target.room, address: target.address,
                    alternatives: Array(others.prefix(Invite.addressLimit - 1)), hostKey: hostKey,
                    creatorKey: target.creatorKey, secret: invite, isAuthorized: target.isInviteAuthorized,
                    isOfGroup: target.isInviteOfGroup
                ).text, form: form))
    }

    package func perform(_ command: FileCommand) {
        files.exchange?.perform(command)
    }

    package func perform(_ command: RoomCommand) {
        person.act { client, actions throws(ChatEvent.Notice) in try client.moderate(command, actions: &actions) }
    }
}
