package import Chat
internal import EventLoop
internal import Room
internal import SecureSession

// The end of the room.

extension HostNode {
    /// Ends the room for everybody; `onClosed` follows when all members have been told, or a deadline has passed.
    package func close(_ reason: ChatEvent.CloseReason) {
        guard closing == nil else { return }
        // All hosts end it at one place in the log.
        if sharing != nil, !room.isClosed {
            submit(.ended(reason))
            _ = loop.schedule(after: Self.closeDeadline) { [weak self] in self?.pause() }
            return
        }
        closing = reason
        isTimeOver = false
        onTimeOver = nil
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
        guard closing != nil, let lostAt = connection.lostAt else { return nil }
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
        if closing != nil, connections.isEmpty {
            finishClosing()
        }
    }

    func finishClosing() {
        sweeper.stop()
        endingNotes.stop()
        local?.stop()
        guard let closing, let onClosed else { return }
        self.onClosed = nil
        for connection in connections.all {
            connection.dropStream()
        }
        loop.atEndOfTurn { onClosed(closing) }
    }
}
