package import Sodium
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
    let root: [UInt8]

    package init(id: FileID, name: String, size: UInt64, key: FileKey, root: [UInt8]) {
        self.id = id
        self.name = name
        self.size = size
        self.key = key
        self.root = root
    }

    /// The pieces of its data.
    package var pieceCount: UInt32 { FileFormat.pieceCount(size: size) }

    /// Bytes of the data in that piece.
    package func byteCount(of index: UInt32) -> Int {
        let start = UInt64(index) * UInt64(FileFormat.pieceByteCount)
        return Int(min(UInt64(FileFormat.pieceByteCount), size - min(start, size)))
    }

    /// As it is sealed for members; it has the key.
    package var encoded: SecretContent {
        var head = ByteWriter()
        head.write(id.value)
        head.write(size)
        var tail = ByteWriter()
        tail.writeBytes(root)
        tail.writeUTF8Vector(name)
        var writer = SecretWriter(capacity: head.bytes.count + key.secret.count + tail.bytes.count)
        writer.write(head.bytes.span)
        writer.write(key.secret)
        writer.write(tail.bytes.span)
        return SecretContent(writer.finish())
    }

    /// - Throws: ``FileError/malformed``.
    package init(decoding content: SecretContent) throws(FileError) {
        var bytes = content.copy()
        defer { bytes.wipe() }
        try self.init(decoding: bytes)
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
        var key = try reader.readBytes(FileKey.byteCount)
        defer { key.wipe() }
        let root = try reader.readBytes(KeyedBLAKE2b.digestByteCount)
        let name = try reader.readUTF8Vector(atMost: FileFormat.nameByteCount)
        try reader.finish()
        return FileOffer(id: id, name: name, size: size, key: FileKey(SecretBytes(copying: key.span)), root: root)
    }
}
