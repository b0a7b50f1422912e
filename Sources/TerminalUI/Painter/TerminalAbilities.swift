internal import CNcurses

/// What a terminal can do, without drawing on it.
package enum TerminalAbilities {
    /// Whether letters of all scripts can be shown.
    package static var isUTF8: Bool { CellWidth.isKnown }

    /// The colours of a terminal type, 0 for none; nil when the type is not known or cannot show a full screen.
    package static func colourCount(of type: String) -> Int? {
        let count = unsafe screen_colors_of(type)
        return count < 0 ? nil : Int(count)
    }
}
