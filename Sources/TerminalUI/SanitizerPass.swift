/// One run of the sanitizer over one text: scalars in, text out, bounded.
///
/// What is decided about a scalar depends on it, on the scalar that stands before it in the output, and on the next one of the
/// input only when that one is sure to be kept. That makes the result stable when it is sanitized again.
struct SanitizerPass {
    private let mode: Sanitizer.Mode
    /// UTF-8.
    private var output: [UInt8] = []
    /// The last scalar of the output.
    private var previous: Unicode.Scalar?
    /// Where the output may be cut so that `…` still fits: its length there.
    private var cut = 0
    private(set) var isFull = false
    private var marks = 0
    private var joiners = 0
    private var previousWasTag = false

    private static let replacement: Unicode.Scalar = "\u{FFFD}"
    private static let ellipsis = Array("…".utf8)

    /// A pass over a text of `byteCount` bytes.
    init(mode: Sanitizer.Mode, byteCount: Int) {
        self.mode = mode
        output.reserveCapacity(min(byteCount, mode.maximumByteCount))
    }

    mutating func received(_ scalar: Unicode.Scalar, next: Unicode.Scalar?) {
        if scalar.isPlain {
            previousWasTag = false
            return append(scalar)
        }
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
            append(scalar)
        }
    }

    func finish() -> String {
        return String(decoding: output, as: UTF8.self)
    }

    private mutating func appendJoiner(_ joiner: Unicode.Scalar, next: Unicode.Scalar?) {
        guard let previous, let next else { return append(Self.replacement) }
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
        guard selector == "\u{FE0F}" || selector == "\u{FE0E}", let previous else { return false }
        return previous.isPictograph || (previous.properties.isEmoji && next == "\u{20E3}")
    }

    private mutating func appendMark(_ mark: Unicode.Scalar) {
        guard let previous, previous != "\n" else { return append(Self.replacement) }
        if marks < Sanitizer.maximumMarksPerBase { append(mark) }
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        guard !isFull else { return }
        guard output.count + UTF8.width(scalar) <= mode.maximumByteCount else { return shorten() }
        count(scalar)
        if scalar.isASCII {
            output.append(UInt8(truncatingIfNeeded: scalar.value))
        } else {
            output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
        previous = scalar
        if output.count <= mode.maximumByteCount - Self.ellipsis.count, !scalar.needsNext { cut = output.count }
    }

    private mutating func count(_ scalar: Unicode.Scalar) {
        if scalar.isPlain {
            joiners = 0
            marks = 0
            return
        }
        if scalar == "\u{200D}" {
            joiners += 1
        } else if !scalar.isPictograph, scalar != "\u{FE0F}" {
            joiners = 0
        } else if previous != "\u{200D}", scalar != "\u{FE0F}",
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
        output.removeLast(output.count - cut)
        output.append(contentsOf: Self.ellipsis)
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
    fileprivate var needsNext: Bool { !isPlain && (properties.isJoinControl || properties.isVariationSelector) }
}
