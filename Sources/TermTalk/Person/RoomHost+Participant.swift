package import Chat
internal import Room
internal import SecureSession

/// What the person at the host does.
extension RoomHost: Participant {
    package var othersWhoseRoomEnds: Int { isKept ? 0 : othersToEnd }
    package var othersToEnd: Int { max(0, (node?.localMembers.count ?? 0) - 1) }

    package var member: LoopMember? { node?.local }
    package var isModerator: Bool { true }

    package var isCongested: Bool { member?.isCongested ?? false }

    package func outputProgressed() {
        node?.participant?.acknowledge()
    }

    package func listMembers() {
        tell(.members(node?.localMembers ?? []))
    }

    package func showInvite(as form: InviteForm) {
        guard let entry = node?.door.invites.entries.first else { return }
        tell(.invite(inviteText(entry.secret), form: form))
    }

    func inviteText(_ secret: InviteSecret) -> String {
        guard let room else { return "" }
        return Invite(
            room: options.room, address: room.address, alternatives: alternatives, hostKey: room.hostKey,
            creatorKey: room.creatorKey, secret: secret, isAuthorized: options.hasClientAuthorization
        ).text
    }

    private func description(of entry: InviteTable.Entry, _ form: InviteForm = .text) -> RoomChange.Invite {
        .init(
            number: entry.number, text: inviteText(entry.secret), usesLeft: entry.usesLeft, used: entry.used,
            secondsLeft: entry.expiresAt.flatMap { node?.doorkeeper.secondsLeft(until: $0) }, form: form)
    }

    package func perform(_ command: RoomCommand) {
        guard let node else { return }
        guard !options.isHeadless else { return tell(.error(.nobodyAtHost)) }
        do throws(ChatEvent.Notice) {
            try perform(command, in: node)
        } catch {
            tell(.error(error))
        }
    }

    private func perform(_ command: RoomCommand, in node: HostNode) throws(ChatEvent.Notice) {
        switch command {
        case .makeInvite(let uses, let seconds, let form):
            let entry = try node.doorkeeper.makeInvite(uses: uses, lifetime: seconds.map { .seconds($0) })
            tellInvite(entry, as: form)
        case .listInvites:
            tell(.room(.invites(node.door.invites.entries.map { description(of: $0) })))
        case .revokeInvite(let number):
            try node.doorkeeper.revokeInvite(number: number)
            tellWhenKept(.inviteRevoked(number: number))
            if number == InviteTable.roomNumber { showRoomInvite(of: node) }
        case .kick(let name, let reason, let keepsInvites):
            try node.commands.expel(name, banned: false, keepsInvites: keepsInvites, reason: reason)
            if !keepsInvites { showRoomInvite(of: node) }
        case .ban(let name, let reason, let keepsInvites):
            try node.commands.expel(name, banned: true, keepsInvites: keepsInvites, reason: reason)
            if !keepsInvites { showRoomInvite(of: node) }
            if node.commands.isOpenToAnybody { tell(.warning(.bannedFromOpenRoom)) }
        case .lock: node.commands.setLocked(true)
        case .unlock: node.commands.setLocked(false)
        case .topic(let text): node.commands.setTopic(text)
        case .extend(let seconds):
            let left = try node.commands.extend(by: .seconds(seconds))
            register { $0.expires = wallClock() + left }
        case .slow(let seconds): node.commands.setSlowMode(seconds: seconds)
        case .end: end()
        case .op, .deop:
            member?.act { client, actions throws(ChatEvent.Notice) in
                try client.moderate(command, actions: &actions)
            }
        case .move: try startMove(in: node)
        case .approve(let name): try node.commands.decide(on: name, isApproved: true)
        case .deny(let name): try node.commands.decide(on: name, isApproved: false)
        }
    }

    /// The one before no longer works.
    func showRoomInvite(of node: HostNode) {
        guard let entry = node.door.invites.entries.first else { return }
        tellInvite(entry)
    }

    private func tellInvite(_ entry: InviteTable.Entry, as form: InviteForm = .text) {
        guard options.hasClientAuthorization else {
            return tellWhenKept(.inviteMade(description(of: entry, form)))
        }
        if room?.laterInvites.isEmpty == true { tell(.starting(.onionPublish, progress: nil)) }
        room?.laterInvites[entry.number] = form
    }

    /// What a crash must not undo once it was told.
    private func tellWhenKept(_ change: RoomChange) {
        node?.authority.whenKept { [weak self] in self?.tell(.room(change)) }
    }

    func tellLaterInvites() {
        let forms = room?.laterInvites ?? [:]
        room?.laterInvites = [:]
        for entry in node?.door.invites.entries ?? [] {
            if let form = forms[entry.number] { tellWhenKept(.inviteMade(description(of: entry, form))) }
        }
    }

    package func perform(_ command: FileCommand) {
        node?.files.own?.perform(command)
    }

    package func leave() {
        stop(.hostQuit)
    }
}
