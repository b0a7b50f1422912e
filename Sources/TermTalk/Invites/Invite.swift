package import Chat
package import SecureSession
package import Sodium

/// All that a joiner needs, in one line to paste: `termtalk://ROOM@ADDRESS/?k=KEY`. A room may have up to four
/// addresses, separated by commas: onion services, or addresses without tor, and never both.
///
/// KEY is base64url of: version 2, or 3 when the onion service asks for client authorization with the key that follows from
/// the secret; the host's static key (32 bytes), the signature key of the group's creator (32 bytes; zeros when the host is
/// a relay, for the first to come in), the secret (16 bytes), and a check of 3 bytes over everything, so that a mistyped
/// invite is told from a refused one. The invite of a group at a relay has version 4 and no creator's key: the secret, which
/// the relay does not know, is the group's.
package struct Invite: Sendable {
    package static let scheme = "termtalk://"
    /// Addresses of one room; more are of no use to people, and make the text long.
    package static let addressLimit = 4
    private static let version: UInt8 = 2
    /// With client authorization: a build that does not know it cannot use such an invite, and says so.
    private static let authorizedVersion: UInt8 = 3
    private static let groupVersion: UInt8 = 4
    private static let checkByteCount = 3
    private static let noCreator = [UInt8](repeating: 0, count: Ed25519.byteCount)

    /// Versions that may come; what is above is no version, but a damaged invite.
    static let versionLimit: UInt8 = 16

    /// How many characters the key of an invite of this version has; nil when the version is not known.
    static func keyCharacterCount(version: UInt8) -> Int? {
        guard (Self.version...groupVersion).contains(version) else { return nil }
        return (keyByteCount(hasCreator: version != groupVersion) * 4 + 2) / 3
    }

    private static func keyByteCount(hasCreator: Bool) -> Int {
        1 + 32 + (hasCreator ? Ed25519.byteCount : 0) + InviteSecret.byteCount + checkByteCount
    }

    package let room: RoomName
    package let address: RoomAddress
    /// Further addresses of the same kind; all are tried.
    package let alternatives: [RoomAddress]
    package let hostKey: X25519.PublicKey
    /// What the group's creator signs with; nil when it is not known beforehand.
    package let creatorKey: Ed25519.PublicKey?
    package let secret: InviteSecret
    /// Whether tor needs the secret's key to resolve the onion service.
    package let isAuthorized: Bool
    /// Whether the secret is that of a group at a relay.
    package let isOfGroup: Bool
    /// Whether it is a relay's, for the first one, who founds the group.
    var isForFounder: Bool { creatorKey == nil && !isOfGroup }

    package init(
        room: RoomName, address: RoomAddress, alternatives: [RoomAddress] = [], hostKey: X25519.PublicKey,
        creatorKey: Ed25519.PublicKey?, secret: InviteSecret, isAuthorized: Bool = false, isOfGroup: Bool = false
    ) {
        self.alternatives = alternatives
        self.isAuthorized = isAuthorized
        self.room = room
        self.address = address
        self.hostKey = hostKey
        self.creatorKey = creatorKey
        self.secret = secret
        self.isOfGroup = isOfGroup
    }

    /// Reads an invite as it was pasted.
    ///
    /// - Throws: invite-invalid, onion-invalid-address, address-invalid, version-mismatch.
    package init(parsing text: String) throws(ChatEvent.Notice) {
        let invalid = ChatEvent.Notice.inviteIncomplete
        guard text.hasPrefix(Self.scheme) else { throw invalid }
        let rest = text.dropFirst(Self.scheme.count)
        guard
            let at = rest.firstIndex(of: "@"),
            let room = RoomName(String(rest[..<at])),
            let slash = rest[at...].firstIndex(of: "/"),
            rest[slash...].hasPrefix("/?k=")
        else { throw invalid }
        let places = try rest[rest.index(after: at)..<slash]
            .split(separator: ",", maxSplits: Self.addressLimit, omittingEmptySubsequences: false)
            .map { text throws(ChatEvent.Notice) in try RoomAddress(String(text)) }
        // One with both would have whoever comes by tor show its address when tor fails.
        guard let address = places.first, places.count <= Self.addressLimit,
            places.allSatisfy({ ($0.onionKey == nil) == (address.onionKey == nil) })
        else { throw invalid }
        guard let key = Base64URL.decode(rest[slash...].dropFirst(4)), let version = key.first else { throw invalid }
        let isOfGroup = version == Self.groupVersion
        let isAuthorized = version == Self.authorizedVersion
        guard isOfGroup || isAuthorized || version == Self.version else {
            throw .inviteOfOtherVersion
        }
        guard
            key.count == Self.keyByteCount(hasCreator: !isOfGroup),
            Self.check(room: room, addresses: places.map(\.text), key: key.dropLast(Self.checkByteCount))
                == Array(key.suffix(Self.checkByteCount)),
            let hostKey = try? X25519.PublicKey(Array(key[1..<33]))
        else { throw invalid }
        guard !isAuthorized || address.onionKey != nil else { throw invalid }
        let creator = isOfGroup ? Self.noCreator : Array(key[33..<65])
        let creatorKey = creator == Self.noCreator ? nil : try? Ed25519.PublicKey(creator)
        guard creatorKey != nil || creator == Self.noCreator else { throw invalid }
        let secret = Array(key.dropLast(Self.checkByteCount).suffix(InviteSecret.byteCount))
        self.init(
            room: room, address: address, alternatives: Array(places.dropFirst()), hostKey: hostKey,
            creatorKey: creatorKey,
            secret: InviteSecret(SecretBytes(copying: secret.span)), isAuthorized: isAuthorized, isOfGroup: isOfGroup)
    }

    package var text: String {
        let version = isOfGroup ? Self.groupVersion : isAuthorized ? Self.authorizedVersion : Self.version
        var key = [version] + hostKey.bytes
        if !isOfGroup {
            key += creatorKey?.bytes ?? Self.noCreator
        }
        guard let secret = secret.secretBytes else { return "" }
        key += secret
        let addresses = [address.text] + alternatives.map(\.text)
        key += Self.check(room: room, addresses: addresses, key: key[...])
        return "\(Self.scheme)\(room)@\(addresses.joined(separator: ","))/?k=\(Base64URL.encode(key))"
    }

    private static func check(room: RoomName, addresses: [String], key: ArraySlice<UInt8>) -> [UInt8] {
        var hash = BLAKE2b()
        hash.update(Array("\(room)@\(addresses.joined(separator: ","))/".utf8).span)
        hash.update(Array(key).span)
        return Array(hash.finalize().prefix(checkByteCount))
    }
}
