/// A size in cells.
package struct ScreenSize: Hashable, Sendable {
    var width: Int
    var height: Int

    init(width: Int, height: Int) {
        self.width = max(1, width)
        self.height = max(1, height)
    }
}

/// All that is to be seen at a moment: rows from the top, and where the cursor stands.
package struct ScreenFrame: Equatable, Sendable {
    var rows: [StyledLine]
    var cursorRow: Int
    var cursorColumn: Int
}
