import Testing

@testable import TerminalUI

@Suite struct LineWrapperTests {
    private func rows(_ text: String, first: String = "", indent: Int = 0, width: Int) -> [String] {
        LineWrapper.rows(
            LineWrapper.pieces(text, TextStyle()), first: StyledLine(first), indent: indent, width: width
        ).map(\.text)
    }

    @Test("Between words where it can be")
    func words() {
        #expect(rows("one two three", width: 8) == ["one two", "three"])
        #expect(rows("one two three", width: 7) == ["one two", "three"])
        #expect(rows("one two", first: "<a> ", indent: 2, width: 8) == ["<a> one", "  two"])
        #expect(rows("", first: "<a> ", width: 20) == ["<a> "])
    }

    @Test("Inside words where it must")
    func longWords() {
        #expect(rows("abcdefghij", width: 4) == ["abcd", "efgh", "ij"])
        #expect(rows("ab cdefghij", indent: 1, width: 4) == ["ab", " cde", " fgh", " ij"])
    }

    @Test("Wide characters are not cut in two")
    func wide() {
        #expect(rows("你好你好", width: 5) == ["你好", "你好"])
        #expect(rows("a你好你", width: 4) == ["a你", "好你"])
        // No room for a wide one at all.
        #expect(rows("你好", width: 1) == ["\u{FFFD}", "\u{FFFD}"])
    }

    @Test("A long beginning stands alone")
    func longPrefix() {
        #expect(rows("text", first: "<0123456789> ", indent: 2, width: 14) == ["<0123456789> ", "  text"])
    }

    @Test("No row is wider than asked for, and no text is lost", arguments: 1...30)
    func noneWider(_ width: Int) {
        let text = "The quick 你好 brown\u{301} fox \u{1F44D} jumps over thelazydogthatliesinthesun."
        let lines = LineWrapper.rows(
            LineWrapper.pieces(text, TextStyle()), first: StyledLine("<nick> "), indent: 4, width: width)
        #expect(lines.allSatisfy { $0.width <= width })
        if width >= 14 {
            let joined = lines.map(\.text).joined().filter { $0 != " " }
            #expect(joined == "<nick>" + text.filter { $0 != " " })
        }
    }
}
