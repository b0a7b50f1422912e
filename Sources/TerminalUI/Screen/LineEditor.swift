/// The input line: what has been typed, where the cursor stands, and how keys change both. It may hold several lines.
struct LineEditor: Sendable, Equatable {
    /// As much as a message may have, and a command before it.
    static let maximumByteCount = InputParser.maximumTextByteCount + 256

    private(set) var characters: [Character] = []
    /// Before the character of this index; `characters.count` at the end.
    private(set) var cursor = 0
    /// What was deleted last, for ^Y.
    private var killed: [Character] = []
    private var wasKill = false

    var text: String { String(characters) }
    var isEmpty: Bool { characters.isEmpty }

    /// The same text with another cursor, or another text.
    mutating func replace(with text: String) {
        characters = Array(text)
        cursor = characters.count
    }

    /// Puts `text` where the cursor is.
    ///
    /// - Returns: false when that would be too long; nothing is changed then.
    mutating func insert(_ text: String) -> Bool {
        let clean = Self.cleaned(text)
        guard !clean.isEmpty else { return true }
        guard characters.reduce(clean.utf8.count, { $0 + $1.utf8.count }) <= Self.maximumByteCount else { return false }
        // What is typed may be a mark on the character before it.
        let before = cursor > 0 ? String(characters[cursor - 1]) : ""
        let inserted = Array(before + clean)
        let start = cursor - (before.isEmpty ? 0 : 1)
        characters.replaceSubrange(start..<cursor, with: inserted)
        cursor = start + inserted.count
        wasKill = false
        return true
    }

    /// Line breaks become one kind; what is no text is left out. Tabs of pasted code stay.
    private static func cleaned(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\r": result.append("\n")
            case "\n": if previous != "\r" { result.append("\n") }
            case "\t": result.append(scalar)
            case _ where scalar.properties.generalCategory == .control: break
            default: result.append(scalar)
            }
            previous = scalar
        }
        return String(result)
    }

    /// Empties the line and returns what it held.
    mutating func take() -> String {
        let text = self.text
        characters = []
        cursor = 0
        wasKill = false
        return text
    }

    /// What a key does to the line; keys that mean nothing to it do nothing.
    mutating func pressed(_ key: Key) {
        switch key {
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(characters.count, cursor + 1)
        case .wordLeft: cursor = wordStart
        case .wordRight: cursor = wordEnd
        case .home: cursor = lineStart
        case .end: cursor = lineEnd
        case .backspace: remove(max(0, cursor - 1)..<cursor)
        case .delete: remove(cursor..<min(characters.count, cursor + 1))
        case .deleteWordBack: kill(wordStart..<cursor)
        case .deleteWordForward: kill(cursor..<wordEnd)
        case .killToStart: kill(lineStart..<cursor)
        case .killToEnd: kill(cursor..<(lineEnd == cursor ? min(characters.count, cursor + 1) : lineEnd))
        case .yank: _ = insert(String(killed))
        default: return
        }
        switch key {
        case .deleteWordBack, .deleteWordForward, .killToStart, .killToEnd: wasKill = true
        default: wasKill = false
        }
    }

    /// Moves to the line above or below inside the text.
    ///
    /// - Returns: false when there is none.
    mutating func moveLine(down: Bool) -> Bool {
        let column = cursor - lineStart
        if down {
            let next = lineEnd + 1
            guard next <= characters.count else { return false }
            cursor = next
            cursor = min(next + column, lineEnd)
        } else {
            guard lineStart > 0 else { return false }
            cursor = lineStart - 1
            cursor = min(lineStart + column, lineEnd)
        }
        return true
    }

    /// The characters of the word that ends at the cursor, with everything in it but white space.
    var wordBeforeCursor: Range<Int> {
        var start = cursor
        while start > 0, !characters[start - 1].isWhitespace { start -= 1 }
        return start..<cursor
    }

    mutating func replace(_ range: Range<Int>, with text: String) {
        guard range.lowerBound >= 0, range.upperBound <= characters.count else { return }
        let inserted = Array(text)
        characters.replaceSubrange(range, with: inserted)
        cursor = range.lowerBound + inserted.count
    }

    private mutating func remove(_ range: Range<Int>) {
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    private mutating func kill(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let taken = Array(characters[range])
        // Deletions one after the other come back together.
        killed = !wasKill ? taken : range.upperBound == cursor ? taken + killed : killed + taken
        remove(range)
    }

    private var lineStart: Int { (characters[..<cursor].lastIndex(of: "\n") ?? -1) + 1 }
    private var lineEnd: Int { characters[cursor...].firstIndex(of: "\n") ?? characters.count }

    private var wordStart: Int {
        var index = cursor
        while index > 0, characters[index - 1].isWhitespace { index -= 1 }
        while index > 0, !characters[index - 1].isWhitespace { index -= 1 }
        return index
    }

    private var wordEnd: Int {
        var index = cursor
        while index < characters.count, characters[index].isWhitespace { index += 1 }
        while index < characters.count, !characters[index].isWhitespace { index += 1 }
        return index
    }
}
