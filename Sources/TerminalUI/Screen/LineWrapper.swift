/// Text broken into rows: between words where it can be, inside them where it must.
enum LineWrapper {
    struct Piece {
        var glyph: Glyph
        var style: TextStyle
    }

    /// Columns that are worth beginning a text in.
    private static let minimumRoom = 8

    /// The rows of `pieces`, of `width` columns. The first begins with `first`, the others with `indent` spaces.
    static func rows(_ pieces: [Piece], first: StyledLine, indent: Int, width: Int) -> [StyledLine] {
        var rows: [StyledLine] = []
        let indent = min(indent, max(0, width - 1))
        var prefix = first
        if width - first.width < min(minimumRoom, width / 3) {
            // A long nick in a narrow pane: the text begins below it.
            rows.append(first.fitted(to: width))
            prefix = StyledLine()
            prefix.pad(to: indent)
        }
        var room = max(1, width - prefix.width)
        /// The row under way, from this piece on.
        var start = 0
        var used = 0
        /// Where the row may end, as an index of the piece after it.
        var lastBreak: Int?

        func close(at end: Int) {
            var row = prefix
            var last = end
            while last > start, pieces[last - 1].glyph.isSpace { last -= 1 }
            for piece in pieces[start..<max(start, last)] {
                row.append(piece.glyph.width > room ? .replacement : piece.glyph, piece.style)
            }
            rows.append(row)
            prefix = StyledLine()
            prefix.pad(to: indent)
            room = max(1, width - indent)
        }

        var index = 0
        while index < pieces.count {
            let glyph = pieces[index].glyph
            let columns = min(glyph.width, room)
            if used + columns > room {
                // What is a space at the end of a row is not seen.
                if glyph.isSpace {
                    close(at: index)
                    while index < pieces.count, pieces[index].glyph.isSpace { index += 1 }
                    start = index
                } else {
                    let end = lastBreak ?? index
                    close(at: end)
                    start = end
                    index = end
                }
                used = 0
                lastBreak = nil
                continue
            }
            used += columns
            index += 1
            if glyph.isSpace || glyph.width == 2 { lastBreak = index }
        }
        if start < pieces.count || rows.isEmpty { close(at: pieces.count) }
        return rows
    }

    static func pieces(_ text: String, _ style: TextStyle) -> [Piece] {
        Glyph.glyphs(of: text).map { Piece(glyph: $0, style: style) }
    }
}
