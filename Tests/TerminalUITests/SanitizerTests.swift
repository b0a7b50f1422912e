import TestSupport
import Testing

@testable import TerminalUI

@Suite struct SanitizerTests {
    @Test(
        "Text that people write is unchanged in a message",
        arguments: [
            "hello, world", "naïve café — “quoted” €5", "line one\nline two\n", "日本語のテキスト、です。", "안녕하세요",
            "مرحبا بالعالم",
            "שָׁלוֹם עוֹלָם", "สวัสดีชาวโลก", "नमस्ते दुनिया", "Привет", "xin chào các bạn", "می\u{200C}خواهم",
            "क्\u{200D}ष", "👍", "👩\u{200D}👩\u{200D}👧\u{200D}👦", "❤\u{FE0F}\u{200D}🔥", "👍🏽", "🇩🇪", "1\u{FE0F}\u{20E3}",
            "🏳\u{FE0F}\u{200D}🌈",
            "👁\u{FE0F}\u{200D}🗨\u{FE0F}", "👩🏽\u{200D}❤\u{FE0F}\u{200D}💋\u{200D}👨🏿", "e\u{301}", "∑ ≤ ∞ ½ ©", "\u{3000}全角",
            "\u{FFFD}\u{FFFD}", "",
            "۝ \u{06DD}",
        ])
    func unchanged(_ text: String) {
        #expect(Array(Sanitizer.sanitize(text, as: .message).unicodeScalars) == Array(text.unicodeScalars))
    }

    @Test(
        "What could move, reorder, hide or forge becomes visible",
        arguments: [
            ("a\u{1B}[31mb", "a\u{FFFD}[31mb"), ("a\u{9B}31mb", "a\u{FFFD}31mb"),
            ("\u{1B}]0;title\u{7}", "\u{FFFD}]0;title\u{FFFD}"),
            ("\u{9D}0;t\u{9C}", "\u{FFFD}0;t\u{FFFD}"), ("a\u{8}\u{7F}", "a\u{FFFD}\u{FFFD}"), ("a\0b", "a\u{FFFD}b"),
            ("safe\u{202E}gpj.exe", "safe\u{FFFD}gpj.exe"), ("\u{2066}x\u{2069}", "\u{FFFD}x\u{FFFD}"),
            ("\u{61C}\u{200F}", "\u{FFFD}\u{FFFD}"),
            ("a\u{200B}b\u{2060}c\u{FEFF}d\u{AD}e", "a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}e"),
            ("a\u{2028}b\u{2029}c", "a\u{FFFD}b\u{FFFD}c"),
            ("a\u{85}b\u{B}c\u{C}d", "a\u{FFFD}b\u{FFFD}c\u{FFFD}d"), ("a\rb", "a\u{FFFD}b"),
            ("hi\u{E0068}\u{E0069}\u{E007F}!", "hi\u{FFFD}!"),
            ("\u{E000}\u{F0000}", "\u{FFFD}\u{FFFD}"),
            ("a\u{3164}b\u{115F}c", "a\u{FFFD}b\u{FFFD}c"),
            ("a\u{200D}b", "a\u{FFFD}b"), ("👩\u{200D}", "👩\u{FFFD}"), ("👩\u{200D}a", "👩\u{FFFD}a"),
            ("a\u{200C}b", "a\u{FFFD}b"),
            ("\u{FFF9}a\u{FFFA}b\u{FFFB}", "\u{FFFD}a\u{FFFD}b\u{FFFD}"), ("a\u{34F}b", "a\u{FFFD}b"),
        ])
    func replaced(_ text: String, _ expected: String) {
        #expect(Sanitizer.sanitize(text, as: .message) == expected)
        #expect(Sanitizer.sanitize(text, as: .line) == expected)
    }

    @Test("Noncharacters are replaced", arguments: [0xFFFE, 0xFDD0, 0x1FFFF, 0x10FFFF] as [UInt32])
    func noncharacters(_ value: UInt32) throws {
        let scalar = try #require(Unicode.Scalar(value))
        #expect(Sanitizer.sanitize("a\(Character(scalar))b", as: .line) == "a\u{FFFD}b")
    }

    @Test("Variation selectors stay on emoji and keycaps only")
    func variationSelectors() {
        #expect(Sanitizer.sanitize("a\u{FE0F}b\u{E0100}c\u{180B}", as: .message) == "abc")
        #expect(Sanitizer.sanitize("❤\u{FE0F}\u{FE0F}\u{FE0F}", as: .line).unicodeScalars.count == 2)
        #expect(Sanitizer.sanitize("1\u{FE0F}2", as: .message) == "12")
        #expect(Sanitizer.sanitize("漢\u{E0101}", as: .message) == "漢")
    }

    @Test("Newlines stay in messages only; CR LF is one; tabs are spaces")
    func newlines() {
        #expect(Sanitizer.sanitize("a\r\nb\nc", as: .message) == "a\nb\nc")
        #expect(Sanitizer.sanitize("a\r\nb\nc", as: .line) == "a\u{FFFD}b\u{FFFD}c")
        #expect(Sanitizer.sanitize("a\tb", as: .message) == "a    b")
        #expect(Sanitizer.sanitize("a\tb", as: .line) == "a b")
        #expect(Sanitizer.lines(ofMessage: "a\n\n\u{1B}b\n") == ["a", "", "\u{FFFD}b", ""])
    }

    @Test("Five marks on a base are kept, further ones left out; a mark without a base is replaced")
    func marks() {
        let five = "a" + String(repeating: "\u{301}", count: Sanitizer.maximumMarksPerBase)
        let inMessage = { (text: String) in Array(Sanitizer.sanitize(text, as: .message).unicodeScalars) }
        #expect(inMessage(five + "b") == Array((five + "b").unicodeScalars))
        #expect(inMessage(five + "\u{301}\u{302}b") == Array((five + "b").unicodeScalars))
        #expect(inMessage("\u{301}a") == Array("\u{FFFD}a".unicodeScalars))
        #expect(inMessage("a\n\u{301}b") == Array("a\n\u{FFFD}b".unicodeScalars))
    }

    @Test("Four joiners in an emoji are kept, a fifth is replaced, and the count is per emoji")
    func joiners() {
        let four = String(repeating: "👩\u{200D}", count: Sanitizer.maximumJoinersPerEmoji) + "👩"
        #expect(Sanitizer.sanitize(four + four, as: .line) == four + four)
        #expect(Sanitizer.sanitize(four + "\u{200D}👩", as: .line) == four + "\u{FFFD}👩")
    }

    @Test("Orthographic joiners are for messages, not for names")
    func joinersInNames() {
        #expect(Sanitizer.sanitize("می\u{200C}خواهم", as: .line) == "می\u{FFFD}خواهم")
    }

    @Test("Text of the full length is kept, one byte more is cut and marked", arguments: Sanitizer.Mode.allCases)
    func length(_ mode: Sanitizer.Mode) {
        let full = String(repeating: "x", count: mode.maximumByteCount)
        #expect(Sanitizer.sanitize(full, as: mode) == full)
        let cut = Sanitizer.sanitize(full + "x", as: mode)
        #expect(cut == full.dropLast(3) + "…")
        #expect(cut.utf8.count == mode.maximumByteCount)
        let wide = Sanitizer.sanitize(String(repeating: "漢", count: mode.maximumByteCount), as: mode)
        #expect(wide.utf8.count <= mode.maximumByteCount)
        #expect(wide.hasSuffix("漢…"))
    }

    @Test(
        "Random text: nothing forbidden is left, the bound holds, a second run changes nothing",
        arguments: Sanitizer.Mode.allCases)
    func properties(_ mode: Sanitizer.Mode) {
        // Characters of which the rules speak, so that they meet one another often.
        let special: [Unicode.Scalar] = [
            "\u{200D}", "\u{200C}", "\u{FE0F}", "\u{FE0E}", "\u{20E3}", "\u{301}", "\u{94D}", "\u{930}", "\u{645}",
            "\u{1F469}",
            "\u{1F3FD}", "\u{2764}", "1", "a", " ", ".", "-", "/", "\n", "\r", "\t", "\u{1B}", "\u{202E}", "\u{E0041}",
            "\u{E0100}",
            "\u{3164}", "\u{1F1E9}", "\u{180B}", "\u{115F}", "\u{A0}", "\u{1F3F4}",
        ]
        var generator = SeededRandom(seed: 56)
        for round in 0..<1500 {
            // Some texts end beyond the limit of a line, so that cutting is tried everywhere.
            let count =
                round.isMultiple(of: 3)
                ? Int.random(in: 200...600, using: &generator) : Int.random(in: 0...12, using: &generator)
            let scalars = (0..<count).map { _ -> Unicode.Scalar in
                if Bool.random(using: &generator), let scalar = special.randomElement(using: &generator) {
                    return scalar
                }
                return Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &generator)) ?? "b"
            }
            let text = String(String.UnicodeScalarView(scalars))
            let once = Sanitizer.sanitize(text, as: mode)
            let left = once.unicodeScalars.filter { Sanitizer.isForbidden($0, in: mode) }
            #expect(left.isEmpty)
            #expect(once.utf8.count <= mode.maximumByteCount)
            let twice = Sanitizer.sanitize(once, as: mode)
            #expect(Array(twice.utf8) == Array(once.utf8), "\(scalars.map { String($0.value, radix: 16) })")
        }
    }

    @Test(
        "Every character of Unicode, between others and after a mark: nothing forbidden is left, nothing moves the cursor"
    )
    func allOfUnicode() {
        var text = String.UnicodeScalarView()
        for scalar in (0...0x10FFFF as ClosedRange<UInt32>).compactMap(Unicode.Scalar.init) {
            text.append(scalar)
            guard text.count == 48 || scalar.value == 0x10FFFF else { continue }
            for mode in Sanitizer.Mode.allCases {
                let safe = Sanitizer.sanitize(String(text), as: mode)
                let left = safe.unicodeScalars.filter {
                    Sanitizer.isForbidden($0, in: mode) || Self.isControl($0, in: mode)
                }
                if !left.isEmpty { Issue.record("left of \(text.first?.value ?? 0)...: \(left.map(\.value))") }
            }
            text = String.UnicodeScalarView()
        }
    }

    /// Written without Unicode's tables: C0, C1, bidi, zero-width, tags.
    private static func isControl(_ scalar: Unicode.Scalar, in mode: Sanitizer.Mode) -> Bool {
        switch scalar.value {
        case 0x0A: mode != .message
        case 0x00..<0x20, 0x7F...0x9F, 0xAD, 0x61C, 0x180E, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x206F,
            0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE0FFF:
            true
        default: false
        }
    }

    @Test("Texts made of what attacks are made of are safe in all modes, the second time as well")
    func attacks() {
        let pieces = [
            "\u{1B}[", "\u{9B}", "\u{1B}]52;c;", "\u{7}", "\u{1B}\\", "31m", "2J", "\u{202E}", "\u{2066}", "\u{2069}",
            "\u{200D}",
            "\u{FE0F}", "\u{E0041}", "\u{E007F}", "👩", "🏴", "\u{20E3}", "1", "\u{301}", "\u{94D}", "क", "\r\n", "\r",
            "\n", "\t", "-!- ",
            "termtalk: ", "../", "\u{0}", "\u{3164}", "\u{2028}", "a",
        ]
        var random = SeededRandom(seed: 56)
        for _ in 0..<4_000 {
            let text = (0..<random.below(12)).map { _ in pieces[random.below(pieces.count)] }.joined()
            for mode in Sanitizer.Mode.allCases {
                let safe = Sanitizer.sanitize(text, as: mode)
                #expect(
                    !safe.unicodeScalars.contains { Self.isControl($0, in: mode) },
                    "\(text.unicodeScalars.map(\.value))")
                #expect(
                    Sanitizer.sanitize(safe, as: mode).utf8.elementsEqual(safe.utf8),
                    "\(text.unicodeScalars.map(\.value))")
            }
        }
    }

    @Test("What the fast path takes for harmless is so by Unicode's tables too")
    func plainScalars() {
        for scalar in (0...0xFFFF as ClosedRange<UInt32>).compactMap({ Unicode.Scalar($0) }) where scalar.isPlain {
            let properties = scalar.properties
            #expect(!Sanitizer.isForbidden(scalar, in: .line))
            #expect(![.nonspacingMark, .spacingMark, .enclosingMark].contains(properties.generalCategory))
            #expect(scalar.value <= 0xFF || !properties.isEmoji)
            #expect(!properties.isVariationSelector && !properties.isJoinControl)
        }
    }

    @Test("The forbidden sets hold what they must")
    func forbiddenSet() {
        let ranges: [ClosedRange<UInt32>] = [
            0x00...0x09, 0x0B...0x1F, 0x7F...0x9F, 0x61C...0x61C, 0x200B...0x200B, 0x200E...0x200F, 0x2028...0x202E,
            0x2060...0x206F,
            0xFDD0...0xFDEF, 0xE000...0xF8FF, 0xFEFF...0xFEFF, 0xFFFE...0xFFFF, 0xE0000...0xE0FFF, 0xF0000...0xF00FF,
            0x10FFFE...0x10FFFF,
        ]
        for scalar in ranges.joined().compactMap({ Unicode.Scalar($0) }) {
            #expect(Sanitizer.isForbidden(scalar, in: .message))
        }
        #expect(Sanitizer.isForbidden("\n", in: .line))
        #expect(!Sanitizer.isForbidden("\n", in: .message))
    }
}
