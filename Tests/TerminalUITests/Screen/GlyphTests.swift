import Testing

@testable import TerminalUI

@Suite struct GlyphTests {
    private func widths(_ text: String) -> [Int] { Glyph.glyphs(of: text).map(\.width) }

    @Test("Columns are those of the C library")
    func widths() {
        #expect(widths("aé~") == [1, 1, 1])
        #expect(widths("你好") == [2, 2])
        #expect(widths("e\u{301}x") == [1, 1])
        #expect(widths("\u{1F44D}") == [2])
        #expect(widths("한글") == [2, 2])
    }

    @Test("What terminals disagree about is shown by its parts")
    func parts() {
        // A family, a red heart, a toned thumb: no joiner, no selector, no tone.
        #expect(Glyph.glyphs(of: "\u{1F468}\u{200D}\u{1F469}").map(\.text) == ["\u{1F468}", "\u{1F469}"])
        #expect(Glyph.glyphs(of: "\u{2764}\u{FE0F}").map(\.text) == ["\u{2764}"])
        #expect(Glyph.glyphs(of: "\u{1F44D}\u{1F3FD}").map(\.text) == ["\u{1F44D}"])
        // A tone by itself is an emoji like others.
        #expect(Glyph.glyphs(of: "\u{1F3FD}").count == 1)
    }

    @Test("What has no width is replaced, and marks are bounded")
    func replaced() {
        #expect(Glyph.glyphs(of: "a\u{1B}b\u{7}").map(\.text) == ["a", "\u{FFFD}", "b", "\u{FFFD}"])
        #expect(Glyph.glyphs(of: "a\u{202E}b\u{200F}c").map(\.text) == ["a", "\u{FFFD}", "b", "\u{FFFD}", "c"])
        #expect(Glyph.glyphs(of: "\t").map(\.text) == [" "])
        #expect(Glyph.glyphs(of: "\u{301}").map(\.text) == [" \u{301}"])
        let piled = "a" + String(repeating: "\u{301}", count: Glyph.maximumMarkCount + 1)
        #expect(Glyph.glyphs(of: piled).map { $0.text.unicodeScalars.count } == [Glyph.maximumMarkCount + 1])
    }

    @Test("A line is cut at a column, never inside a wide character")
    func fitted() {
        #expect(StyledLine("hello").fitted(to: 5).text == "hello")
        #expect(StyledLine("hello!").fitted(to: 5).text == "hell…")
        #expect(StyledLine("你好你").fitted(to: 4).text == "你…")
        #expect(StyledLine("你好你").fitted(to: 5).text == "你好…")
        #expect(StyledLine("ab").fitted(to: 1).text == "…")
        #expect(StyledLine("ab").fitted(to: 0).text == "")
    }
}
