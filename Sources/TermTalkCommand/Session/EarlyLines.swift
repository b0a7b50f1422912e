internal import TerminalUI

/// Lines from before there is a room to say them in.
struct EarlyLines {
    /// Bytes of them that are kept; no more is read then.
    private static let byteLimit = 65_536

    private var items: [LineSplitter.Item] = []
    private var byteCount = 0

    var isEmpty: Bool { items.isEmpty }
    var isFull: Bool { byteCount >= Self.byteLimit }

    mutating func append(_ item: LineSplitter.Item) {
        if case .line(let line) = item { byteCount += line.utf8.count + 1 }
        items.append(item)
    }

    mutating func takeFirst() -> LineSplitter.Item? { items.isEmpty ? nil : items.removeFirst() }
}
