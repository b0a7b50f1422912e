/// One row of a screen, or a part of one: pieces of text side by side, each with its style.
package struct StyledLine: Hashable, Sendable {
    package struct Run: Hashable, Sendable {
        var text: String
        var style: TextStyle
        /// Columns.
        var width: Int
    }

    private(set) var runs: [Run] = []
    /// Columns.
    private(set) var width = 0

    init() {}

    init(_ text: String, _ style: TextStyle = TextStyle()) {
        append(text, style)
    }

    /// The text without its styles.
    var text: String { runs.map(\.text).joined() }

    mutating func append(_ text: String, _ style: TextStyle = TextStyle()) {
        for glyph in Glyph.glyphs(of: text) { append(glyph, style) }
    }

    mutating func append(_ glyph: Glyph, _ style: TextStyle) {
        width += glyph.width
        if let last = runs.indices.last, runs[last].style == style {
            runs[last].text += glyph.text
            runs[last].width += glyph.width
        } else {
            runs.append(Run(text: glyph.text, style: style, width: glyph.width))
        }
    }

    mutating func append(_ line: StyledLine) {
        runs += line.runs
        width += line.width
    }

    /// Adds spaces up to `columns`.
    mutating func pad(to columns: Int, _ style: TextStyle = TextStyle()) {
        let missing = columns - width
        guard missing > 0 else { return }
        runs.append(Run(text: String(repeating: " ", count: missing), style: style, width: missing))
        width = columns
    }

    /// The same, in `columns` at most; what was cut off ends in `…` where there is room for it.
    func fitted(to columns: Int) -> StyledLine {
        guard width > columns else { return self }
        var result = StyledLine()
        for run in runs {
            for glyph in Glyph.glyphs(of: run.text) {
                guard result.width + glyph.width < columns else {
                    if result.width < columns { result.append(Glyph(text: "…", width: 1), run.style) }
                    return result
                }
                result.append(glyph, run.style)
            }
        }
        return result
    }
}
