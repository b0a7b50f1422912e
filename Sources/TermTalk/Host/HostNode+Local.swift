internal import EventLoop
internal import Logging
package import Room
internal import SecureSession
internal import Sodium
internal import Wire

// The host's own participant.

extension HostNode {
    /// The members as the host's own participant knows them.
    package var localMembers: [ChatEvent.MemberInfo] { local?.memberList ?? [] }

    /// Lets the person at the host take part.
    package func joinLocally(nick: String, engine: any GroupEngine) {
        local = MemberClient(nick: nick, engine: engine)
        var actions: [MemberClient.Action] = []
        local?.now = loop.time
        local?.connected(actions: &actions)
        perform(actions)
    }

    /// Carries out what the person at the host asks of the room.
    package func withLocal(_ body: (inout MemberClient, inout [MemberClient.Action]) throws(ChatEvent.Notice) -> Void) {
        guard var client = local else { return }
        var actions: [MemberClient.Action] = []
        client.now = loop.time
        do {
            try body(&client, &actions)
        } catch {
            actions.append(.tell(.error(error)))
        }
        local = client
        perform(actions)
    }

    package func verifyLocally(_ command: VerifyCommand) {
        Verifying.perform(command, loop: loop) { [weak self] body in self?.withLocal(body) }
    }

    func perform(_ actions: [MemberClient.Action]) {
        for action in actions {
            switch action {
            case .send(let message):
                receivedLocally(message)
            case .tell(let event):
                tell(event)
            case .end(_, let refusal?):
                tell(.error(refusal))
            // The host's own participant commits who comes and goes itself, and looks at what others commit before they hear
            // of it. If it has lost the group all the same, the room is no use any more.
            case .startOver:
                tell(.error(.init(.groupLost, "the room is closed: the host's own participant has lost its group")))
                // It comes back into the group of a kept room when that is started again.
                loop.atEndOfTurn { [weak self] in
                    guard let self else { return }
                    if self.journal == nil { self.close(.hostQuit) } else { self.pause() }
                }
            case .admitted: onJoined?()
            case .end, .created, .registered: break
            }
        }
        scheduleLocal()
    }

    private func receivedLocally(_ message: EncodedMessage) {
        var actions: [RoomAction] = []
        do throws(RoomError) {
            try room.received(
                type: message.type, body: message.body, from: Self.localLink, key: identity.publicKey.bytes,
                isHost: true, now: loop.time, actions: &actions)
        } catch {
            logger.error("the room does not take what the host's own participant sends")
            withLocal { client, actions in client.wasNotTaken(type: message.type, actions: &actions) }
        }
        perform(actions)
    }

    /// What the host's own participant has to do for the group in time.
    private func scheduleLocal() {
        guard let deadline = local?.nextDeadline, deadline != localDeadline else { return }
        localTimer?.cancel()
        localDeadline = deadline
        localTimer = loop.schedule(after: max(deadline - loop.time, .milliseconds(1))) { [weak self] in
            guard let self, var client = self.local, self.closing == nil else { return }
            self.localDeadline = nil
            var actions: [MemberClient.Action] = []
            client.now = self.loop.time
            client.timePassed(actions: &actions)
            self.local = client
            self.perform(actions)
        }
    }

    func pauseLocal(until: Duration) {
        let wasPaused = isCongested
        localPausedUntil = max(localPausedUntil, until)
        if !wasPaused {
            endLocalPauseLater()
        }
    }

    func endLocalPauseLater() {
        _ = loop.schedule(after: max(localPausedUntil - loop.time, .milliseconds(1))) { [weak self] in
            guard let self else { return }
            if self.isCongested {
                self.endLocalPauseLater()
            } else {
                self.onDecongested?()
            }
        }
    }

    /// Whether the person at the host says more than the room carries; no more should be read from the input.
    package var isCongested: Bool { localPausedUntil > loop.time }

    /// The person at the host has received what the console has taken.
    package func acknowledgeLocally() {
        let number = receiptGate.clear(localReceipts.told, outputProgress?())
        guard number > localReceipts.acknowledged, localReader != nil else { return }
        localReceipts.acknowledged = number
        room.acknowledged(sequence: number, by: Self.localLink, now: loop.time)
    }

    /// Gives the host's own participant what the log has for it. What it says to that comes into the log behind.
    func readLocally() {
        var unread: [EncodedMessage] = []
        while var reader = localReader {
            unread.removeAll(keepingCapacity: true)
            room.log.read(reader, limit: 1, into: &unread)
            guard let message = unread.first else { return }
            room.log.advance(&reader, by: 1)
            localReader = reader
            localRecords &+= UInt32(message.recordCount)
            let sequence = room.log.acknowledged(localRecords, by: reader.member) ?? 0
            deliverLocally(message)
            tellOfPrivateReceipts()
            if sequence > 0 {
                localReceipts.told = sequence
                acknowledgeLocally()
            }
        }
    }

    func deliverLocally(_ message: EncodedMessage) {
        guard var client = local else { return }
        var actions: [MemberClient.Action] = []
        client.now = loop.time
        do throws(RoomError) {
            try client.received(type: message.type, body: message.body, actions: &actions)
        } catch {
            logger.error("the host's own participant does not take what the room sends")
            actions.append(.startOver)
        }
        local = client
        perform(actions)
    }
}
