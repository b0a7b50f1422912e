/// Where the characters of the input line stand on the screen, and with them the cursor.
struct InputLayout {
    private(set) var rows: [StyledLine]
    /// Of the cursor; the row counts from the first in `rows`.
    private(set) var cursorRow = 0
    private(set) var cursorColumn = 0

    /// Lays the input out in rows of `width` columns; of more than `maximumRows` those around the cursor are kept.
    init(_ editor: LineEditor, prompt: StyledLine, width: Int, maximumRows: Int) {
        // The cursor may stand behind the last character.
        let width = max(2, width)
        var line = prompt.fitted(to: max(0, width / 2))
        rows = []
        func close() {
            rows.append(line)
            line = StyledLine()
            line.append("  ")
            if width < 8 { line = StyledLine() }
        }
        for (index, character) in editor.characters.enumerated() {
            if index == editor.cursor { (cursorRow, cursorColumn) = (rows.count, line.width) }
            if character == "\n" {
                line.append("", TextStyle())
                close()
                continue
            }
            let glyphs = Glyph.glyphs(of: String(character))
            let columns = glyphs.reduce(0) { $0 + $1.width }
            if line.width + columns >= width, line.width > 2 {
                close()
                if index == editor.cursor { (cursorRow, cursorColumn) = (rows.count, line.width) }
            }
            for glyph in glyphs where line.width + glyph.width < width { line.append(glyph, TextStyle()) }
        }
        if editor.cursor == editor.characters.count { (cursorRow, cursorColumn) = (rows.count, line.width) }
        rows.append(line)
        let limit = max(1, maximumRows)
        if rows.count > limit {
            let first = min(max(0, cursorRow - limit + 1), rows.count - limit)
            rows = Array(rows[first..<(first + limit)])
            cursorRow -= first
        }
    }
}
