import Testing

@testable import TerminalUI

@Suite struct LineSplitterTests {
    private func items(
        _ bytes: [UInt8], limit: Int = 100, chunk: Int, finish: Bool = true
    ) -> [LineSplitter.Item] {
        var splitter = LineSplitter(maximumByteCount: limit)
        var items: [LineSplitter.Item] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            splitter.received(Array(rest.prefix(chunk)).span) { items.append($0) }
            rest = rest.dropFirst(chunk)
        }
        if finish, let last = splitter.finished() { items.append(last) }
        return items
    }

    @Test("Lines, however the bytes arrive", arguments: [1, 2, 3, 7, 1000])
    func lines(_ chunk: Int) {
        #expect(
            items(Array("one\ntwo\r\n\nзвезда\nlast".utf8), chunk: chunk)
                == [.line("one"), .line("two"), .line(""), .line("звезда"), .line("last")])
        #expect(items(Array("a\n".utf8), chunk: chunk) == [.line("a")])
        #expect(items([], chunk: chunk) == [])
        let mark = TextFile.byteOrderMark
        #expect(items(mark + Array("a\r\n".utf8) + mark, chunk: chunk) == [.line("a"), .line("\u{FEFF}")])
        #expect(items(Array("a\nb".utf8), chunk: chunk, finish: false) == [.line("a")])
        #expect(items(Array("a\rb\n".utf8), chunk: chunk) == [.line("a\rb")])
    }

    @Test("Invalid UTF-8 is replaced", arguments: [1, 1000])
    func invalid(_ chunk: Int) {
        #expect(items([0x61, 0xFF, 0x62, 0x0A, 0xC3], chunk: chunk) == [.line("a\u{FFFD}b"), .line("\u{FFFD}")])
    }

    @Test("A line at the limit is delivered, one past it is reported once and skipped", arguments: [1, 5, 1000])
    func limit(_ chunk: Int) {
        let full = String(repeating: "x", count: 10)
        #expect(
            items(Array("\(full)\n\(full)\r\n\(full)".utf8), limit: 10, chunk: chunk) == [
                .line(full), .line(full), .line(full),
            ])
        #expect(items(Array("\(full)y\nok\n".utf8), limit: 10, chunk: chunk) == [.tooLong, .line("ok")])
        #expect(items(Array("\(full)\ry\nok".utf8), limit: 10, chunk: chunk) == [.tooLong, .line("ok")])
        #expect(items(Array((full + full + full).utf8), limit: 10, chunk: chunk) == [.tooLong])
    }

    @Test("After the end of a long line without newline nothing is left over")
    func finishAfterLongLine() {
        var splitter = LineSplitter(maximumByteCount: 2)
        var items: [LineSplitter.Item] = []
        splitter.received([0x61, 0x61, 0x61, 0x61].span) { items.append($0) }
        #expect(splitter.finished() == nil)
        splitter.received([0x62, 0x0A].span) { items.append($0) }
        #expect(items == [.tooLong, .line("b")])
    }
}
