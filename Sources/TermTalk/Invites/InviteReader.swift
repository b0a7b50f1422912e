internal import Sodium

/// Reads the parts of an invite behind its scheme, over line ends and the marks with which mails are quoted.
struct InviteReader {
    /// Characters of all addresses: as many as a host name has, for each.
    private static let addressLimit = 256 * Invite.addressLimit
    private static let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
    /// What stands at the beginning of a line that is quoted.
    private static let quoteMarks = Set(">|*".utf8)

    private let bytes: [UInt8]
    private var index: Int

    init(_ bytes: [UInt8], from index: Int) {
        self.bytes = bytes
        self.index = index
    }

    mutating func invite() throws(InviteFinder.Damage) -> Invite {
        while let byte = next(), byte == UInt8(ascii: "/") { index += 1 }
        let room = try text(upTo: UInt8(ascii: "@"), limit: RoomName.characterLimit) { Self.isOfName($0) }
        let address = try text(upTo: UInt8(ascii: "/"), or: UInt8(ascii: "?"), limit: Self.addressLimit) {
            Self.isOfName($0) || ":,[]%~".utf8.contains($0)
        }
        for byte in "?k=".utf8 {
            if byte == UInt8(ascii: "?"), next() == UInt8(ascii: "/") { index += 1 }
            guard let found = next() else { throw .cut }
            guard found | 0x20 == byte | 0x20 else { throw .changed }
            index += 1
        }
        return try invite(room: room, address: address, key: key())
    }

    private func invite(
        room: String, address: String, key: (whole: String, upToGap: String)
    ) throws(InviteFinder.Damage) -> Invite {
        for address in [address, address.lowercased()] {
            for key in [key.whole, key.upToGap] {
                if let invite = try? Invite(parsing: "\(Invite.scheme)\(room)@\(address)/?k=\(key)") { return invite }
            }
        }
        guard let version = Self.version(of: key.whole) else { throw .cut }
        if Self.isOfOneCase(key.whole) { throw .letterCase }
        guard let count = Invite.keyCharacterCount(version: version) else {
            // A letter that was changed makes a large number more often than a small one.
            throw version < Invite.versionLimit ? .otherVersion : .changed
        }
        throw key.upToGap.utf8.count < count ? .cut : .changed
    }

    /// What stands before `end` (or `other`), which is skipped if it is `end`, without gaps.
    private mutating func text(
        upTo end: UInt8, or other: UInt8? = nil, limit: Int, where isAllowed: (UInt8) -> Bool
    ) throws(InviteFinder.Damage) -> String {
        var found: [UInt8] = []
        while let byte = next() {
            if byte == other { return String(decoding: found, as: UTF8.self) }
            index += 1
            if byte == end { return String(decoding: found, as: UTF8.self) }
            guard isAllowed(byte), found.count < limit else { throw .changed }
            found.append(byte)
        }
        throw .cut
    }

    /// The key's characters, as many as its version has; and those before the first gap.
    private mutating func key() -> (whole: String, upToGap: String) {
        var found: [UInt8] = []
        var upToGap: Int?
        var limit = Int.max
        while found.count < limit {
            let before = index
            guard let byte = next(), Self.isOfKey(byte) else { break }
            if index > before, !found.isEmpty { upToGap = upToGap ?? found.count }
            index += 1
            found.append(byte)
            if found.count == 2, let version = Self.version(of: String(decoding: found, as: UTF8.self)) {
                limit = Invite.keyCharacterCount(version: version) ?? .max
            }
        }
        return (
            String(decoding: found, as: UTF8.self),
            String(decoding: found.prefix(upToGap ?? found.count), as: UTF8.self)
        )
    }

    /// The next byte that is no gap; nil at the end.
    private mutating func next() -> UInt8? {
        var isAtLineStart = false
        while index < bytes.count {
            let byte = bytes[index]
            guard Self.blanks.contains(byte) || isAtLineStart && Self.quoteMarks.contains(byte) else { return byte }
            isAtLineStart = isAtLineStart || byte == 0x0A || byte == 0x0D
            index += 1
        }
        return nil
    }

    private static func version(of key: String) -> UInt8? {
        let start = key.utf8.prefix(2).map { Character(Unicode.Scalar($0)) }
        return start.count == 2 ? Base64URL.decode(String(start) + "AA")?.first : nil
    }

    /// Never so of a key that is more than begun.
    private static func isOfOneCase(_ key: String) -> Bool {
        key.utf8.count >= 16 && (key == key.lowercased() || key == key.uppercased())
    }

    private static func isOfName(_ byte: UInt8) -> Bool { isOfKey(byte) || byte == UInt8(ascii: ".") }

    private static func isOfKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
