/// A size in cells.
package struct ScreenSize: Hashable, Sendable {
    package var width: Int
    package var height: Int

    package init(width: Int, height: Int) {
        self.width = max(1, width)
        self.height = max(1, height)
    }
}

/// All that is to be seen at a moment: rows from the top, and where the cursor stands.
package struct ScreenFrame: Equatable, Sendable {
    package var rows: [StyledLine]
    var cursorRow: Int
    var cursorColumn: Int
}
