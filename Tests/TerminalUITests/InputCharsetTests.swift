import Testing

@testable import TerminalUI

@Suite struct InputCharsetTests {
    @Test func latin9() throws {
        let charset = try #require(InputCharset(named: "ISO-8859-15"))
        #expect(charset.utf8([0x47, 0x72, 0xFC, 0xDF, 0x65, 0xA4, 0x0A]) == Array("Grüße€\n".utf8))
        #expect(charset.utf8([]) == [])
    }

    @Test func charactersInPieces() throws {
        let charset = try #require(InputCharset(named: "EUC-JP"))
        #expect(charset.utf8([0xC6]) == [])
        #expect(charset.utf8([0xFC, 0x61]) == Array("日a".utf8))
        #expect(charset.utf8([0xFF, 0x61]) == Array("\u{FFFD}a".utf8))
    }

    @Test func whatNeedsNoConversion() {
        for name in [nil, "UTF-8", "utf8", "no-such-set"] as [String?] {
            #expect(InputCharset(named: name) == nil)
        }
    }
}
