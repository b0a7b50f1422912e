/// Why a text cannot be a nick.
package enum NickError: Error, Equatable, Sendable {
    /// Nothing is left after trimming.
    case empty
    /// More than `Nick.maximumByteCount` bytes of UTF-8.
    case tooLong
    /// Something other than letters, digits, bounded marks and `_ - .`, or a first character that is no letter or digit.
    case forbiddenCharacter
    /// A name, or a look-alike of one, that stands for the program or the room itself.
    case reserved
}

/// A name that a member may carry: what it may consist of is decided here, whether it is free is decided by the room.
///
/// 1 to 32 bytes of UTF-8: letters and decimal digits of scripts that are written together (``NickScripts``), marks on them, and `_`, `-`, `.`; the first
/// character is a letter or digit. So a nick holds no space, bracket, control or invisible character, and nothing that
/// is shown around it can be imitated by it.
///
/// A room refuses a nick whose skeleton equals that of another member's nick or of another member's id
/// (`NickSkeleton(id)`): a nick may read as a member id only when that is its owner's.
package struct Nick: Hashable, Sendable, CustomStringConvertible {
    /// Bytes of UTF-8. A line of a narrow terminal holds it beside the text; 32 bytes are ten letters of three bytes.
    package static let maximumByteCount = 32

    /// Marks on one base character. Vietnamese needs two, Thai and Burmese three; more only pile up.
    static let maximumMarksPerBase = 3

    /// Names that stand for the program or the room. Compared by skeleton.
    static let reserved = ["system", "termtalk", "host", "server", "room", "everyone"]

    private static let reservedSkeletons = Set(reserved.map { NickSkeleton($0) })

    /// The nick as shown.
    package let text: String

    /// What the nick looks like.
    package let skeleton: NickSkeleton

    /// The nick written as `candidate`, white space at both ends left out; the host may take a reserved one.
    package init(validating candidate: String, isHost: Bool = false) throws(NickError) {
        let text = Self.trimmed(candidate)
        try Self.checkForm(of: text)
        let skeleton = NickSkeleton(text)
        guard isHost || !Self.reservedSkeletons.contains(skeleton) else { throw .reserved }
        self.text = text
        self.skeleton = skeleton
    }

    package var description: String { text }

    /// Whether it is of scripts that are written together; a room takes no other nick.
    package var isOfOneScript: Bool { Self.isOfOneScript(text) }

    private static func isOfOneScript(_ text: String) -> Bool { NickScripts.verdict(on: text) == .allowed }

    /// The nick's text with a number behind it, cut so that it is no longer than a nick may be.
    package func numbered(_ number: Int) -> String {
        let digits = String(number)
        return text.cut(to: Self.maximumByteCount - digits.utf8.count) + digits
    }

    /// Whether `text` has the length and the characters of a nick: enough to show one that a host has checked, and cheap.
    package static func isWellFormed(_ text: String) -> Bool {
        do throws(NickError) {
            try checkForm(of: text)
            return isOfOneScript(text)
        } catch {
            return false
        }
    }

    private static func checkForm(of text: String) throws(NickError) {
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.count <= maximumByteCount else { throw .tooLong }
        try checkCharacters(of: text)
    }

    private static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let isSpace = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
        guard let first = scalars.firstIndex(where: { !isSpace($0) }),
            let last = scalars.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(scalars[first...last])
    }

    private static func checkCharacters(of text: String) throws(NickError) {
        var marks = 0
        var canTakeMark = false
        var isFirst = true
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            guard !properties.isDefaultIgnorableCodePoint else { throw .forbiddenCharacter }
            switch properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber:
                marks = 0
                canTakeMark = true
            case .nonspacingMark, .spacingMark:
                marks += 1
                guard canTakeMark, marks <= maximumMarksPerBase else { throw .forbiddenCharacter }
            default:
                guard !isFirst, scalar == "_" || scalar == "-" || scalar == "." else { throw .forbiddenCharacter }
                canTakeMark = false
            }
            isFirst = false
        }
    }
}
