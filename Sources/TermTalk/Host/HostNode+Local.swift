package import Chat
internal import EventLoop
internal import Logging
package import Room
internal import SecureSession
internal import Sodium
internal import Wire

// The person at the host, whose messages need no connection.

extension HostNode {
    /// The members as the host's own participant knows them.
    package var localMembers: [ChatEvent.MemberInfo] { local?.client.memberList ?? [] }

    /// Lets the person at the host take part.
    package func joinLocally(_ client: MemberClient) {
        let member = LoopMember(client, loop: loop, wallClock: wallClock) { [weak self] in self?.perform($0) }
        local = member
        beginLocalFiles()
        member.perform(member.connected())
    }

    private func perform(_ action: MemberClient.Action) {
        switch action {
        case .send(let message):
            receivedLocally(message)
        case .tell(let event):
            tell(event)
            if case .memberLeft(let member, _, _, _) = event { files.own?.memberLeft(member) }
        case .end(_, let refusal?):
            tell(.error(refusal))
            loop.atEndOfTurn { [weak self] in self?.endWithoutParticipant() }
        // The host's own participant commits who comes and goes itself, and looks at what others commit before they hear
        // of it. If it has lost the group all the same, the room is no use any more.
        case .startOver:
            tell(.error(.init(.groupLost, "the room is closed: the host's own participant has lost its group")))
            // It comes back into the group of a kept room when that is started again.
            loop.atEndOfTurn { [weak self] in self?.endWithoutParticipant() }
        case .offered(let offer, let member, let isPrivate):
            files.own?.offered(offer, from: member, isPrivate: isPrivate)
        case .admitted:
            files.connectedLocally()
            onJoined?()
        case .end, .registered, .moved, .hosts:
            break
        }
    }

    private func endWithoutParticipant() {
        if journal == nil { close(.hostQuit) } else { pause() }
    }

    private func receivedLocally(_ message: EncodedMessage) {
        var actions: [RoomAction] = []
        do throws(RoomError) {
            try room.received(
                type: message.type, body: message.body, from: Self.localLink, key: identity.publicKey.bytes,
                isHost: true, now: loop.time, actions: &actions)
        } catch {
            logger.error("the room does not take what the host's own participant sends")
            local?.act { client, actions in client.wasNotTaken(type: message.type, actions: &actions) }
        }
        perform(actions)
    }

    /// The person at the host has received what the console has taken.
    package func acknowledgeLocally() {
        guard let number = local?.cleared(seat.told), number > seat.acknowledged, seat.reader != nil else { return }
        seat.acknowledged = number
        room.acknowledged(sequence: number, by: Self.localLink, now: loop.time)
        guard let journal else { return }
        journal.hostReceived(upTo: number)
        sweeper.scheduleSession(at: loop.time + Self.noteDelay)
    }

    /// Gives the host's own participant what the log has for it. What it says to that comes into the log behind.
    func readLocally() {
        var unread: [EncodedMessage] = []
        while var reader = seat.reader {
            unread.removeAll(keepingCapacity: true)
            room.log.read(reader, limit: 1, into: &unread)
            guard let message = unread.first else { return }
            room.log.advance(&reader, by: 1)
            seat.reader = reader
            seat.records &+= UInt32(message.recordCount)
            let sequence = room.log.acknowledged(seat.records, by: reader.member) ?? 0
            deliverLocally(message)
            tellOfPrivateReceipts()
            if sequence > 0 {
                seat.told = sequence
                acknowledgeLocally()
            }
        }
    }

    func deliverLocally(_ message: EncodedMessage) {
        guard let local else { return }
        do throws(RoomError) {
            try local.received(type: message.type, body: message.body)
        } catch {
            logger.error("the host's own participant does not take what the room sends")
            perform(.startOver)
        }
    }
}
