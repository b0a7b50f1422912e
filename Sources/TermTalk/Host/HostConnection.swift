internal import EventLoop
internal import Room
internal import SecureSession
internal import Sodium

/// One peer at the host: its stream, its session, and whether it is a member. A member whose stream broke stays here
/// without one until it comes back or its place is given up.
final class HostConnection: ByteStreamHandler {
    let link: LinkID
    var session: SecureSession
    private(set) var stream: (any ByteStream)?
    /// Where it goes on in the room's log, once its peer is a member.
    var reader: RoomLog.Reader?
    /// The static key that the peer has proved to hold.
    var peerKey: [UInt8]?
    var isMember = false
    /// Waits in the list of those that are sealed at the end of the turn.
    var isDirty = false
    /// What it has shown of the room's password.
    var admission = HostAdmission()
    /// When it is closed, unless it is a member by then.
    var admissionDeadline: Duration
    /// When the member's stream broke.
    var lostAt: Duration?
    /// Whether its first byte has come.
    var hasSpoken = false
    /// Is to be closed when everything has been sent.
    var isReleased = false
    private unowned let node: HostNode

    init(link: LinkID, stream: any ByteStream, session: consuming SecureSession, node: HostNode) {
        self.link = link
        self.stream = stream
        admissionDeadline = session.admissionDeadline
        self.session = session
        self.node = node
        stream.handler = self
    }

    /// A member that was there before the host was started anew.
    init(away link: LinkID, reader: RoomLog.Reader, key: [UInt8], at now: Duration, node: HostNode) {
        self.link = link
        self.reader = reader
        peerKey = key
        session = SecureSession(responder: node.identity, now: now)
        admissionDeadline = now
        lostAt = now
        self.node = node
    }

    /// The member is back, and goes on there: it has received `received` records, `partOfNext` of them of the next message.
    func goOn(at reader: RoomLog.Reader, received: UInt32, partOfNext: Int, waiting: UInt32) {
        self.reader = reader
        session.goOn(received: received, waiting: waiting)
        session.goOnInMessage(afterRecords: partOfNext)
        session.acceptLongMessages()
    }

    /// Nothing is read from the peer before.
    private(set) var pausedUntil: Duration = .zero

    /// Reads nothing from the peer until then; its own transport slows it down.
    func pauseReading(until: Duration, loop: EventLoop) {
        let wasPaused = pausedUntil > loop.time
        pausedUntil = max(pausedUntil, until)
        guard !wasPaused else { return }
        stream?.pauseReading()
        resumeLater(loop: loop)
    }

    private func resumeLater(loop: EventLoop) {
        _ = loop.schedule(after: max(pausedUntil - loop.time, .milliseconds(1))) { [weak self, unowned loop] in
            guard let self else { return }
            if self.pausedUntil > loop.time {
                self.resumeLater(loop: loop)
            } else {
                self.stream?.resumeReading()
            }
        }
    }

    func dropStream() {
        stream?.close()
        stream = nil
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        node.received(bytes, on: self)
    }

    func streamDrained() {
        node.drained(self)
    }

    func streamClosed(_ reason: StreamCloseReason) {
        stream = nil
        node.streamClosed(self)
    }
}
