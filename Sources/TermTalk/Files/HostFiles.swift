internal import Chat
internal import EventLoop
internal import Files
internal import Room
internal import SecureSession

/// A host's part in files: the relay, the lanes of its members' connections, and its own participant's files.
final class HostFiles {
    /// Bytes that may wait in a connection when pieces are put behind them.
    private static let streamLimit = 65_536
    /// Bytes of pieces that one turn of the loop seals for a connection.
    private static let sealedPerTurn = 65_536

    private final class Lane {
        var content: FileLane

        init(_ content: FileLane) {
            self.content = content
        }
    }

    private let loop: EventLoop
    private let bounds: LaneWindow.Bounds
    private var relay: FileRelay
    /// Those of members.
    private var connections: [UInt32: HostConnection] = [:]
    /// The lanes of members' connections, while there is something in them.
    private var lanes: [UInt32: Lane] = [:]
    /// The host's own participant's files.
    var own: FileExchange?
    /// Whether somebody has a place in the room.
    var isMember: (UInt32) -> Bool = { _ in false }
    /// Something is to be sealed for a connection.
    var wake: (HostConnection) -> Void = { _ in }

    init(loop: EventLoop, limits: FileRelay.Limits, bounds: LaneWindow.Bounds) {
        self.loop = loop
        self.bounds = bounds
        relay = FileRelay(limits)
    }

    // MARK: Who is there

    func connected(_ connection: HostConnection) {
        guard let member = connection.reader?.member.wireValue else { return }
        if connections[member] != nil { relay.disconnected(member) }
        connections[member] = connection
        lanes[member] = nil
        distribute(relay.connected(member))
    }

    func disconnected(_ connection: HostConnection) {
        guard let member = connection.reader?.member.wireValue, connections[member] === connection else { return }
        connections[member] = nil
        lanes[member] = nil
        relay.disconnected(member)
    }

    /// The host's own participant is in.
    func connectedLocally() {
        guard let member = own?.owner.id()?.wireValue else { return }
        own?.connected()
        distribute(relay.connected(member))
    }

    /// Nothing stays of the own participant's files that are not whole.
    func removeParts(then done: @escaping () -> Void) {
        guard let own else { return done() }
        own.removeParts(then: done)
    }

    // MARK: Frames

    /// - Throws: ``FileError/malformed``: the connection is to be closed.
    func received(_ bytes: [UInt8], on connection: HostConnection) throws(FileError) {
        guard let member = connection.reader?.member.wireValue, connections[member] === connection else {
            throw .malformed
        }
        if let frame = try lane(of: member)?.content.received(bytes, now: loop.time) {
            distribute(try relay.received(frame, from: member, now: loop.time, isMember: isMember))
        }
        if lanes[member]?.content.hasFrames == true { wake(connection) }
    }

    /// The lane of the member's connection, which there is from now on.
    private func lane(of member: UInt32) -> Lane? {
        guard connections[member] != nil else { return nil }
        if let lane = lanes[member] { return lane }
        let lane = Lane(FileLane(bounds))
        lanes[member] = lane
        return lane
    }

    /// A frame of the host's own participant.
    func receivedLocally(_ frame: FileFrame) {
        guard let member = own?.owner.id()?.wireValue,
            let outputs = try? relay.received(frame, from: member, now: loop.time, isMember: isMember)
        else { return }
        distribute(outputs)
    }

    private func distribute(_ outputs: [FileRelay.Output]) {
        let local = own?.owner.id()?.wireValue
        for output in outputs {
            for receiver in output.receivers {
                if receiver == local {
                    // It may answer at once.
                    loop.atEndOfTurn { [weak self] in self?.own?.received(output.frame) }
                } else if let connection = connections[receiver] {
                    lane(of: receiver)?.content.enqueue(output.frame)
                    wake(connection)
                }
            }
        }
    }

    /// Forgets who has lost its place.
    func forgetGone() {
        for member in relay.known where !isMember(member) { distribute(relay.left(member)) }
    }

    // MARK: Sealing

    /// Whether another turn would seal something more.
    func mayGoOn(_ connection: HostConnection) -> Bool {
        guard hasFrames(for: connection), let stream = connection.stream else { return false }
        return connection.session.isLaneOpen && stream.pendingByteCount < Self.streamLimit
    }

    /// Whether there is something to be sealed for the connection now.
    func hasFrames(for connection: HostConnection) -> Bool {
        guard let member = connection.reader?.member.wireValue, let lane = lanes[member] else { return false }
        return connections[member] === connection && lane.content.hasFrames
    }

    /// Seals frames for the connection, behind all that is said there.
    func seal(for connection: HostConnection, into wire: inout [UInt8]) throws(SessionError) {
        guard let member = connection.reader?.member.wireValue, let lane = lanes[member],
            connections[member] === connection, let stream = connection.stream
        else { return }
        let start = wire.count
        while connection.session.isLaneOpen, wire.count - start < Self.sealedPerTurn,
            stream.pendingByteCount + wire.count - start < Self.streamLimit,
            case let frames = lane.content.next(now: loop.time), !frames.isEmpty
        {
            try connection.session.sealLane(frames, into: &wire, now: loop.time)
        }
        if lane.content.isFresh { lanes[member] = nil }
    }
}
