internal import CNcurses
import Glibc

/// Columns that characters take on a terminal, as the C library counts them: ncurses and tmux count the same way.
enum CellWidth {
    /// The C library knows widths in a UTF-8 locale only. The user's is taken when it is one, else `C.UTF-8`.
    private static let isPrepared: Bool = {
        let isUTF8 = { () -> Bool in
            guard let name = unsafe nl_langinfo(nl_item(CODESET)) else { return false }
            return unsafe strcmp(name, "UTF-8") == 0
        }
        _ = unsafe setlocale(LC_CTYPE, "")
        if !isUTF8() { _ = unsafe setlocale(LC_CTYPE, "C.UTF-8") }
        return isUTF8()
    }()

    /// Whether there is a UTF-8 locale: without one no screen can be drawn.
    static var isKnown: Bool { isPrepared }

    /// 0 for a mark, 1 or 2 for what is shown; nil for what has no width: control characters and what is not assigned.
    static func of(_ scalar: Unicode.Scalar) -> Int? {
        if (0x20..<0x7F).contains(scalar.value) { return 1 }
        guard isPrepared else { return scalar.value < 0xA0 ? nil : 1 }
        let width = screen_width_of(scalar.value)
        return width < 0 ? nil : Int(width)
    }
}
