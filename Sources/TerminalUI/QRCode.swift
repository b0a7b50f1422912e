internal import CQrencode
package import Chat

/// A text as a QR code (ISO/IEC 18004), and the code as rows of characters: two modules a character.
package struct QRCode: Sendable {
    /// Light modules around a code, which a reader needs to find it.
    static let quietZone = 4

    /// How modules become visible.
    package enum Ink: Sendable {
        /// Black on white, whatever the terminal's own colours are.
        case colours(Int)
        /// In the terminal's own letters, which are taken to be the light modules, as on a dark terminal. On a light one the
        /// code is inverted, which most readers take too.
        case none
    }

    /// Modules of a side, without the quiet zone.
    let side: Int
    private let modules: [Bool]

    /// Nil for a text that is too long for a code, some 2,900 bytes.
    init?(_ text: String) {
        var bytes = Array(text.utf8)
        // The lowest correction: a screen has no scratches, and a smaller code has a chance to fit on it.
        guard let code = unsafe QRcode_encodeData(Int32(bytes.count), &bytes, 0, QR_ECLEVEL_L) else { return nil }
        defer { unsafe QRcode_free(code) }
        side = Int(unsafe code.pointee.width)
        modules = unsafe UnsafeBufferPointer(start: code.pointee.data, count: side * side).map { $0 & 1 != 0 }
    }

    /// The rows of the code of `text`, as they fit on a terminal.
    ///
    /// - Parameters:
    ///   - size: of the terminal; nil when it is not known.
    ///   - spare: rows that are needed for something else.
    /// - Throws: terminal-unsuitable, with what would be needed.
    package static func rows(
        for text: String, ink: Ink, size: ScreenSize?, spare: Int = 1, isUTF8: Bool = TerminalAbilities.isUTF8Chosen
    ) throws(ChatEvent.Notice) -> [String] {
        guard isUTF8 else {
            throw ChatEvent.Notice(
                .terminalUnsuitable, "the QR code cannot be shown: the terminal's characters are not UTF-8",
                hint: "export LC_ALL=C.UTF-8, where the terminal can do it")
        }
        guard let code = QRCode(text) else {
            throw ChatEvent.Notice(.terminalUnsuitable, "the QR code cannot be shown: the text is too long for one")
        }
        if let size, size.width < code.width || size.height < code.height + spare {
            throw ChatEvent.Notice(
                .terminalUnsuitable,
                "the QR code cannot be shown: it needs \(code.width) columns and \(code.height + spare) rows, and the terminal has \(size.width) and \(size.height)",
                hint: "make the window larger or its letters smaller, then /invite --qr")
        }
        return code.rows(ink)
    }

    /// Columns of the rows.
    var width: Int { side + 2 * Self.quietZone }

    /// How many rows there are.
    var height: Int { (width + 1) / 2 }

    /// The rows, from the top, with escape sequences for colours.
    func rows(_ ink: Ink) -> [String] {
        let (opening, closing) = Self.frame(ink)
        let isInverted = if case .none = ink { true } else { false }
        return (0..<height).map { row in
            let cells = (0..<width).map { column in
                Self.cell(
                    upper: isDark(column, 2 * row) != isInverted,
                    // An odd number of rows has a light half below it.
                    lower: isDark(column, 2 * row + 1) != isInverted)
            }
            return opening + cells.joined() + closing
        }
    }

    private func isDark(_ column: Int, _ row: Int) -> Bool {
        let (x, y) = (column - Self.quietZone, row - Self.quietZone)
        guard (0..<side).contains(x), (0..<side).contains(y) else { return false }
        return modules[y * side + x]
    }

    private static func cell(upper: Bool, lower: Bool) -> String {
        switch (upper, lower) {
        case (true, true): "█"
        case (true, false): "▀"
        case (false, true): "▄"
        case (false, false): " "
        }
    }

    /// What sets the colours and takes them back. Numbers from 16 on are not changed by themes.
    private static func frame(_ ink: Ink) -> (String, String) {
        switch ink {
        case .colours(256...): ("\u{1B}[38;5;16;48;5;231m", "\u{1B}[0m")
        case .colours: ("\u{1B}[30;47m", "\u{1B}[0m")
        case .none: ("", "")
        }
    }
}
