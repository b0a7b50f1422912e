internal import CNcurses

/// The colours of this terminal: true colour where terminfo has it, else 256, else 8, else none.
struct ColourTable {
    /// Colours of the palette of 256 that are readable on black and on white.
    private static let members256: [Int32] = [
        28, 30, 31, 32, 33, 37, 62, 64, 65, 66, 67, 69, 71, 97, 98, 99, 103, 124, 130, 131, 132, 133, 136, 161, 162,
        163,
        166, 167, 168, 169, 172, 202,
    ]
    private static let trueColourCount: Int32 = 1 << 24

    private let count: Int32
    private var pairs: [Int32: Int32] = [:]

    /// After the screen was opened.
    init(isOn: Bool) {
        guard isOn, has_colors(), start_color() == OK else {
            count = 0
            return
        }
        use_default_colors()
        count = screen_colors()
    }

    /// Makes what is painted next look like `style`.
    mutating func apply(_ style: TextStyle) {
        var attributes: attr_t = 0
        if style.isBold { attributes |= screen_bold() }
        if style.isReversed { attributes |= screen_reverse() }
        screen_set_style(attributes, pair(for: index(of: style.colour)))
    }

    private mutating func pair(for index: Int32?) -> Int32 {
        guard let index else { return 0 }
        if let known = pairs[index] { return known }
        let next = Int32(pairs.count) + 1
        guard init_extended_pair(next, index, -1) == OK else { return 0 }
        pairs[index] = next
        return next
    }

    /// The terminal's number of a colour; nil for its default.
    private func index(of colour: TextStyle.Colour) -> Int32? {
        guard count >= 8 else { return nil }
        let isLarge = count >= 256
        switch colour {
        case .plain: return nil
        case .member(let id): return member(id)
        case .system: return count >= Self.trueColourCount ? 0x808080 : isLarge ? 244 : 6
        case .warning: return count >= Self.trueColourCount ? 0xC07000 : isLarge ? 172 : 3
        case .error: return count >= Self.trueColourCount ? 0xD02020 : isLarge ? 160 : 1
        case .mark: return count >= Self.trueColourCount ? 0x209020 : isLarge ? 71 : 2
        }
    }

    private func member(_ id: UInt64) -> Int32 {
        let hash = (id &* 0x9E37_79B9_7F4A_7C15) >> 32
        if count >= Self.trueColourCount { return Self.rgb(hue: Int32(hash % 360)) }
        if count >= 256 { return Self.members256[Int(hash % UInt64(Self.members256.count))] }
        return Int32(hash % 6) + 1
    }

    /// A colour of middle lightness as red, green, blue in 8 bits each.
    private static func rgb(hue: Int32) -> Int32 {
        let low: Int32 = 0x40
        let span: Int32 = 0x80
        let rising = span * (hue % 60) / 60
        let (red, green, blue): (Int32, Int32, Int32) =
            switch hue / 60 {
            case 0: (span, rising, 0)
            case 1: (span - rising, span, 0)
            case 2: (0, span, rising)
            case 3: (0, span - rising, span)
            case 4: (rising, 0, span)
            default: (span, 0, span - rising)
            }
        return (low + red) << 16 | (low + green) << 8 | (low + blue)
    }
}
