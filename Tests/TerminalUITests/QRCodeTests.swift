import Chat
import Foundation
import TestSupport
import Testing

@testable import TerminalUI

/// QR codes as they are seen, read back by zbar, which stands for the reader of a phone.
@Suite struct QRCodeTests {
    private static let invite =
        "termtalk://3ef4ca10b47f48b3@bso3x3rb52qvfqymgduzx2werizolw2r34pj7xjniafhjtivaaxbl3ad.onion:12345/?k="
        + String(repeating: "AU9LxkRRnouIYuUl03aXoA8Q-_", count: 5)

    /// A row without the sequences that set and end its colours.
    private func bare(_ row: String, opening: String) throws -> String {
        #expect(row.hasPrefix(opening) && row.hasSuffix("\u{1B}[0m"))
        return String(row.dropFirst(opening.count).dropLast(4))
    }

    @Test(
        "A reader reads what was encoded", .enabled(if: CodeReader.isAvailable, "needs zbar"),
        arguments: [invite, "x", "termtalk://r@127.0.0.1:1/?k=a", String(repeating: "long ", count: 300)])
    func readBack(_ text: String) throws {
        let code = try #require(QRCode(text))
        let coloured = try code.rows(.colours(256)).map { try bare($0, opening: "\u{1B}[38;5;16;48;5;231m") }
        #expect(try CodeReader.read(coloured, areLettersLight: false) == text)
        let eight = try code.rows(.colours(8)).map { try bare($0, opening: "\u{1B}[30;47m") }
        #expect(eight == coloured)
        #expect(try CodeReader.read(code.rows(.none), areLettersLight: true) == text)
    }

    @Test("The rows have the width and the height that were said, with light modules around")
    func shape() throws {
        let code = try #require(QRCode(Self.invite))
        let rows = code.rows(.none)
        #expect(rows.count == code.height)
        #expect(rows.allSatisfy { $0.count == code.width })
        #expect(rows.prefix(2).allSatisfy { $0.allSatisfy { $0 == "█" } })
        #expect(rows.suffix(2).allSatisfy { $0.allSatisfy { $0 == "█" } })
        #expect(rows.allSatisfy { $0.hasPrefix("████") && $0.hasSuffix("████") })
    }

    @Test("A terminal that is just large enough, and those that are not")
    func fitting() throws {
        let code = try #require(QRCode(Self.invite))
        let (width, height) = (code.width, code.height)
        func rows(_ width: Int, _ height: Int, isUTF8: Bool = true) throws(ChatEvent.Notice) -> [String] {
            try QRCode.rows(
                for: Self.invite, ink: .none, size: ScreenSize(width: width, height: height), spare: 2, isUTF8: isUTF8)
        }
        #expect(try rows(width, height + 2).count == height)
        #expect(try QRCode.rows(for: Self.invite, ink: .none, size: nil, isUTF8: true).count == height)
        for (columns, lines, isUTF8) in [(width - 1, height + 2, true), (width, height + 1, true), (200, 99, false)] {
            let notice = #expect(throws: ChatEvent.Notice.self) { try rows(columns, lines, isUTF8: isUTF8) }
            #expect(notice?.code == .terminalUnsuitable)
            if isUTF8 { #expect(notice?.message.contains("\(width) columns and \(height + 2) rows") == true) }
        }
    }

    @Test("A text beyond what a code holds is refused, at the limit it is not")
    func limit() {
        #expect(QRCode(String(repeating: "x", count: 2_953)) != nil)
        #expect(QRCode(String(repeating: "x", count: 2_954)) == nil)
    }

    @Test(
        "The clipboard's sequence carries nothing but base64", arguments: ["", "a", "ab", "abc", "\u{1B}]0;x\u{07}é"])
    func clipboard(_ text: String) throws {
        let sequence = Clipboard.sequence(for: text)
        #expect(sequence.hasPrefix("\u{1B}]52;c;") && sequence.hasSuffix("\u{07}"))
        let body = sequence.dropFirst(7).dropLast()
        #expect(body.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+/=".contains($0)) })
        #expect(Data(base64Encoded: String(body)) == Data(text.utf8))
    }
}
