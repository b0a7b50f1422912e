package import Room
internal import SecureSession

/// What the person at the host does.
extension RoomHost: Participant {
    package var othersWhoseRoomEnds: Int { isKept ? 0 : max(0, (node?.localMembers.count ?? 0) - 1) }

    package var isCongested: Bool { node?.isCongested ?? false }

    package func outputProgressed() {
        node?.acknowledgeLocally()
    }

    package func say(_ text: String, kind: MessageContent.Kind, to receiver: String?) {
        node?.withLocal { client, actions throws(ChatEvent.Notice) in
            try client.say(text, kind: kind, to: receiver, actions: &actions)
        }
    }

    package func changeNick(to nick: String) {
        node?.withLocal { client, actions throws(ChatEvent.Notice) in
            try client.changeNick(to: nick, actions: &actions)
        }
    }

    package func listMembers() {
        tell(.members(node?.localMembers ?? []))
    }

    package func showInvite(as form: InviteForm) {
        guard let entry = node?.inviteEntries.first else { return }
        tell(.invite(inviteText(entry.secret), form: form))
    }

    package func verify(_ command: VerifyCommand) {
        node?.verifyLocally(command)
    }

    func inviteText(_ secret: InviteSecret) -> String {
        guard let address, let hostKey else { return "" }
        return Invite(
            room: options.room, address: address, alternatives: alternatives, hostKey: hostKey, creatorKey: creatorKey,
            secret: secret,
            isAuthorized: options.hasClientAuthorization
        ).text
    }

    private func description(of entry: InviteTable.Entry, _ form: InviteForm = .text) -> RoomChange.Invite {
        .init(
            number: entry.number, text: inviteText(entry.secret), usesLeft: entry.usesLeft, used: entry.used,
            secondsLeft: entry.expiresAt.flatMap { node?.secondsLeft(until: $0) }, form: form)
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
            let entry = try node.makeInvite(uses: uses, lifetime: seconds.map { .seconds($0) })
            tellInvite(entry, as: form)
        case .listInvites:
            tell(.room(.invites(node.inviteEntries.map { description(of: $0) })))
        case .revokeInvite(let number):
            try node.revokeInvite(number: number)
            tell(.room(.inviteRevoked(number: number)))
            if number == InviteTable.roomNumber { showRoomInvite(of: node) }
        case .kick(let name, let reason):
            try node.expel(name, banned: false, reason: reason)
            showRoomInvite(of: node)
        case .ban(let name, let reason):
            try node.expel(name, banned: true, reason: reason)
            showRoomInvite(of: node)
            if node.isOpenToAnybody { tell(.warning(.bannedFromOpenRoom)) }
        case .lock: node.setLocked(true)
        case .unlock: node.setLocked(false)
        case .topic(let text): node.setTopic(text)
        case .extend(let seconds):
            let left = try node.extend(by: .seconds(seconds))
            if var entry {
                entry.expires = wallClock() + left
                register(entry)
            }
        case .slow(let seconds): node.setSlowMode(seconds: seconds)
        case .end: end()
        case .approve(let name): try node.decide(on: name, isApproved: true)
        case .deny(let name): try node.decide(on: name, isApproved: false)
        }
    }

    /// The one before no longer works.
    private func showRoomInvite(of node: HostNode) {
        guard let entry = node.inviteEntries.first else { return }
        tellInvite(entry)
    }

    private func tellInvite(_ entry: InviteTable.Entry, as form: InviteForm = .text) {
        guard options.hasClientAuthorization else { return tell(.room(.inviteMade(description(of: entry, form)))) }
        if laterInvites.isEmpty { tell(.starting(.onionPublish, progress: nil)) }
        laterInvites[entry.number] = form
    }

    func tellLaterInvites() {
        let forms = laterInvites
        laterInvites = [:]
        for entry in node?.inviteEntries ?? [] {
            if let form = forms[entry.number] { tell(.room(.inviteMade(description(of: entry, form)))) }
        }
    }

    package func leave() {
        stop(.hostQuit)
    }

    package func panic() {
        isPanicking = true
        end()
        node?.closeAtOnce()
    }
}
