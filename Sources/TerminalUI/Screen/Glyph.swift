/// What stands in one cell of a terminal, or in two: a character with the marks on it.
package struct Glyph: Hashable, Sendable {
    let text: String
    /// 1 or 2.
    let width: Int

    /// Marks on one character that a cell of ncurses holds (CCHARW_MAX).
    static let maximumMarkCount = 4

    static let replacement = Glyph(text: "\u{FFFD}", width: 1)
    static let space = Glyph(text: " ", width: 1)

    var isSpace: Bool { text == " " }

    /// The glyphs of a line.
    ///
    /// Terminals disagree about the width of what is joined, selected or toned (families, hearts, thumbs): joiners, variation
    /// selectors and skin tones are left out here, so that the parts stand side by side, and everything behind them where it
    /// belongs. Control and format characters become U+FFFD.
    static func glyphs(of text: String) -> [Glyph] {
        var result: [Glyph] = []
        result.reserveCapacity(text.utf8.count)
        var marks = 0
        for scalar in text.unicodeScalars {
            if (0x20..<0x7F).contains(scalar.value) {
                result.append(Glyph(text: String(Character(scalar)), width: 1))
                marks = 0
                continue
            }
            if isLeftOut(scalar, after: result.last) { continue }
            // What is typed or pasted comes here, too: nothing may reorder or hide text.
            guard scalar == "\t" || !Sanitizer.isForbidden(scalar, in: .line) else {
                result.append(.replacement)
                marks = 0
                continue
            }
            switch CellWidth.of(scalar) {
            case 0?:
                guard marks < maximumMarkCount else { continue }
                marks += 1
                let base = result.popLast() ?? .space
                result.append(Glyph(text: base.text + String(Character(scalar)), width: base.width))
            case let width?:
                result.append(Glyph(text: String(Character(scalar)), width: min(width, 2)))
                marks = 0
            case nil:
                result.append(scalar == "\t" ? .space : .replacement)
                marks = 0
            }
        }
        return result
    }

    private static func isLeftOut(_ scalar: Unicode.Scalar, after previous: Glyph?) -> Bool {
        switch scalar.value {
        case 0x200D, 0xFE0E, 0xFE0F, 0xE0000...0xE007F: true
        case 0x1F3FB...0x1F3FF: previous?.width == 2
        default: false
        }
    }
}
