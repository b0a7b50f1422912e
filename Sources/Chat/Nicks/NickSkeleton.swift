/// What a name looks like: two names with equal skeletons can be taken for each other.
///
/// Letters lose case and accents; letters and digits of other alphabets that look like a Latin one become that one
/// (`NickConfusables`); `0` is `o`, `1` and `i` are `l`, `rn` is `m`, `vv` is `w`. Canonically equivalent names have equal
/// skeletons. Hashable, so that a room keeps the skeletons in use in one table.
package struct NickSkeleton: Hashable, Sendable {
    private let text: String

    /// The skeleton of a nick. Any text is accepted, also what is not a valid nick.
    package init(_ nick: String) {
        text = Self.joiningPairs(NickConfusables.fold(nick.unicodeScalars).text)
    }

    /// The skeleton of a member's id, which no other member's nick may have.
    package init(_ id: MemberID) {
        self.init(id.description)
    }

    /// Two letters that read as one.
    private static func joiningPairs(_ folded: String) -> String {
        var joined: [Unicode.Scalar] = []
        for scalar in folded.unicodeScalars {
            switch (joined.last, scalar) {
            case ("r", "n"): joined[joined.count - 1] = "m"
            case ("v", "v"): joined[joined.count - 1] = "w"
            default: joined.append(scalar)
            }
        }
        return String(String.UnicodeScalarView(joined))
    }
}
