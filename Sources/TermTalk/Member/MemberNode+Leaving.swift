internal import EventLoop
internal import Room
internal import SecureSession

// Leaving, and the end of the stay.

extension MemberNode {
    func leaveIfDelivered() {
        guard leavingSince != nil, client.outboxCount == 0, client.isJoined else { return }
        leavingSince = nil
        var actions: [MemberClient.Action] = []
        client.leave(actions: &actions)
        perform(actions)
    }

    func end(_ reason: ChatEvent.CloseReason, _ notice: ChatEvent.Notice?) {
        guard ending == nil else { return }
        ending = (reason, notice)
        guard stream != nil, session?.isOpen == true else {
            finish()
            return
        }
        session?.acknowledgeSoon()
        scheduleFlush()
        timer?.cancel()
        _ = loop.schedule(after: Self.leaveDeadline) { [weak self] in self?.finish() }
        // What the host said last is acknowledged before the connection is closed; and what was said to it,
        // the leaving included, is acknowledged by it.
        if reason != .quit {
            loop.atEndOfTurn { [weak self] in
                self?.flush()
                self?.stream?.closeAfterWriting()
            }
        }
    }

    func finishLeavingIfDone() {
        if let (reason, _) = ending, reason == .quit, session?.isSettled == true {
            stream?.close()
            finish()
        }
        leaveIfDelivered()
    }

    func finish() {
        guard !hasEnded, let (reason, notice) = ending else { return }
        hasEnded = true
        files.stop()
        roomEnd = nil
        timer?.cancel()
        groupTimer?.cancel()
        dialing?.cancel()
        stream?.close()
        stream = nil
        session = nil
        onEnded?(reason, notice)
    }

    func reportDecongestion() {
        if wasCongested, !isCongested {
            wasCongested = false
            onDecongested?()
        }
    }
}
