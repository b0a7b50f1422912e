internal import Sodium
internal import Wire

/// What a member says of a file that others may fetch: content of a message that only members open.
package struct FileOffer: Sendable {
    package let id: FileID
    /// As the sender calls it; ``FileName`` makes it safe.
    package let name: String
    /// Bytes, at most ``FileFormat/largestSize``.
    package let size: UInt64
    package let key: FileKey
    /// Proves the hashes of all pieces.
    package let root: [UInt8]

    package init(id: FileID, name: String, size: UInt64, key: FileKey, root: [UInt8]) {
        self.id = id
        self.name = name
        self.size = size
        self.key = key
        self.root = root
    }

    /// The pieces of its data.
    package var pieceCount: UInt32 { FileFormat.pieceCount(size: size) }

    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.write(id.value)
        writer.write(size)
        key.secret.withBytes { key in writer.writeBytes(key.indices.map { key[$0] }) }
        writer.writeBytes(root)
        writer.writeVector(Array(name.utf8))
        return writer.bytes
    }

    /// - Throws: ``FileError/malformed``.
    package init(decoding bytes: [UInt8]) throws(FileError) {
        do throws(WireError) {
            self = try Self.read(bytes)
        } catch {
            throw .malformed
        }
    }

    private static func read(_ bytes: [UInt8]) throws(WireError) -> FileOffer {
        var reader = ByteReader(bytes)
        let id = FileID(try reader.readUInt64())
        let size = try reader.readUInt64()
        guard size <= FileFormat.largestSize else { throw .invalidValue }
        let key = try reader.readBytes(FileKey.byteCount)
        let root = try reader.readBytes(KeyedBLAKE2b.digestByteCount)
        let name = try reader.readUTF8Vector(atMost: FileFormat.nameByteCount)
        try reader.finish()
        return FileOffer(id: id, name: name, size: size, key: FileKey(SecretBytes(copying: key.span)), root: root)
    }
}
