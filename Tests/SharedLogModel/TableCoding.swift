package import SharedLog
import Synchronization

/// Writes the numbers under which entries and snapshots stand in a table of the process, and hashes quickly: for a store that is not
/// hostile, and states that are compared a million times.
package struct TableCoding: LogCoding {
    private enum Item: Hashable {
        case entry(LogEntry)
        case snapshot(LogSnapshot)
    }

    private struct Table {
        var items: [Item] = []
        var numbers: [Item: Int] = [:]
        /// A hash of each.
        var marks: [UInt64] = []
    }

    private static let table = Mutex(Table())

    package init() {}

    package func seal(_ entry: LogEntry) -> [UInt8] { number(of: .entry(entry)) }

    package func openEntry(_ bytes: [UInt8]) -> LogEntry? {
        if case .entry(let entry)? = item(bytes) { entry } else { nil }
    }

    package func seal(_ snapshot: LogSnapshot) -> [UInt8] { number(of: .snapshot(snapshot)) }

    package func openSnapshot(_ bytes: [UInt8]) -> LogSnapshot? {
        if case .snapshot(let snapshot)? = item(bytes) { snapshot } else { nil }
    }

    package func head(after head: LogHead, _ position: LogPosition, _ bytes: [UInt8]) -> LogHead {
        let number = Self.index(bytes)
        // What the table was filled with before is of no influence.
        let mark = Self.table.withLock { $0.marks.indices.contains(number) ? $0.marks[number] : 0 }
        let values = [head.high, head.low, position.epoch, position.number, mark]
        return LogHead(
            high: Self.mix(values, from: 0xcbf2_9ce4_8422_2325), low: Self.mix(values, from: 0x9ae1_6a3b_2f90_404f))
    }

    /// FNV-1a, over words.
    private static func mix(_ values: some Sequence<UInt64>, from start: UInt64) -> UInt64 {
        values.reduce(start) { ($0 ^ $1) &* 0x100_0000_01b3 ^ $0 >> 29 }
    }

    private func number(of item: Item) -> [UInt8] {
        let number = Self.table.withLock { table in
            if let number = table.numbers[item] { return number }
            table.items.append(item)
            if case .entry(let entry) = item {
                table.marks.append(Self.mix(entry.bytes.lazy.map { UInt64($0) }, from: 0xcbf2_9ce4_8422_2325))
            } else {
                table.marks.append(0)
            }
            table.numbers[item] = table.items.count - 1
            return table.items.count - 1
        }
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    private static func index(_ bytes: [UInt8]) -> Int {
        bytes.count == 4 ? bytes.reduce(0) { $0 << 8 | Int($1) } : -1
    }

    private func item(_ bytes: [UInt8]) -> Item? {
        let number = Self.index(bytes)
        return Self.table.withLock { $0.items.indices.contains(number) ? $0.items[number] : nil }
    }
}
