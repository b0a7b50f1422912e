/// What a store takes. Whoever has its key wrote its rows, so these bound mistakes and what a damaged file can ask for.
enum StoreLimits {
    /// Bytes of one input or entry: the tree of a group of thousands, the longest that a link carries, and what is around it.
    static let recordByteCount = 4 << 20
    /// Bytes of a snapshot: 1,000 members of 16 KiB each, four times.
    static let snapshotByteCount = 64 << 20
    /// Bytes that wait for the writer thread. A disk that stands still for longer than these take to come shows in time, and
    /// whoever brings them reads no further (``RoomStore/waitingByteCount``).
    static let waitingByteCount = 32 << 20
    /// The highest number of an input or entry: what SQLite can count to, less what adding one needs.
    static let highestNumber = UInt64(Int64.max) - 1
}
