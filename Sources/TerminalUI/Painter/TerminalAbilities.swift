internal import CNcurses
import Glibc

/// What a terminal can do, without drawing on it.
package enum TerminalAbilities {
    /// Whether letters of all scripts can be shown.
    package static var isUTF8: Bool { CellWidth.isKnown }

    /// Whether the person has not chosen another set of characters than UTF-8: no choice at all is none.
    static var isUTF8Chosen: Bool {
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            guard let value = unsafe getenv(name), let locale = unsafe String(validatingCString: value),
                !locale.isEmpty
            else { continue }
            guard let dot = locale.firstIndex(of: ".") else { return true }
            let set = locale[dot...].dropFirst().prefix { $0 != "@" }.lowercased()
            return set == "utf-8" || set == "utf8"
        }
        return true
    }

    /// The size of the terminal of stdout; nil when there is none.
    package static var size: ScreenSize? {
        let size = screen_size()
        return size == 0 ? nil : ScreenSize(width: Int(size & 0xFFFF), height: Int(size >> 16))
    }

    /// The colours of a terminal type, 0 for none; nil when the type is not known or cannot show a full screen.
    package static func colourCount(of type: String) -> Int? {
        let count = unsafe screen_colors_of(type)
        return count < 0 ? nil : Int(count)
    }
}
