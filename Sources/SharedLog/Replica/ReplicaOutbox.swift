internal import DequeModule

/// What a host has written, or is going to, and what is not known to count yet, in order.
struct ReplicaOutbox: Hashable, Sendable {
    private var items: Deque<Outgoing> = []
    /// Of the contents.
    private(set) var byteCount = 0

    mutating func append(_ item: Outgoing) {
        items.append(item)
        byteCount += item.content.byteCount
    }

    /// What was written up to a number counts now. Returns it.
    mutating func take(upTo number: UInt64) -> [Outgoing] {
        let taken = Array(items.prefix { $0.number <= number })
        items.removeFirst(taken.count)
        for item in taken { byteCount -= item.content.byteCount }
        return taken
    }

    /// Those behind that number; between them there are no gaps.
    func after(_ number: UInt64) -> some Sequence<Outgoing> {
        let sent = items.first.map { number >= $0.number ? Int(clamping: number - $0.number) + 1 : 0 }
        return items.dropFirst(sent ?? 0)
    }
}

extension ReplicaOutbox: Collection {
    var startIndex: Int { items.startIndex }
    var endIndex: Int { items.endIndex }
    func index(after index: Int) -> Int { items.index(after: index) }
    subscript(index: Int) -> Outgoing { items[index] }

    var last: Outgoing? { items.last }
}
