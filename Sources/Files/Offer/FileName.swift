@_spi(_Unicode) import Swift

/// The name under which a receiver keeps an offered file: made safe for every file system and for eyes.
///
/// It is one component of a path: no separator, no control, format or private character, no leading `.`, `-` or `~`, no
/// device of other systems, never empty, and composed (NFC), so that what looks the same is the same. It does not change
/// when it is made safe again.
package struct FileName: Sendable, Equatable {
    /// Bytes of UTF-8: file systems take 255, and a number of ours may come behind it.
    package static let maximumByteCount = 243
    /// Marks on one character; more cover the line above.
    private static let marksPerCharacter = 3

    package let text: String
    /// What a person should know before opening it; nil when the name shows what the file is.
    package let remark: String?

    package init(_ offered: String) {
        var scalars = String.UnicodeScalarView()
        var hides = false
        var marks = 0
        for scalar in offered._nfc {
            switch scalar {
            case "/", "\\", ":", "*", "?", "\"", "<", ">", "|":
                scalars.append("_")
                marks = 0
            case _ where scalar.properties.isWhitespace:
                if scalars.last == " " { hides = true } else { scalars.append(" ") }
                marks = 0
            case _ where Self.isDropped(scalar):
                hides = true
            case _ where Self.isMark(scalar):
                marks += 1
                if marks <= Self.marksPerCharacter, !scalars.isEmpty, scalars.last != " " { scalars.append(scalar) }
            default:
                scalars.append(scalar)
                marks = 0
            }
        }
        var name = Self.trimmed(Self.composed(String(scalars)))
        if Self.isDevice(name) { name = "_" + name }
        name = Self.trimmed(Self.shortened(name))
        text = name.isEmpty ? "file" : name
        remark = Self.remark(on: text, hides: hides)
    }

    /// The name with a number, for where the name itself is taken.
    package func numbered(_ number: Int) -> String {
        guard number > 0 else { return text }
        let (stem, suffix) = Self.parts(of: text)
        return "\(stem) (\(number))\(suffix)"
    }

    private static func trimmed(_ name: String) -> String {
        var rest = name.unicodeScalars[...]
        while let first = rest.first, [" ", ".", "-", "~"].contains(first) || isMark(first) { rest.removeFirst() }
        while let last = rest.last, [" ", "."].contains(last) { rest.removeLast() }
        return String(rest)
    }

    /// What was dropped may have stood between a letter and its mark.
    private static func composed(_ name: String) -> String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: name._nfc)
        return String(scalars)
    }

    /// Cut before its extension, at a character.
    private static func shortened(_ name: String) -> String {
        guard name.utf8.count > maximumByteCount else { return name }
        var (stem, suffix) = parts(of: name)
        if suffix.utf8.count > 32 { (stem, suffix) = (name, "") }
        var cut = ""
        var count = suffix.utf8.count
        for scalar in stem.unicodeScalars {
            count += UTF8.width(scalar)
            guard count <= maximumByteCount else { break }
            cut.unicodeScalars.append(scalar)
        }
        return cut + suffix
    }

    /// What is before the last dot, and the rest with the dot.
    private static func parts(of name: String) -> (stem: String, suffix: String) {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return (name, "") }
        return (String(name[..<dot]), String(name[dot...]))
    }

    /// Names that other systems open as something else, whatever extension they have.
    private static func isDevice(_ name: String) -> Bool {
        let stem = String(name.prefix { $0 != "." }).uppercased().trimmingSpaces
        if ["CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"].contains(stem) { return true }
        guard stem.count == 4, stem.hasPrefix("COM") || stem.hasPrefix("LPT"), let last = stem.last else {
            return false
        }
        return "0123456789¹²³".contains(last)
    }

    private static let running: Set<String> = [
        "exe", "scr", "com", "bat", "cmd", "ps1", "msi", "js", "vbs", "wsf", "hta", "lnk", "url", "desktop", "jar",
        "sh",
        "appimage", "deb", "rpm", "apk", "dmg", "pkg", "html", "htm", "svg", "py", "pl", "run", "reg",
    ]
    private static let documents: Set<String> = [
        "jpg", "jpeg", "png", "gif", "pdf", "txt", "doc", "docx", "odt", "xls", "xlsx", "mp3", "mp4", "zip",
    ]

    private static func remark(on name: String, hides: Bool) -> String? {
        let (stem, suffix) = parts(of: name)
        let last = String(suffix.dropFirst()).lowercased()
        if running.contains(last) { return "a .\(last) file can do what it likes when it is opened" }
        let before = String(parts(of: stem).suffix.dropFirst()).lowercased().trimmingSpaces
        if !last.isEmpty, documents.contains(before), before != last { return "it is a .\(last) file" }
        return hides ? "its name had hidden characters in it" : nil
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    private static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: true
        default: scalar.properties.isDefaultIgnorableCodePoint || scalar.properties.isNoncharacterCodePoint
        }
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var rest = self[...]
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}
