/// The last entries that a host has read, as they stand in the store, so that it can give them back to a store that has lost them.
struct LogTail: Hashable, Sendable {
    /// How many entries are kept: some seconds of a busy room, while Redis by default loses one.
    static let countLimit = 4_096
    /// How many bytes are kept.
    static let byteLimit = 8 << 20

    struct Entry: Hashable, Sendable {
        let place: LogPlace
        let bytes: [UInt8]
    }

    private var entries: [Entry] = []
    private var first = 0
    private var byteCount = 0

    init() {}

    var all: ArraySlice<Entry> { entries[first...] }

    mutating func append(_ entry: Entry) {
        entries.append(entry)
        byteCount += entry.bytes.count
        while entries.count - first > Self.countLimit || byteCount > Self.byteLimit {
            byteCount -= entries[first].bytes.count
            first += 1
        }
        // Half of the array is unused at most.
        if first > entries.count / 2 {
            entries.removeFirst(first)
            first = 0
        }
    }

    /// What was read behind a position; nil when that is longer ago than the tail.
    func entries(after position: LogPosition) -> ArraySlice<Entry>? {
        guard let index = all.lastIndex(where: { $0.place.position == position }) else { return nil }
        return entries[(index + 1)...]
    }

    /// The head at a position, when it is known.
    func head(at position: LogPosition) -> LogHead? {
        guard let last = entries.last?.place.position, position <= last, let start = all.first?.place.position,
            position >= start
        else { return nil }
        // Mostly the position is a few entries back.
        return all.last { $0.place.position <= position }.flatMap {
            $0.place.position == position ? $0.place.head : nil
        }
    }
}
