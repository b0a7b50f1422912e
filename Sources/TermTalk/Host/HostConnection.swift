internal import EventLoop
internal import Room
internal import SecureSession
internal import Sodium

/// One peer at the host: its stream, its session, and whether it is a member. A member whose stream broke stays here
/// without one until it comes back or its place is given up.
final class HostConnection: ByteStreamHandler {
    enum Stage {
        /// Nothing has come from the peer. Closed then, as is a visitor.
        case silent(until: Duration)
        /// On its way to being a member.
        case visitor(until: Duration)
        /// A member, which goes on there in the room's log.
        case member(RoomLog.Reader)
        /// Nothing is taken from the peer any more; closed when all that there is for it has been sent.
        case released(RoomLog.Reader?)
    }

    /// What there is only while there is a stream.
    private final class Line {
        var session: SecureSession
        /// Until the peer is a member.
        var admission: Admission?

        init(_ session: consuming SecureSession) {
            self.session = session
        }
    }

    /// What the peer has shown of the room's password.
    private final class Admission {
        var state = HostAdmission()
    }

    let link: LinkID
    private var line: Line?
    private(set) var stream: (any ByteStream)?
    private(set) var stage: Stage
    /// The onion service that it came by, where that is not the room's first.
    var service: OnionPlace?
    /// The static key that the peer has proved to hold.
    var peerKey: [UInt8]?
    /// Waits in the list of those that are sealed at the end of the turn.
    var isDirty = false
    /// When the member's stream broke.
    private(set) var lostAt: Duration?
    private unowned let node: HostNode

    init(link: LinkID, stream: any ByteStream, session: consuming SecureSession, node: HostNode) {
        self.link = link
        self.stream = stream
        stage = .silent(until: session.admissionDeadline)
        line = Line(session)
        self.node = node
        stream.handler = self
    }

    /// A member that was there before the host was started anew.
    init(away link: LinkID, reader: RoomLog.Reader, key: [UInt8], at now: Duration, node: HostNode) {
        self.link = link
        stage = .member(reader)
        peerKey = key
        lostAt = now
        self.node = node
    }

    var session: SecureSession {
        _read { yield currentLine.session }
        _modify { yield &currentLine.session }
    }

    /// What the peer has shown of the room's password.
    var admission: HostAdmission {
        _read { yield currentAdmission.state }
        _modify { yield &currentAdmission.state }
    }

    private var currentAdmission: Admission {
        let line = currentLine
        if let admission = line.admission { return admission }
        let admission = Admission()
        line.admission = admission
        return admission
    }

    private var currentLine: Line {
        if let line { return line }
        let line = Line(SecureSession(responder: node.identity, now: node.loop.time))
        self.line = line
        return line
    }

    /// The member's stream broke: its place is all that is left.
    func lost(at now: Duration) {
        dropStream()
        line = nil
        lostAt = now
    }

    /// Where it goes on in the room's log.
    var reader: RoomLog.Reader? {
        get {
            switch stage {
            case .member(let reader), .released(let reader?): reader
            case .silent, .visitor, .released(nil): nil
            }
        }
        set {
            switch stage {
            case .member: if let newValue { stage = .member(newValue) }
            case .released: stage = .released(newValue)
            case .silent, .visitor: break
            }
        }
    }

    var isMember: Bool { if case .member = stage { true } else { false } }
    var isReleased: Bool { if case .released = stage { true } else { false } }

    /// When it is closed, unless it is a member by then.
    var admissionDeadline: Duration? {
        switch stage {
        case .silent(let until), .visitor(let until): until
        case .member, .released: nil
        }
    }

    /// The peer has said something. Returns whether it was the first time.
    func spoke() -> Bool {
        guard case .silent(let until) = stage else { return false }
        stage = .visitor(until: until)
        return true
    }

    /// A visitor has until then, if it has not longer.
    func mayStay(until: Duration) {
        if case .visitor(let deadline) = stage { stage = .visitor(until: max(deadline, until)) }
    }

    /// The peer is a member, and gets what the log has from there on.
    func cameIn(at reader: RoomLog.Reader) {
        stage = .member(reader)
        forgetTheDoor()
    }

    private func forgetTheDoor() {
        session.forgetHandshake()
        line?.admission = nil
    }

    func release() {
        stage = .released(reader)
    }

    /// The member is back, and goes on there.
    func goOn(at position: RoomLog.Position) {
        stage = .member(position.reader)
        session.goOn(received: position.records, waiting: position.waiting)
        session.goOnInMessage(afterRecords: position.partOfNext)
        session.acceptLongMessages()
        forgetTheDoor()
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
        let wait = min(max(pausedUntil - loop.time, .milliseconds(1)), SessionProtocol.lifeSignInterval)
        _ = loop.schedule(after: wait) { [weak self, unowned loop] in
            guard let self else { return }
            if self.pausedUntil > loop.time {
                self.session.acknowledgeSoon()
                self.node.markDirty(self)
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
        node.markDirty(self)
    }

    func streamClosed(_ reason: StreamCloseReason) {
        stream = nil
        node.streamClosed(self)
    }
}
