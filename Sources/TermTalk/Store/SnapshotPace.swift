/// When the next snapshot of a room that several hosts hold is worth its bytes.
struct SnapshotPace {
    /// A snapshot is taken after so many entries, or so many bytes of inputs and a quarter of the snapshot before.
    static let entryLimit = 4_096
    static let byteLimit = 1 << 20

    private var entryCount = 0
    private var byteCount = 0
    private var last = 0

    mutating func applied(byteCount: Int) {
        entryCount += 1
        self.byteCount += byteCount
    }

    var isDue: Bool { entryCount >= max(Self.entryLimit, last >> 10) || byteCount >= max(Self.byteLimit, last / 4) }

    mutating func took(byteCount: Int) {
        self = SnapshotPace()
        last = byteCount
    }
}
