internal import Chat
internal import EventLoop
internal import Files
internal import Room
internal import SecureSession

/// A member's lane of files, and its files.
final class MemberFiles {
    private static let streamLimit = 65_536
    private static let sealedPerTurn = 65_536
    /// Pieces that wait for the connection while more are read.
    private static let readAhead = 32

    private let loop: EventLoop
    private let bounds: LaneWindow.Bounds
    private var lane: FileLane?
    var exchange: FileExchange?
    /// Something is to be sealed.
    var wake: () -> Void = {}

    init(loop: EventLoop, bounds: LaneWindow.Bounds) {
        self.loop = loop
        self.bounds = bounds
    }

    /// The member can pass files from now on.
    func begin(_ options: FileOptions, for person: LoopMember, tell: @escaping (ChatEvent) -> Void) {
        let owner = FileExchange.Owner(
            send: { [weak self] in self?.send($0) }, room: { [weak self] in self?.room ?? 0 },
            offer: { [weak person] offer, receiver throws(ChatEvent.Notice) in
                try person?.offer(offer, to: receiver)
            }, nick: { [weak person] in person?.client.nick(of: $0) ?? "" },
            id: { [weak person] in person?.client.id })
        exchange = FileExchange(loop: loop, options: options, owner: owner, tell: tell)
    }

    /// Nothing stays of files that are not whole.
    func removeParts(then done: @escaping () -> Void) {
        guard let exchange else { return done() }
        exchange.removeParts(then: done)
    }

    /// The connection is part of the room.
    func connected() {
        lane = FileLane(bounds)
        exchange?.connected()
    }

    func connectionLost() {
        lane = nil
        exchange?.connectionLost()
    }

    /// Pieces that may be read ahead.
    var room: Int { lane.map { max(0, Self.readAhead - $0.waiting) } ?? 0 }

    func send(_ frame: FileFrame) {
        lane?.enqueue(frame)
        wake()
    }

    /// - Throws: ``FileError/malformed``.
    func received(_ bytes: [UInt8]) throws(FileError) {
        guard lane != nil else { throw .malformed }
        if let frame = try lane?.received(bytes, now: loop.time) { exchange?.received(frame) }
        if lane?.hasFrames == true { wake() }
    }

    /// Whether another turn would seal something more.
    func mayGoOn(pending: Int) -> Bool { pending < Self.streamLimit && lane?.hasFrames == true }

    func stop() {
        lane = nil
        exchange?.stop()
    }

    func seal(
        on session: inout SecureSession?, pending: Int, into wire: inout [UInt8]
    ) throws(SessionError) {
        let start = wire.count
        while session?.isLaneOpen == true, session?.hasQueued == false, wire.count - start < Self.sealedPerTurn,
            pending + wire.count - start < Self.streamLimit, let frames = lane?.next(now: loop.time), !frames.isEmpty
        {
            try session?.sealLane(frames, into: &wire, now: loop.time)
        }
        exchange?.own.readWanted()
    }
}
