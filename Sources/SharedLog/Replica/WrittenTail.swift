/// The last inputs that a host wrote and that counted, so that it can write them again when the store has lost them.
struct WrittenTail: Hashable, Sendable {
    private var items: [Outgoing] = []
    private var byteCount = 0

    /// Keeps as much as ``LogTail`` does.
    mutating func append(_ item: Outgoing) {
        items.append(item)
        byteCount += item.content.byteCount
        guard items.count > 2 * LogTail.countLimit || byteCount > 2 * LogTail.byteLimit else { return }
        // Half at a time, so that it costs little for each.
        let kept = items.suffix(LogTail.countLimit)
        var bytes = kept.reduce(0) { $0 + $1.content.byteCount }
        items = Array(
            kept.drop { item in
                guard bytes > LogTail.byteLimit else { return false }
                bytes -= item.content.byteCount
                return true
            })
        byteCount = bytes
    }

    /// Takes out what is lost, in order.
    mutating func removeAll(where isLost: (Outgoing) -> Bool) -> [Outgoing] {
        let lost = items.filter(isLost)
        items.removeAll(where: isLost)
        byteCount = items.reduce(0) { $0 + $1.content.byteCount }
        return lost
    }
}
