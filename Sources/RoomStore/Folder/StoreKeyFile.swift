internal import Sodium
internal import Wire

/// The file `key` of a store: its format, and the random key that all rows are sealed under, itself sealed under the room's.
///
/// It is written once. To delete a store its bytes are overwritten in place: nothing opens the rows then, whatever of them is
/// still on the disk, and whoever learns the room's key later. docs/storage.md, "Kept rooms", has the layout.
struct StoreKeyFile: Equatable {
    static let version: UInt8 = 1
    static let byteCount = versionOffset + 1 + XChaChaPoly.addedByteCount + keyByteCount + checkByteCount

    private static let magic = Array("TermTalk store\n".utf8)
    private static let versionOffset = magic.count
    private static let keyByteCount = XChaChaPoly.keyByteCount
    private static let checkByteCount = 16
    private static let endedMagic = Array("TermTalk ended\n".utf8)
    /// What takes the place of the file's bytes when the store is deleted.
    static let ended = endedMagic + [UInt8](repeating: 0, count: byteCount - endedMagic.count)

    let bytes: [UInt8]

    /// A new store's random row key, sealed under `key`.
    init(sealing rowKey: borrowing SecretBytes, key: borrowing SecretBytes, name: String) {
        precondition(rowKey.count == Self.keyByteCount)
        var buffer = [UInt8](repeating: 0, count: Self.keyByteCount + XChaChaPoly.addedByteCount)
        var span = buffer.mutableSpan
        rowKey.withBytes { rowKey in
            for index in rowKey.indices { span[XChaChaPoly.nonceByteCount + index] = rowKey[index] }
        }
        XChaChaPoly.seal(
            inPlace: &span, authenticating: Self.additional(Self.version, name).span, key: Self.wrappingKey(key))
        let content = Self.magic + [Self.version] + buffer
        bytes = content + Self.check(content)
    }

    /// - Throws: ``StoreError/notFound`` when these are the bytes of a deleted store, ``StoreError/damaged(_:)``,
    ///   ``StoreError/olderFormat(_:)``, ``StoreError/newerFormat(_:)``.
    init(reading bytes: [UInt8]) throws(StoreError) {
        guard bytes != Self.ended else { throw .notFound }
        guard bytes.count > Self.versionOffset, bytes.starts(with: Self.magic) else { throw .damaged(.keyFile) }
        let version = bytes[Self.versionOffset]
        guard version >= Self.version else { throw .olderFormat(version) }
        guard version <= Self.version else { throw .newerFormat(version) }
        guard bytes.count == Self.byteCount,
            Self.check(Array(bytes.dropLast(Self.checkByteCount))) == bytes.suffix(Self.checkByteCount)
        else { throw .damaged(.keyFile) }
        self.bytes = bytes
    }

    /// - Throws: ``StoreError/wrongKey``.
    func rowKey(key: borrowing SecretBytes, name: String) throws(StoreError) -> SecretBytes {
        let sealed = bytes[(Self.versionOffset + 1)..<(Self.byteCount - Self.checkByteCount)]
        var buffer = SecretBytes(copying: Array(sealed).span)
        let additional = Self.additional(bytes[Self.versionOffset], name)
        let wrappingKey = Self.wrappingKey(key)
        try buffer.withMutableBytes { buffer throws(StoreError) in
            do throws(SodiumError) {
                try XChaChaPoly.open(inPlace: &buffer, authenticating: additional.span, key: wrappingKey)
            } catch {
                throw .wrongKey
            }
        }
        return buffer.withBytes { buffer in
            let start = XChaChaPoly.nonceByteCount
            return SecretBytes(copying: buffer.extracting(start..<start + Self.keyByteCount))
        }
    }

    private static func wrappingKey(_ key: borrowing SecretBytes) -> SecretBytes {
        do throws(SodiumError) {
            return try HKDFSHA256.expand(key, info: Array("TermTalk store key".utf8).span, count: keyByteCount)
        } catch {
            preconditionFailure("32 bytes are less than the most")
        }
    }

    private static func additional(_ version: UInt8, _ name: String) -> [UInt8] {
        magic + [version] + Array(name.utf8)
    }

    /// Tells a damaged file from a wrong key; it depends on none.
    private static func check(_ content: [UInt8]) -> ArraySlice<UInt8> {
        BLAKE2b.hash(content.span).prefix(checkByteCount)
    }
}
