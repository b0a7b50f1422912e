import SharedLog
import Sodium
import TestSupport
import Testing
import Wire

struct LogSealTests {
    private static let place = LogPlace(
        position: LogPosition(epoch: 3, number: .max), head: LogHead(high: 1, low: .max))
    private static let writer = WriterID(host: 5, incarnation: 6)

    static let samples: [LogEntry] = [
        .opened(EpochOpening(before: place, token: StoreToken("a:b"), opener: writer, round: 9)),
        .written(written(.hello(instead: nil))), .written(written(.hello(instead: writer))), .written(written(.beat)),
        .written(written(.gone(writer, after: 8))), .written(written(.input(4, [1, 2, 3]))),
        .written(written(.input(4, []))),
    ]

    private static func written(_ content: LogContent) -> WrittenEntry {
        WrittenEntry(
            writer: writer, number: 7, epochHead: LogHead(high: 2, low: 3), seen: place, time: 11, content: content)
    }

    private func seal(_ byte: UInt8 = 1) -> LogSeal {
        let key = [UInt8](repeating: byte, count: LogSeal.keyByteCount)
        return LogSeal(key: SecretBytes(copying: key.span))
    }

    @Test("Entries come back as they were, and not under another key, changed, or cut", arguments: samples)
    func entries(entry: LogEntry) {
        let seal = seal()
        let bytes = seal.seal(entry)
        #expect(seal.openEntry(bytes) == entry)
        #expect(self.seal(2).openEntry(bytes) == nil)
        #expect(seal.openSnapshot(bytes) == nil)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(seal.openEntry(changed) == nil)
            #expect(seal.openEntry(Array(bytes[..<index])) == nil)
        }
        // The same twice does not look the same.
        #expect(seal.seal(entry) != bytes)
    }

    @Test("Truncated and random bytes are no entries, and longer ones neither", arguments: samples)
    func decoding(entry: LogEntry) {
        let bytes = entry.bytes
        for count in bytes.indices {
            #expect(throws: WireError.self) { try LogEntry(bytes: bytes[..<count]) }
        }
        #expect(throws: WireError.trailingBytes) { try LogEntry(bytes: (bytes + [0])[...]) }
        var random = SeededRandom(seed: 3)
        for _ in 0..<500 {
            _ = try? LogEntry(bytes: random.bytes(random.below(120))[...])
            _ = try? LogSnapshot(bytes: random.bytes(random.below(200))[...])
        }
    }

    @Test("The head depends on each of position, bytes and what was before")
    func heads() {
        let seal = seal()
        let position = LogPosition(epoch: 1, number: 2)
        let head = seal.head(after: .origin, position, [1])
        #expect(head == seal.head(after: .origin, position, [1]))
        #expect(head != seal.head(after: head, position, [1]))
        #expect(head != seal.head(after: .origin, LogPosition(epoch: 1, number: 3), [1]))
        #expect(head != seal.head(after: .origin, position, [2]))
        #expect(head != self.seal(2).head(after: .origin, position, [1]))
    }

    @Test("A position is two decimal numbers")
    func positions() {
        #expect(LogPosition("1-2") == LogPosition(epoch: 1, number: 2))
        #expect(LogPosition("18446744073709551615-0")?.epoch == .max)
        for text in ["", "1", "1-", "-1", "1-2-3", "1--2", "a-1", "18446744073709551616-0", "1-2 "] {
            #expect(LogPosition(text) == nil)
        }
    }
}
