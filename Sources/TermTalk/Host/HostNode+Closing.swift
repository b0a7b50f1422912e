package import Chat
internal import EventLoop
internal import Room
internal import SecureSession

// The end of the room.

extension HostNode {
    /// Ends the room for everybody; ``Event/closed(_:)`` follows when all members have been told, or a deadline has passed.
    package func close(_ reason: ChatEvent.CloseReason) {
        guard !isEnding else { return }
        // All hosts end it at one place in the log.
        if sharing != nil, !room.isClosed {
            submit(.ended(reason))
            _ = loop.schedule(after: Self.closeDeadline) { [weak self] in self?.pause() }
            return
        }
        phase = .closing(reason)
        timeOver = .tellsAll
        readWithoutStore()
        var actions: [RoomAction] = []
        room.close(reason, actions: &actions)
        perform(actions)
        for connection in door.visitors.compactMap({ connections[$0.link] }) where !connection.isReleased {
            drop(connection)
        }
        _ = loop.schedule(after: Self.closeDeadline) { [weak self] in self?.finishClosing() }
        finishClosingIfDone()
    }

    /// Does not wait for members any more: they have been told, as far as their connections take it now.
    package func closeAtOnce() {
        loop.atEndOfTurn { [weak self] in
            // The other hosts of a shared room read that it is over.
            self?.pause()
            self?.finishClosing()
        }
    }

    /// For how much longer the connection, which is broken, is waited for while the room ends: its member is probably on its way
    /// back. Nil for no longer.
    func patienceAtTheEnd(with connection: HostConnection) -> Duration? {
        guard isEnding, let lostAt = connection.lostAt else { return nil }
        let left = lostAt + Self.lateness - loop.time
        return left > .zero ? left : nil
    }

    /// A member has come back while the room ends: it gets what waits for it, the end included.
    func hearOfTheEnd(received: UInt32, on connection: HostConnection) {
        guard let key = connection.peerKey,
            let old = connections.all.first(where: { $0.isReleased && $0.stream == nil && $0.peerKey == key })
        else {
            drop(connection)
            return
        }
        guard let end = old.reader?.end, let member = old.reader?.member,
            let position = room.log.resume(member, after: received)
        else {
            drop(connection)
            return
        }
        connection.goOn(at: position)
        release(connection)
        connection.reader?.end = end
        drop(old)
    }

    func finishClosingIfDone() {
        if isEnding, connections.isEmpty {
            finishClosing()
        }
    }

    func finishClosing() {
        sweeper.stop()
        endingNotes.stop()
        local?.stop()
        guard case .closing(let reason) = phase else { return }
        phase = .closed
        for connection in connections.all {
            connection.dropStream()
        }
        loop.atEndOfTurn { [onEvent] in onEvent?(.closed(reason)) }
    }
}
