internal import Chat
internal import EventLoop
internal import Room
internal import SecureSession

/// The end of a hosted room, or of this process's part in it: members are told, and waited for.
final class HostEnding {
    /// How long an ending room waits until every member has all that was said.
    static let closeDeadline = Duration.seconds(10)
    /// How long a room that pauses waits until its members' connections have taken the word of it.
    private static let pauseDeadline = Duration.seconds(1)
    /// While the room ends, a member whose connection broke since may still come back and hear of it: for as long as the others
    /// are not told that it is away.
    private static let lateness = RoomLimits.awayGrace

    private enum Phase {
        case open
        case closing(ChatEvent.CloseReason)
        case closed
    }

    /// Who hears first that the room's time is over.
    enum TimeOver {
        /// All, at once.
        case tellsAll
        case tellsOwner
        /// It has been told, and ends the room.
        case ownerKnows

        var isOwners: Bool { if case .ownerKnows = self { true } else { false } }
    }

    private unowned let node: HostNode
    private let notes: EndingNotes
    private var phase = Phase.open
    var timeOver = TimeOver.tellsAll

    init(_ node: HostNode) {
        self.node = node
        notes = EndingNotes(loop: node.loop, canExtend: !node.room.limits.isRelay, tell: node.tell)
    }

    /// It ends, or has ended, for everybody or for this process.
    var hasBegun: Bool { if case .open = phase { false } else { true } }

    /// The person is told a while before the room's time is over.
    func noteTime() { notes.roomEnds(at: node.room.closesAt.map { node.authority.local($0) }) }

    /// Ends the room for everybody; ``HostEvent/closed(_:)`` follows when all members have been told, or a deadline has passed.
    func close(_ reason: ChatEvent.CloseReason) {
        guard !hasBegun else { return }
        guard node.authority.ends(reason) else {
            _ = node.loop.schedule(after: Self.closeDeadline) { [weak self] in self?.pause() }
            return
        }
        phase = .closing(reason)
        timeOver = .tellsAll
        node.authority.keepsNoLonger()
        node.change { $0.close(reason, actions: &$1) }
        node.doorkeeper.dropAll()
        _ = node.loop.schedule(after: Self.closeDeadline) { [weak self] in self?.finish() }
        finishIfDone()
    }

    /// Does not wait for members any more: they have been told, as far as their connections take it now.
    func closeAtOnce() {
        node.loop.atEndOfTurn { [weak self] in
            // The other hosts of a shared room read that it is over.
            self?.pause()
            self?.finish()
        }
    }

    /// The room pauses: members are told, as far as their connections take it at once, lose these, and come back when the host does.
    /// ``HostEvent/closed(_:)`` follows.
    func pause() {
        guard !hasBegun else { return }
        node.authority.pauses()
        phase = .closing(.hostQuit)
        tellOfPause()
        _ = node.loop.schedule(after: Self.pauseDeadline) { [weak self] in self?.finish() }
        finishPauseIfTold()
    }

    private func tellOfPause() {
        for connection in node.connections.members {
            guard let stream = connection.stream else { continue }
            var wire: [UInt8] = []
            try? connection.session.sealPause(into: &wire, now: node.loop.time)
            stream.write(wire.span)
            stream.closeAfterWriting()
        }
        node.doorkeeper.dropAll()
    }

    /// A member whose connection has not taken the word of a pause yet is waited for, for a moment.
    func finishPauseIfTold() {
        guard hasBegun, !node.room.isClosed, !node.connections.all.contains(where: { $0.stream != nil }) else { return }
        finish()
    }

    func finishIfDone() {
        if hasBegun, node.connections.isEmpty { finish() }
    }

    private func finish() {
        node.sweeper.stop()
        notes.stop()
        node.participant?.member.stop()
        guard case .closing(let reason) = phase else { return }
        phase = .closed
        for connection in node.connections.all { connection.dropStream() }
        node.loop.atEndOfTurn { [onEvent = node.onEvent] in onEvent?(.closed(reason)) }
    }

    // MARK: Who is late

    /// For how much longer the connection, which is broken, is waited for while the room ends: its member is probably on its way
    /// back. Nil for no longer.
    func patience(with connection: HostConnection) -> Duration? {
        guard hasBegun, let lostAt = connection.lostAt else { return nil }
        let left = lostAt + Self.lateness - node.loop.time
        return left > .zero ? left : nil
    }

    /// A member has come back while the room ends: it gets what waits for it, the end included.
    func returned(received: UInt32, on connection: HostConnection) {
        guard let key = connection.peerKey,
            let old = node.connections.all.first(where: { $0.isReleased && $0.stream == nil && $0.peerKey == key }),
            let end = old.reader?.end, let member = old.reader?.member,
            let position = node.room.log.resume(member, after: received)
        else { return node.drop(connection) }
        connection.goOn(at: position)
        node.release(connection)
        connection.reader?.end = end
        node.drop(old)
    }
}
