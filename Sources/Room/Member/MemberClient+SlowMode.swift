internal import Chat

// Slow mode, as a member keeps to it. The host enforces it.

/// How often a member may post, and when it did last.
struct SlowMode {
    /// Zero for as often as it likes.
    var interval = Duration.zero
    /// When the host confirmed a post last; the host's own time of it is earlier.
    var postedAt: Duration?

    /// When it came in, which counts as a post where slow mode is on already.
    var enteredAt: Duration?

    /// When the next post may go out; nil for at once.
    func nextPost(after now: Duration) -> Duration? {
        guard interval > .zero, let postedAt, now < postedAt + interval else { return nil }
        return postedAt + interval
    }
}

extension MemberClient {
    private var isHost: Bool { id.flatMap { members[$0]?.isHost } ?? false }

    mutating func slowed(seconds: Int64, actions: inout [Action]) {
        let seconds = min(seconds, ChatLimits.slowestSeconds)
        // What was so before is told right after coming in.
        if slowMode.interval == .zero, slowMode.postedAt == nil, slowMode.enteredAt == now { slowMode.postedAt = now }
        slowMode.interval = .seconds(seconds)
        actions.append(.tell(.room(.slow(seconds: seconds))))
        sendWaiting(actions: &actions)
    }

    /// Whether the first of the outbox that is not under way may go now: in slow mode one goes at a time.
    func maySendNow(_ message: Outbox.Message) -> Bool {
        guard slowMode.interval > .zero, message.to == nil, !isHost else { return true }
        return outbox.isIdle && slowMode.nextPost(after: now) == nil
    }

    /// Slow mode began while messages were on their way: they stay in the outbox, and go again when they may.
    mutating func holdBack(_ messageID: MessageID, actions: inout [Action]) {
        // An earlier one was held back, and has gone again already.
        guard outbox.holdBack(messageID) else { return }
        let isFirst = slowMode.postedAt == nil
        slowMode.postedAt = now
        guard isFirst, slowMode.interval > .zero else { return }
        let seconds = slowMode.interval.components.seconds
        actions.append(.tell(.warning(.waitsInSlowMode(seconds: Int(seconds)))))
    }

    /// When something that is held back may go.
    var slowDeadline: Duration? {
        guard slowMode.interval > .zero, outbox.isIdle, outbox.next != nil, !isAway, !upkeep.isStuck else {
            return nil
        }
        return slowMode.nextPost(after: now) ?? now
    }

    /// - Throws: slow-mode, with the seconds to wait.
    func checkSlowMode() throws(ChatEvent.Notice) {
        guard slowMode.interval > .zero, !isHost else { return }
        let isUnderWay = outbox.messages.contains { $0.to == nil }
        guard isUnderWay || slowMode.nextPost(after: now) != nil else { return }
        let next = isUnderWay ? now + slowMode.interval : slowMode.nextPost(after: now) ?? now
        let seconds = (next - now + .milliseconds(999)).components.seconds
        throw .notSentInSlowMode(seconds: Int(seconds))
    }
}
