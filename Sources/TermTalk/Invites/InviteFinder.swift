package import Chat

/// Finds an invite in whatever stands around it, and undoes what mail and chat programs do to a line: quotes, brackets, wrapped
/// lines, percent and quoted-printable encoding, marks of Markdown and HTML, typographic dashes. Its check tells whether that
/// was right.
package enum InviteFinder {
    /// Bytes of a text that is looked through: a long mail.
    package static let textLimit = 65_536
    /// How many places of a text are tried: a thread of mails that quotes the same invite again and again.
    static let candidateLimit = 32
    private static let scheme = "termtalk:"

    /// Why the invite in a text is none any more.
    enum Damage: Error, Equatable {
        /// Its end is missing.
        case cut
        case changed
        /// Changed: a program has made all letters small or all capital.
        case letterCase
        case otherVersion
    }

    /// Whether `text` is meant as an invite, and not as the name of a room.
    package static func isMeant(_ text: String) -> Bool {
        InviteText.readings(of: text).contains { $0.lowercased().contains(scheme) }
    }

    /// The first invite in `text` that is whole.
    ///
    /// - Throws: invite-invalid, version-mismatch; for the first damaged one when none is whole.
    package static func invite(in text: String) throws(ChatEvent.Notice) -> Invite {
        var damage: Damage?
        var tries = 0
        for reading in InviteText.readings(of: String(text.prefix(textLimit))) {
            let lower = Array(reading.utf8).map { $0 | ($0 >= 0x41 && $0 <= 0x5A ? 0x20 : 0) }
            let bytes = Array(reading.utf8)
            for start in lower.indices(of: Array(scheme.utf8)) where tries < candidateLimit {
                tries += 1
                var reader = InviteReader(bytes, from: start + scheme.utf8.count)
                do throws(Damage) {
                    return try reader.invite()
                } catch {
                    // What was still encoded is damaged in an earlier reading only.
                    if damage == nil || damage == .cut { damage = error }
                }
            }
        }
        throw (damage ?? .cut).notice
    }

    /// Whether more of the invite may follow.
    package static func isCut(_ text: String) -> Bool {
        do throws(ChatEvent.Notice) {
            _ = try invite(in: text)
            return false
        } catch {
            return error == Damage.cut.notice
        }
    }
}

extension [UInt8] {
    /// Where `pattern` begins.
    fileprivate func indices(of pattern: [UInt8]) -> [Int] {
        guard count >= pattern.count else { return [] }
        return (0...count - pattern.count).filter { self[$0..<$0 + pattern.count].elementsEqual(pattern) }
    }
}
