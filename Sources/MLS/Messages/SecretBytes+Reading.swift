internal import Sodium
internal import Wire

extension SecretBytes {
    /// `opaque value<V>` at `offset`.
    func readVector(at offset: inout Int) throws(WireError) -> SecretBytes {
        var header = ByteReader(try readPublic(min(4, count - offset), at: &offset))
        let available = header.remaining
        let length = Int(try header.readVarint())
        offset -= header.remaining
        guard available > 0, length <= count - offset else { throw .truncated }
        let start = offset
        offset += length
        return withBytes { bytes in SecretBytes(copying: bytes.extracting(start..<start + length)) }
    }

    /// `length` bytes at `offset` that are no secret.
    func readPublic(_ length: Int, at offset: inout Int) throws(WireError) -> [UInt8] {
        guard length >= 0, length <= count - offset else { throw .truncated }
        let start = offset
        offset += length
        return withBytes { bytes in [UInt8](copying: bytes.extracting(start..<start + length)) }
    }
}
