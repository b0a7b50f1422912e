import Testing

@testable import TerminalUI

@Suite struct ScrollbackTests {
    private static func moment(_ date: String = "2026-11-24") -> Moment {
        Moment(seconds: 0, date: date, weekday: "Tuesday", time: "09:05")
    }

    private func filled(_ count: Int) -> Scrollback {
        var scrollback = Scrollback()
        for number in 1...count { scrollback.append(.verbatim("line \(number)"), at: Self.moment()) }
        return scrollback
    }

    private func seen(_ scrollback: Scrollback, height: Int = 4, width: Int = 40) -> [String] {
        var scrollback = scrollback
        return scrollback.visibleRows(width: width, height: height, marks: .unicode).map(\.text)
    }

    @Test("The end is seen, under the mark of its day")
    func end() {
        #expect(seen(filled(2)) == ["--- 2026-11-24 Tuesday ---", "line 1", "line 2"])
        #expect(seen(filled(9)) == ["line 6", "line 7", "line 8", "line 9"])
        var next = filled(1)
        next.append(.verbatim("next"), at: Self.moment("2026-11-25"))
        #expect(seen(next).suffix(2) == ["--- 2026-11-25 Tuesday ---", "next"])
    }

    @Test("Scrolling stays where it is when something comes, and ends at the ends")
    func scrolling() {
        var scrollback = filled(9)
        scrollback.scroll(by: -3, width: 40, height: 4, marks: .unicode)
        #expect(seen(scrollback) == ["line 3", "line 4", "line 5", "line 6"])
        #expect(!scrollback.isAtEnd)
        scrollback.append(.verbatim("line 10"), at: Self.moment())
        #expect(seen(scrollback) == ["line 3", "line 4", "line 5", "line 6"])
        scrollback.scroll(by: -100, width: 40, height: 4, marks: .unicode)
        #expect(seen(scrollback) == ["--- 2026-11-24 Tuesday ---", "line 1", "line 2", "line 3"])
        scrollback.scroll(by: 3, width: 40, height: 4, marks: .unicode)
        #expect(seen(scrollback) == ["line 3", "line 4", "line 5", "line 6"])
        scrollback.scroll(by: 100, width: 40, height: 4, marks: .unicode)
        #expect(scrollback.isAtEnd)
        #expect(seen(scrollback).last == "line 10")
    }

    @Test("Entries of several rows are scrolled row by row, also in another width")
    func rows() {
        var scrollback = Scrollback()
        scrollback.append(.verbatim(String(repeating: "abcdefghij", count: 8)), at: Self.moment())
        scrollback.append(.verbatim("last"), at: Self.moment())
        scrollback.scroll(by: -2, width: 10, height: 3, marks: .unicode)
        #expect(seen(scrollback, height: 3, width: 10) == ["abcdefghij", "abcdefghij", "abcdefghij"])
        // As wide as that all fits, and the pane is filled.
        #expect(
            seen(scrollback, height: 3, width: 80) == [
                "--- 2026-11-24 Tuesday ---", String(repeating: "abcdefghij", count: 8), "last",
            ])
        scrollback.scroll(by: 2, width: 10, height: 3, marks: .unicode)
        #expect(scrollback.isAtEnd)
    }

    @Test("A pane that is not full does not scroll")
    func short() {
        var scrollback = filled(2)
        scrollback.scroll(by: -5, width: 40, height: 10, marks: .unicode)
        #expect(scrollback.isAtEnd)
        var empty = Scrollback()
        empty.scroll(by: -5, width: 40, height: 10, marks: .unicode)
        #expect(seen(empty) == [])
    }

    @Test("A bar moves where it stands, whatever is said below it, and goes at the end")
    func bars() {
        var scrollback = filled(1)
        let key = Scrollback.BarKey(file: 1, member: nil)
        scrollback.replaceBar(key, .verbatim("10 %"), at: Self.moment())
        scrollback.append(.verbatim("said"), at: Self.moment())
        scrollback.replaceBar(key, .verbatim("20 %"), at: Self.moment())
        scrollback.replaceBar(.init(file: 2, member: nil), .verbatim("5 %"), at: Self.moment())
        #expect(seen(scrollback) == ["line 1", "20 %", "said", "5 %"])
        scrollback.removeBar(of: 1, member: nil)
        scrollback.removeBar(of: 1, member: nil)
        #expect(seen(scrollback).suffix(3) == ["line 1", "said", "5 %"])
        scrollback.clear()
        scrollback.replaceBar(.init(file: 2, member: nil), .verbatim("6 %"), at: Self.moment())
        #expect(seen(scrollback).last == "6 %")
        // Its entry was dropped with the oldest: it stands at the end again.
        for number in 0..<Scrollback.maximumEntryCount {
            scrollback.append(.verbatim("later \(number)"), at: Self.moment())
        }
        scrollback.replaceBar(.init(file: 2, member: nil), .verbatim("7 %"), at: Self.moment())
        #expect(seen(scrollback).last == "7 %")
    }

    @Test("The limit of entries, and one past it")
    func entryLimit() {
        // The day mark is one, too.
        var scrollback = filled(Scrollback.maximumEntryCount - 1)
        #expect(scrollback.entries.count == Scrollback.maximumEntryCount)
        scrollback.append(.verbatim("one more"), at: Self.moment())
        #expect(scrollback.entries.count <= Scrollback.maximumEntryCount)
        #expect(seen(scrollback).last == "one more")
    }

    @Test("The limit of bytes")
    func byteLimit() {
        var scrollback = Scrollback()
        let text = String(repeating: "x", count: 65_536)
        for _ in 0..<(Scrollback.maximumByteCount / 65_536 + 1) {
            scrollback.append(.verbatim(text), at: Self.moment())
        }
        #expect(scrollback.entries.reduce(0) { $0 + $1.byteCount } <= Scrollback.maximumByteCount)
        #expect(scrollback.entries.count > 100)
    }

    @Test("What was looked at may be dropped meanwhile")
    func droppedAnchor() {
        var scrollback = filled(Scrollback.maximumEntryCount - 1)
        scrollback.scroll(by: -Scrollback.maximumEntryCount * 2, width: 40, height: 4, marks: .unicode)
        scrollback.append(.verbatim("one more"), at: Self.moment())
        let dropped = Scrollback.maximumEntryCount / 16
        let first = (dropped..<(dropped + 5)).map { "line \($0)" }
        #expect(seen(scrollback) == Array(first.prefix(4)))
        scrollback.scroll(by: 1, width: 40, height: 4, marks: .unicode)
        #expect(seen(scrollback) == Array(first.suffix(4)))
        // All that is left may fit.
        #expect(seen(scrollback, height: Scrollback.maximumEntryCount).count == scrollback.entries.count)
        scrollback.scroll(by: 100_000, width: 40, height: 4, marks: .unicode)
        #expect(scrollback.isAtEnd)
    }
}
