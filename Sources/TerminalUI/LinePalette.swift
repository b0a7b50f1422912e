internal import Chat

/// Colours of line mode: SGR sequences that every terminal of the last decades knows, or none.
struct LinePalette: Sendable {
    let isOn: Bool

    /// The program's own lines, faint.
    func system(_ text: String) -> String {
        isOn ? "\u{1B}[2m\(text)\u{1B}[0m" : text
    }

    /// A nick in the colour of its member: one of the six that are neither black nor white.
    func nick(_ text: String, of id: MemberID) -> String {
        isOn ? "\u{1B}[\(31 + id.packed % 6)m\(text)\u{1B}[0m" : text
    }
}
