internal import Chat
internal import EventLoop
internal import Room
internal import RoomStore
internal import SecureSession

// A room that is kept: nobody hears of anything before it is on the disk.

extension HostNode {
    /// From now on the room is kept.
    func keep(with journal: RoomJournal) {
        self.journal = journal
        room.log.readableEnd = room.log.end
        recordSoon()
    }

    /// The room as it was kept goes on, before anybody is connected.
    func resume(_ kept: Room, invites: InviteTable) {
        var kept = kept
        kept.restarted(now: loop.time) { reader, key in
            let connection = HostConnection(
                away: connections.freeLink(), reader: reader, key: key, at: loop.time, node: self)
            connections.add(connection)
            connections.becameMember(connection)
            return connection.link
        }
        room = kept
        door.takeUp(invites)
        door.useInvitesOfGroup(in: room)
        invitesChanged()
        scheduleRoomSweep()
        endingNotes.roomEnds(at: room.closesAt)
    }

    /// What the room is changed by, beside what is said in it.
    func stateChanged() {
        guard journal != nil else { return }
        journal?.stateChanged()
        recordSoon()
    }

    /// Does that once the room as it is now is on the disk; at once where it is not kept.
    package func whenKept(_ body: @escaping () -> Void) {
        guard let journal else { return body() }
        journal.whenKept(body)
        recordSoon()
    }

    func recordSoon() {
        guard journal != nil, !isRecording else { return }
        isRecording = true
        loop.atEndOfTurn { [weak self] in self?.record() }
    }

    private func record(isLast: Bool = false) {
        isRecording = false
        guard let journal, !isEnding else { return }
        do throws(StoreError) {
            guard let later = try journal.record(room.log, now: isLast ? nil : loop.time) else { return }
            isRecording = true
            _ = loop.schedule(after: later - loop.time) { [weak self] in self?.record() }
        } catch {
            // What waits is written first.
            guard error != .overloaded else { return }
            storeFailed(error)
        }
    }

    /// What the store says, on the loop.
    func storeReported(_ reports: [StoreReport]) {
        for report in reports where !isEnding {
            switch report {
            case .durable(let number):
                room.log.readableEnd = max(room.log.readableEnd, number)
                recordSoon()
            case .checkpointed(_, let serial):
                for body in journal?.written(serial: serial) ?? [] { body() }
            case .stalled:
                tell(.warning(.storeStalled))
                // What it deletes may be what is missing.
                stateChanged()
            case .resumed: tell(.warning(.storeResumed))
            case .failed(let error): storeFailed(error)
            }
        }
        readOn()
    }

    /// The room ends, and is kept no longer: all is told.
    func readWithoutStore() {
        guard room.log.readableEnd < .max else { return }
        room.log.readableEnd = .max
        readOn()
    }

    /// There is more to be read.
    private func readOn() {
        participant?.read()
        for connection in connections.all where hasMore(for: connection) { markDirty(connection) }
    }

    private func storeFailed(_ error: StoreError) {
        guard journal != nil else { return }
        journal = nil
        onEvent?(.storeFailed(error))
    }

    /// Members are not read from while the disk lags behind.
    func waitForStore(_ connection: HostConnection) {
        guard journal?.isCongested == true || sharing?.isCongested == true else { return }
        connection.pauseReading(until: loop.time + Self.storePatience, loop: loop)
    }

    /// The room pauses: members are told, as far as their connections take it at once, lose these, and come back when the host does.
    /// ``Event/closed(_:)`` follows.
    func pause() {
        guard !isEnding else { return }
        shareLeaving()
        // How far each has come stands in a snapshot.
        journal?.stateChanged()
        record(isLast: true)
        phase = .closing(.hostQuit)
        tellOfPause()
        _ = loop.schedule(after: Self.pauseDeadline) { [weak self] in self?.finishClosing() }
        finishPauseIfTold()
    }

    private func tellOfPause() {
        for connection in connections.members {
            guard let stream = connection.stream else { continue }
            var wire: [UInt8] = []
            try? connection.session.sealPause(into: &wire, now: loop.time)
            stream.write(wire.span)
            stream.closeAfterWriting()
        }
        for connection in door.visitors.compactMap({ connections[$0.link] }) where !connection.isReleased {
            drop(connection)
        }
    }

    /// Whose connection has not taken the word yet is waited for, for a moment.
    func finishPauseIfTold() {
        guard isPausing, !connections.all.contains(where: { $0.stream != nil }) else { return }
        finishClosing()
    }

    /// Whether the room ends for this process only.
    private var isPausing: Bool { isEnding && !room.isClosed }
}
