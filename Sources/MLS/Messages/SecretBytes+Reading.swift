internal import Sodium
internal import Wire

extension SecretBytes {
    /// `opaque value<V>` at `offset`.
    func readVector(at offset: inout Int) throws(WireError) -> SecretBytes {
        let first = try readPublic(1, at: &offset)
        // The two bits say how many bytes follow (section 2.1.2); no byte of the secret itself may come along.
        let following = [0, 1, 3, 0][Int((first.first ?? 0) >> 6)]
        var header = ByteReader(first + (try readPublic(following, at: &offset)))
        let length = Int(try header.readVarint())
        guard length <= count - offset else { throw .truncated }
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
