import Testing

@testable import Chat

@Suite struct NickTests {
    @Test(
        "Nicks that people use are accepted as they are",
        arguments: [
            "alice", "Bob_2", "a.b-c", "7up", "Zoë", "Zoe\u{308}", "Иван", "Νίκος", "数学", "はなこ", "가나다", "محمد", "राम",
            "דָּוִד", "Nguyễn", "abc234",
        ])
    func accepted(_ text: String) throws {
        #expect(try Nick(validating: text).text == text)
    }

    @Test(
        "Characters that could imitate or hide something are refused",
        arguments: [
            "a b", "a\u{A0}b", "<a>", "a\nb", "a\u{1B}[31m", "a\u{202E}b", "a\u{200D}b", "a\u{200B}b", "a\u{FE0F}",
            "a\u{3164}",
            "\u{3164}", "a\u{E0041}", "\u{301}a", "_a", "-!-", ".", "a\u{20DD}", "a_\u{301}", "😀", "a/b", "a:b", "Ⅳ",
            "\u{E000}",
        ])
    func forbidden(_ text: String) {
        #expect(throws: NickError.forbiddenCharacter) { try Nick(validating: text) }
        #expect(!Nick.isWellFormed(text))
    }

    @Test("The form alone knows no reserved names and trims nothing")
    func form() {
        #expect(Nick.isWellFormed("host"))
        #expect(Nick.isWellFormed("Иван"))
        #expect(!Nick.isWellFormed(" alice"))
        #expect(!Nick.isWellFormed(""))
        #expect(!Nick.isWellFormed(String(repeating: "a", count: 33)))
    }

    @Test("White space at both ends is left out, and what remains must not be empty")
    func trimming() throws {
        #expect(try Nick(validating: " \t\u{3000}alice \n").text == "alice")
        #expect(throws: NickError.empty) { try Nick(validating: "") }
        #expect(throws: NickError.empty) { try Nick(validating: " \u{2003}\t") }
    }

    @Test("32 bytes of UTF-8 are a nick, 33 are not")
    func length() throws {
        #expect(try Nick(validating: String(repeating: "a", count: 32)).text.utf8.count == 32)
        #expect(try Nick(validating: String(repeating: "я", count: 16)).text.utf8.count == 32)
        #expect(throws: NickError.tooLong) { try Nick(validating: String(repeating: "a", count: 33)) }
        #expect(throws: NickError.tooLong) { try Nick(validating: "a" + String(repeating: "я", count: 16)) }
        #expect(Nick.maximumByteCount == 32)
    }

    @Test("Three marks on a letter are accepted, four are not")
    func marks() throws {
        let marks = String(repeating: "\u{301}", count: Nick.maximumMarksPerBase)
        #expect(try Nick(validating: "a\(marks)b\(marks)").text.unicodeScalars.count == 8)
        #expect(throws: NickError.forbiddenCharacter) { try Nick(validating: "a\(marks)\u{301}") }
    }

    @Test(
        "Names of the program and the room, and their look-alikes, are reserved",
        arguments: [
            "system", "System", "SYSTEM", "termtalk", "host", "h0st", "ноst", "ѕуѕtem", "systern", "ｓｙｓｔｅｍ",
            "sérv\u{308}er", "rооm",
        ])
    func reserved(_ text: String) {
        #expect(throws: NickError.reserved) { try Nick(validating: text) }
    }

    @Test(
        "Scripts that are not written together make no nick, nor do those that are not used for names",
        arguments: [
            "\u{430}lice", "bob\u{43E}", "\u{3B1}lice", "\u{570}ans", "pet\u{435}r", "\u{13AA}lice", "\u{2D4F}\u{2D30}",
            "\u{10410}ob", "\u{104B0}x", "\u{A4EE}\u{A4E1}", "\u{10330}", "\u{16A0}", "ab\u{5D0}", "\u{915}\u{995}",
            "\u{3042}\u{AC00}",
            "\u{1F00}\u{430}",
        ])
    func scripts(_ text: String) throws {
        #expect(try !Nick(validating: text).isOfOneScript)
        #expect(!Nick.isWellFormed(text))
    }

    @Test(
        "Scripts that are written together, with digits of their own or of everybody",
        arguments: [
            "東京Tower", "たなかケン", "김Lee", "數ㄅㄆ", "alice7", "Иван_2", "राम१२", "محمد٣", "Zoe\u{308}", "a.b-c", "ナカムラー",
        ])
    func scriptsTogether(_ text: String) throws {
        #expect(try Nick(validating: text).isOfOneScript)
        #expect(Nick.isWellFormed(text))
    }

    /// What the table says of scripts against what Unicode's own data in the standard library says of letters: each letter of
    /// the basic plane is in a script of the table, or in one of those that are named here as left out.
    @Test("Every letter has its script, or is of one that is left out by name")
    func scriptsLeftOut() {
        let leftOut = [
            "SYRIAC", "NKO", "SAMARITAN", "MANDAIC", "CHEROKEE", "CANADIAN", "OGHAM", "RUNIC", "TAGALOG", "HANUNOO",
            "BUHID",
            "TAGBANWA", "MONGOLIAN", "LIMBU", "TAI", "NEW TAI", "BUGINESE", "BALINESE", "SUNDANESE", "BATAK", "LEPCHA",
            "OL",
            "GLAGOLITIC", "COPTIC", "TIFINAGH", "YI", "LISU", "VAI", "BAMUM", "SYLOTI", "PHAGS-PA", "SAURASHTRA",
            "KAYAH",
            "REJANG", "JAVANESE", "CHAM", "MEETEI", "NYIAKENG",
        ]
        for value in (0x80...0xFFFF as ClosedRange<UInt32>) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let properties = scalar.properties
            switch properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .otherLetter: break
            default: continue
            }
            guard NickScripts.script(of: scalar) == nil, let name = properties.name else { continue }
            // Newer than Debian's table.
            if let age = properties.age, age.major > 15 { continue }
            #expect(leftOut.contains { name.hasPrefix($0) }, "U+\(String(value, radix: 16)) \(name)")
        }
        #expect(NickScripts.table.count.isMultiple(of: 3))
        for index in stride(from: 3, to: NickScripts.table.count, by: 3) {
            #expect(NickScripts.table[index] > NickScripts.table[index - 2])
        }
    }

    @Test("A name that contains a reserved one is free")
    func notReserved() throws {
        #expect(try Nick(validating: "hostess").text == "hostess")
        #expect(try Nick(validating: "system7").text == "system7")
    }

    @Test("Random text never traps, and what is accepted obeys the limits")
    func random() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            let scalars = (0..<Int.random(in: 0...4, using: &generator)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0...0x3FFF, using: &generator))
            }
            let text = String(String.UnicodeScalarView(scalars))
            guard let nick = try? Nick(validating: text) else { continue }
            #expect((1...Nick.maximumByteCount).contains(nick.text.utf8.count))
            #expect(!nick.text.unicodeScalars.contains { $0.properties.isWhitespace })
        }
    }
}
