internal import Chat
internal import EventLoop
internal import Files

/// What both directions of a participant's files work with: whose they are, the connection, and the time.
final class FileDesk {
    /// How often it is looked at what does not go on.
    private static let tickInterval = Duration.seconds(2)
    /// How long a disk may take for some pieces.
    static let diskPatience = Duration.seconds(60)

    let loop: EventLoop
    let owner: FileExchange.Owner
    let tell: (ChatEvent) -> Void
    var isConnected = false
    /// Bytes that the host passes on at most; nil while it has not said it.
    var largest: UInt64?
    /// Looks at what waits; returns whether something still does.
    var onTick: () -> Bool = { false }
    private var lastNumber = 0
    private var timer: TimerHandle?

    init(loop: EventLoop, owner: FileExchange.Owner, tell: @escaping (ChatEvent) -> Void) {
        self.loop = loop
        self.owner = owner
        self.tell = tell
    }

    /// A number for one more file, by which the person calls it.
    func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    /// Looks again after a while at what waits.
    func tickLater() {
        guard timer == nil else { return }
        timer = loop.schedule(after: Self.tickInterval) { [weak self] in
            guard let self else { return }
            self.timer = nil
            if self.onTick() { self.tickLater() }
        }
    }

    func stop() {
        timer?.cancel()
        isConnected = false
    }
}
