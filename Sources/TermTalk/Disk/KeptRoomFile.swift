internal import Room
internal import Sodium
internal import TorController

/// The bytes of a kept room's file; docs/storage.md, "Kept rooms", has the layout.
///
/// With a passphrase the content is sealed by ChaCha20-Poly1305 under a key that Argon2id makes of it and a salt; a key seals
/// once, so the nonce is zero. The check at the end depends on no key: it tells a damaged file from a wrong passphrase.
struct KeptRoomFile: ~Copyable {
    enum Failure: Error, Equatable {
        /// Cut off, changed, or no file of a kept room at all.
        case damaged
        case otherVersion(UInt8)
        case passphraseWrong
        case passphraseNeeded
        case outOfMemory
    }

    /// A file can be attacked offline for as long as somebody wants to: 256 MiB and three passes, half a second.
    static let cost = Argon2id.Cost(passes: 3, memory: 256 * 1_048_576)

    private static let magic = Array("TermTalk room\n".utf8)
    private static let version: UInt8 = 1
    private static let keyByteCount = 32
    private static let checkByteCount = 16
    private static let versionOffset = magic.count
    private static let sealedOffset = versionOffset + 1
    private static let saltOffset = sealedOffset + 1
    private static let contentOffset = saltOffset + Argon2id.saltByteCount
    /// The length of the id and the id, padded; two keys.
    private static let contentByteCount = 1 + RoomName.characterLimit + 2 * keyByteCount
    private static let checkOffset = contentOffset + contentByteCount + ChaChaPoly.tagByteCount
    static let byteCount = checkOffset + checkByteCount

    let bytes: SecretBytes

    // MARK: Writing

    /// - Throws: ``Failure/outOfMemory``.
    init(
        _ room: KeptRoom, name: RoomName, passphrase: Password?, cost: Argon2id.Cost = KeptRoomFile.cost
    ) throws(Failure) {
        var header = Self.magic + [Self.version, passphrase == nil ? 0 : 1]
        header +=
            passphrase == nil
            ? [UInt8](repeating: 0, count: Argon2id.saltByteCount) : Random.bytes(Argon2id.saltByteCount)
        var sealed = SecretBytes(count: Self.contentByteCount + ChaChaPoly.tagByteCount)
        sealed.withMutableBytes { bytes in
            let id = Array(room.room.description.utf8)
            bytes[0] = UInt8(id.count)
            for (index, byte) in id.enumerated() { bytes[1 + index] = byte }
            let keys = 1 + RoomName.characterLimit
            room.onionSeed.withBytes { for index in $0.indices { bytes[keys + index] = $0[index] } }
            room.hostKey.withBytes { for index in $0.indices { bytes[keys + Self.keyByteCount + index] = $0[index] } }
        }
        if let passphrase {
            let key = try Self.key(passphrase, salt: Array(header.suffix(Argon2id.saltByteCount)), cost)
            let additional = Self.additional(header, name)
            sealed.withMutableBytes { bytes in
                ChaChaPoly.seal(
                    inPlace: &bytes, authenticating: additional.span, nonce: Nonce(counter: 0), key: key)
            }
        }
        var bytes = SecretBytes(count: Self.byteCount)
        bytes.withMutableBytes { bytes in
            for (index, byte) in header.enumerated() { bytes[index] = byte }
            sealed.withBytes { for index in $0.indices { bytes[Self.contentOffset + index] = $0[index] } }
        }
        let check = bytes.withBytes { Self.check($0, name) }
        bytes.withMutableBytes { bytes in
            for (index, byte) in check.enumerated() { bytes[Self.checkOffset + index] = byte }
        }
        self.bytes = bytes
    }

    // MARK: Reading

    /// The bytes of a file, looked at as far as that needs no passphrase.
    ///
    /// - Throws: ``Failure/damaged``, ``Failure/otherVersion(_:)``.
    init(reading bytes: consuming SecretBytes, name: RoomName) throws(Failure) {
        try bytes.withBytes { bytes throws(Failure) in
            guard bytes.count > Self.versionOffset, Self.copy(bytes, 0, Self.magic.count) == Self.magic else {
                throw .damaged
            }
            guard bytes[Self.versionOffset] == Self.version else { throw .otherVersion(bytes[Self.versionOffset]) }
            guard bytes.count == Self.byteCount, bytes[Self.sealedOffset] <= 1,
                Self.copy(bytes, Self.checkOffset, Self.checkByteCount) == Self.check(bytes, name)
            else { throw .damaged }
        }
        self.bytes = bytes
    }

    /// Whether a passphrase is needed.
    var isSealed: Bool { bytes.withBytes { $0[Self.sealedOffset] == 1 } }

    /// - Throws: ``Failure/passphraseWrong``, ``Failure/passphraseNeeded``, ``Failure/outOfMemory``, ``Failure/damaged``.
    func room(
        name: RoomName, passphrase: Password?, cost: Argon2id.Cost = KeptRoomFile.cost, at place: KeptRoom.Place? = nil
    ) throws(Failure) -> KeptRoom {
        var content = bytes.withBytes { bytes in
            SecretBytes(copying: bytes.extracting(Self.contentOffset..<Self.checkOffset))
        }
        if isSealed {
            guard let passphrase else { throw .passphraseNeeded }
            let header = bytes.withBytes { Self.copy($0, 0, Self.contentOffset) }
            let key = try Self.key(passphrase, salt: Array(header.suffix(Argon2id.saltByteCount)), cost)
            let additional = Self.additional(header, name)
            try content.withMutableBytes { bytes throws(Failure) in
                do {
                    try ChaChaPoly.open(
                        inPlace: &bytes, authenticating: additional.span, nonce: Nonce(counter: 0), key: key)
                } catch {
                    throw Failure.passphraseWrong
                }
            }
        }
        let keys = 1 + RoomName.characterLimit
        let id = content.withBytes { bytes in
            String(decoding: Self.copy(bytes, 1, Int(min(bytes[0], UInt8(RoomName.characterLimit)))), as: UTF8.self)
        }
        guard let room = RoomName(id) else { throw .damaged }
        return KeptRoom(
            room: room, onionSeed: Self.secret(content, keys),
            hostKey: Self.secret(content, keys + Self.keyByteCount), at: place)
    }

    private static func secret(_ content: borrowing SecretBytes, _ offset: Int) -> SecretBytes {
        content.withBytes { SecretBytes(copying: $0.extracting(offset..<offset + keyByteCount)) }
    }

    private static func copy(_ bytes: Span<UInt8>, _ offset: Int, _ count: Int) -> [UInt8] {
        (offset..<offset + count).map { bytes[$0] }
    }

    private static func key(
        _ passphrase: Password, salt: [UInt8], _ cost: Argon2id.Cost
    ) throws(Failure) -> SecretBytes {
        do {
            return try passphrase.key(salt: salt, byteCount: keyByteCount, cost: cost)
        } catch {
            throw .outOfMemory
        }
    }

    /// The file's header and the name under which it is kept: a file is of no use in another one's place.
    private static func additional(_ header: [UInt8], _ name: RoomName) -> [UInt8] {
        header + Array(name.description.utf8)
    }

    private static func check(_ bytes: Span<UInt8>, _ name: RoomName) -> [UInt8] {
        var hash = BLAKE2b()
        hash.update(Array(name.description.utf8).span)
        hash.update(bytes.extracting(..<checkOffset))
        return Array(hash.finalize().prefix(checkByteCount))
    }
}
