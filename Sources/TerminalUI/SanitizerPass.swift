/// One run of the sanitizer over one text: scalars in, text out, bounded.
///
/// What is decided about a scalar depends on it, on the scalar that stands before it in the output, and on the next one of the
/// input only when that one is sure to be kept. That makes the result stable when it is sanitized again.
struct SanitizerPass {
    private let mode: Sanitizer.Mode
    private var output = String.UnicodeScalarView()
    private var byteCount = 0
    /// Where the output may be cut so that `…` still fits: its length in bytes there.
    private var cut = 0
    private(set) var isFull = false
    private var marks = 0
    private var joiners = 0
    private var previousWasTag = false

    private static let replacement: Unicode.Scalar = "\u{FFFD}"
    private static let ellipsis: Unicode.Scalar = "\u{2026}"
    private static let ellipsisByteCount = 3

    init(mode: Sanitizer.Mode) {
        self.mode = mode
    }

    mutating func received(_ scalar: Unicode.Scalar, next: Unicode.Scalar?) {
        let isTag = (0xE0000...0xE007F).contains(scalar.value)
        defer { previousWasTag = isTag }
        if isTag, previousWasTag { return }
        switch scalar {
        case "\t":
            for _ in 0..<(mode == .message ? Sanitizer.tabWidth : 1) { append(" ") }
        case "\r" where next == "\n":
            break
        case "\u{200C}", "\u{200D}":
            appendJoiner(scalar, next: next)
        case _ where scalar.properties.isVariationSelector:
            if keepsVariation(scalar, next: next) { append(scalar) }
        case _ where Sanitizer.isForbidden(scalar, in: mode):
            append(Self.replacement)
        case _ where scalar.isMark:
            appendMark(scalar)
        default:
            append(mode == .fileName ? Self.forFileName(scalar) : scalar)
        }
    }

    mutating func finish() -> String {
        if mode == .fileName {
            while let last = output.last, last == " " || last == "." { output.removeLast() }
            if output.isEmpty { output.append("_") }
        }
        return String(output)
    }

    private mutating func appendJoiner(_ joiner: Unicode.Scalar, next: Unicode.Scalar?) {
        guard let previous = output.last, let next else { return append(Self.replacement) }
        if joiner == "\u{200D}", previous.isPictograph || previous == "\u{FE0F}", next.isPictograph {
            guard joiners < Sanitizer.maximumJoinersPerEmoji else { return append(Self.replacement) }
            return append(joiner)
        }
        // After a virama (Indic scripts) either joiner, between Arabic letters the non-joiner: orthography of messages.
        let isOrthography =
            mode == .message && next.isVisibleLetter
            && (previous.properties.canonicalCombiningClass == .virama
                || (joiner == "\u{200C}" && previous.isArabicLetter && next.isArabicLetter))
        append(isOrthography ? joiner : Self.replacement)
    }

    private func keepsVariation(_ selector: Unicode.Scalar, next: Unicode.Scalar?) -> Bool {
        guard selector == "\u{FE0F}" || selector == "\u{FE0E}", let previous = output.last else { return false }
        return previous.isPictograph || (previous.properties.isEmoji && next == "\u{20E3}")
    }

    private mutating func appendMark(_ mark: Unicode.Scalar) {
        guard let previous = output.last, previous != "\n" else { return append(Self.replacement) }
        if marks < Sanitizer.maximumMarksPerBase { append(mark) }
    }

    private static func forFileName(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar {
        case "/", "\\", ":", "*", "?", "\"", "<", ">", "|": "_"
        case _ where scalar.properties.generalCategory == .spaceSeparator: " "
        default: scalar
        }
    }

    private mutating func append(_ given: Unicode.Scalar) {
        var scalar = given
        if mode == .fileName, output.isEmpty {
            if scalar == " " { return }
            if scalar == "." || scalar == "-" || scalar == "~" { scalar = "_" }
        }
        guard !isFull else { return }
        guard byteCount + UTF8.width(scalar) <= mode.maximumByteCount else { return shorten() }
        count(scalar)
        output.append(scalar)
        byteCount += UTF8.width(scalar)
        if byteCount <= mode.maximumByteCount - Self.ellipsisByteCount, !scalar.needsNext { cut = byteCount }
    }

    private mutating func count(_ scalar: Unicode.Scalar) {
        if scalar == "\u{200D}" {
            joiners += 1
        } else if !scalar.isPictograph, scalar != "\u{FE0F}" {
            joiners = 0
        } else if let previous = output.last, previous != "\u{200D}", scalar != "\u{FE0F}",
            !scalar.properties.isEmojiModifier
        {
            joiners = 0
        }
        if scalar.isMark {
            if !scalar.properties.isVariationSelector { marks += 1 }
        } else if !scalar.properties.isJoinControl {
            marks = 0
        }
    }

    private mutating func shorten() {
        isFull = true
        while byteCount > cut, let last = output.popLast() { byteCount -= UTF8.width(last) }
        output.append(Self.ellipsis)
    }
}

extension Unicode.Scalar {
    /// Whether it is a combining mark of any kind.
    fileprivate var isMark: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    /// Whether it is an emoji by itself: not a digit, `#`, `*` or a sign of Latin-1.
    fileprivate var isPictograph: Bool { value > 0xFF && properties.isEmoji }

    fileprivate var isVisibleLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            !properties.isDefaultIgnorableCodePoint
        default: false
        }
    }

    fileprivate var isArabicLetter: Bool {
        switch value {
        case 0x0600...0x06FF, 0x0750...0x077F, 0x08A0...0x08FF: isVisibleLetter
        default: false
        }
    }

    /// Whether it may stand only because of what follows: the text is never cut right after it.
    fileprivate var needsNext: Bool { properties.isJoinControl || properties.isVariationSelector }
}
