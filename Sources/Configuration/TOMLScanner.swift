/// One line of TOML, read from left to right.
struct TOMLScanner {
    let number: Int
    private let characters: [Unicode.Scalar]
    private var position = 0

    init(_ line: Substring, number: Int) {
        self.number = number
        characters = Array(line.unicodeScalars)
    }

    var next: Unicode.Scalar? { characters.indices.contains(position) ? characters[position] : nil }

    mutating func advance() {
        position += 1
    }

    mutating func skipSpace() {
        while next == " " || next == "\t" { advance() }
    }

    func error(_ reason: String) -> TOMLError {
        TOMLError(line: number, reason: reason)
    }

    /// Nothing but space and a comment may follow.
    mutating func expectEnd() throws(TOMLError) {
        skipSpace()
        if next == "#" {
            while let character = next {
                guard character.value >= 0x20 || character == "\t", character.value != 0x7F else {
                    throw error("a comment must not contain control characters")
                }
                advance()
            }
        }
        guard next == nil else { throw error("something follows that does not belong there") }
    }

    /// A key of bare parts with dots between them, and the space around it.
    mutating func readKey() throws(TOMLError) -> String {
        var parts: [String] = []
        while true {
            skipSpace()
            var part = ""
            while let character = next, Self.isBare(character) {
                part.unicodeScalars.append(character)
                advance()
            }
            guard !part.isEmpty else {
                throw error(
                    next == "\"" || next == "'" ? "quoted keys are not used here" : "there is no key where one is due")
            }
            parts.append(part)
            skipSpace()
            guard next == "." else { return parts.joined(separator: ".") }
            advance()
        }
    }

    mutating func readValue() throws(TOMLError) -> TOMLDocument.Value {
        switch next {
        case "\"": return .string(try readBasicString())
        case "'": return .string(try readLiteralString())
        case "[", "{": throw error("lists in lists and inline tables are not used here")
        case nil, "#": throw error("there is no value after the =")
        default: return try readWord()
        }
    }

    private mutating func readWord() throws(TOMLError) -> TOMLDocument.Value {
        var word = ""
        while let character = next, character != " ", character != "\t", character != "#" {
            word.unicodeScalars.append(character)
            advance()
        }
        switch word {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default:
            guard let integer = Self.integer(word) else {
                throw error("the value is no string in quotes, no whole number, and neither true nor false")
            }
            return .integer(integer)
        }
    }

    /// A decimal integer as TOML has it: no leading zeros, single underscores between digits.
    private static func integer(_ word: String) -> Int64? {
        let digits = word.hasPrefix("+") || word.hasPrefix("-") ? word.dropFirst() : word[...]
        guard digits.first != "_", digits.last != "_", !digits.contains("__"), digits == "0" || digits.first != "0",
            !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x5F })
        else { return nil }
        return Int64(word.filter { $0 != "_" })
    }

    private mutating func readLiteralString() throws(TOMLError) -> String {
        advance()
        var text = ""
        while let character = next {
            advance()
            if character == "'" { return try checkedEnd(of: text, quote: "'") }
            text.unicodeScalars.append(try checked(character))
        }
        throw error("the string has no end")
    }

    private mutating func readBasicString() throws(TOMLError) -> String {
        advance()
        var text = ""
        while let character = next {
            advance()
            switch character {
            case "\"": return try checkedEnd(of: text, quote: "\"")
            case "\\": text.unicodeScalars.append(try readEscape())
            default: text.unicodeScalars.append(try checked(character))
            }
        }
        throw error("the string has no end")
    }

    private func checkedEnd(of text: String, quote: Unicode.Scalar) throws(TOMLError) -> String {
        guard !text.isEmpty || next != quote else { throw error("strings of several lines are not used here") }
        return text
    }

    private func checked(_ character: Unicode.Scalar) throws(TOMLError) -> Unicode.Scalar {
        guard character.value >= 0x20 || character == "\t", character.value != 0x7F else {
            throw error("a string must not contain control characters; write them as \\n, \\u001B")
        }
        return character
    }

    private mutating func readEscape() throws(TOMLError) -> Unicode.Scalar {
        guard let kind = next else { throw error("the string has no end") }
        advance()
        switch kind {
        case "b": return "\u{8}"
        case "t": return "\t"
        case "n": return "\n"
        case "f": return "\u{C}"
        case "r": return "\r"
        case "\"": return "\""
        case "\\": return "\\"
        case "u": return try readScalar(digits: 4)
        case "U": return try readScalar(digits: 8)
        default: throw error("there is no escape \\\(String(Character(kind)))")
        }
    }

    private mutating func readScalar(digits: Int) throws(TOMLError) -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let character = next, let digit = Character(character).hexDigitValue, character.isASCII else {
                throw error("an escape of a character has too few digits")
            }
            advance()
            value = value << 4 | UInt32(digit)
        }
        guard let scalar = Unicode.Scalar(value) else { throw error("an escape names no character") }
        return scalar
    }

    private static func isBare(_ character: Unicode.Scalar) -> Bool {
        switch character {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
        default: false
        }
    }
}
