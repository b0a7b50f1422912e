/// Makes text from elsewhere safe to show: every nick, reason, topic and message from a peer passes here before it
/// reaches a terminal, a log or a script. Names of files are made safe by `FileName`.
///
/// What could move the cursor, reorder, hide or forge is replaced by U+FFFD: control characters (so also ESC and the
/// eight-bit CSI and OSC), bidirectional controls, invisible and format characters, line and paragraph separators, tag
/// characters (a run of them by one), private use and noncharacters. Joiners are kept where writing needs them, variation
/// selectors only on emoji (others are left out), marks up to a limit. The result does not change when sanitized again.
package enum Sanitizer {
    /// What the text is to be used as.
    package enum Mode: Sendable, CaseIterable {
        /// One line: nicks, reasons, topics, causes. A newline is replaced.
        case line
        /// A message: newlines are kept, CR LF becomes one.
        case message

        /// Bytes of UTF-8 in the result; longer text ends in `…`.
        var maximumByteCount: Int {
            switch self {
            case .line: Sanitizer.maximumLineByteCount
            case .message: Sanitizer.maximumMessageByteCount
            }
        }
    }

    /// An invite or a reason fits, a page of text does not.
    package static let maximumLineByteCount = 1024

    /// As long as a message may be.
    static let maximumMessageByteCount = 65_536

    /// Marks on one base character; further ones are left out. Pointed Hebrew needs five.
    static let maximumMarksPerBase = 5

    /// Zero-width joiners in one emoji. A family of four has three.
    static let maximumJoinersPerEmoji = 4

    /// Spaces a tab becomes in a message; in the other modes it becomes one.
    static let tabWidth = 4

    /// `text` made safe for `mode`.
    package static func sanitize(_ text: String, as mode: Mode) -> String {
        if isPlain(text, as: mode) { return text }
        var pass = SanitizerPass(mode: mode, byteCount: text.utf8.count)
        let scalars = text.unicodeScalars
        var index = scalars.startIndex
        while index < scalars.endIndex, !pass.isFull {
            let scalar = scalars[index]
            index = scalars.index(after: index)
            pass.received(scalar, next: index < scalars.endIndex ? scalars[index] : nil)
        }
        return pass.finish()
    }

    /// The lines of a message, each safe to show. Whoever shows them marks the second and later ones as continuations.
    static func lines(ofMessage text: String) -> [String] {
        let safe = sanitize(text, as: .message)
        return safe.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(Substring($0)) }
    }

    /// Whether `scalar` never appears in sanitized text of `mode`, wherever it stands.
    static func isForbidden(_ scalar: Unicode.Scalar, in mode: Mode) -> Bool {
        switch scalar.value {
        case 0x0A: return mode != .message
        case 0x200C, 0x200D, 0xFE0E, 0xFE0F: return false
        case 0x0600...0x0605, 0x06DD, 0x08E2: return false  // signs of Arabic text, visible though of category Cf
        default: break
        }
        let properties = scalar.properties
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse: return true
        default: return properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint
        }
    }

    /// Whether nothing has to be done: the common case, decided without a look at Unicode's tables.
    private static func isPlain(_ text: String, as mode: Mode) -> Bool {
        guard text.utf8.count <= mode.maximumByteCount else { return false }
        if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return true }
        return text.unicodeScalars.allSatisfy { $0.isPlain || ($0 == "\n" && mode == .message) }
    }
}

extension Unicode.Scalar {
    /// Whether it is harmless wherever it stands, no mark and no emoji: printable ASCII and ranges of letters and signs that
    /// people use most. What is outside is looked up.
    var isPlain: Bool {
        switch value {
        case 0x20...0x7E, 0xA1...0xA8, 0xAA...0xAC, 0xAF...0x2FF: true
        case 0x391...0x3A1, 0x3A3...0x482, 0x48A...0x52F: true  // Greek, Cyrillic
        case 0x5D0...0x5EA, 0x620...0x64A, 0x660...0x66F, 0x6F0...0x6F9: true  // Hebrew, Arabic
        case 0x2010...0x2027, 0x2030...0x203B, 0x20A0...0x20BF: true  // punctuation, currencies
        case 0x3001...0x3020, 0x3041...0x3096, 0x30A1...0x30FF, 0x4E00...0x9FFF, 0xAC00...0xD7A3: true  // CJK
        case 0xFF01...0xFF5E, 0xFFFD: true
        default: false
        }
    }
}
