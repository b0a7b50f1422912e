internal import Sodium
internal import Wire

extension CipherSuite {
    /// psk_secret of the keys, in the order of their proposals (RFC 9420 section 8.4); zeros when there are none.
    func preSharedKeySecret(_ keys: [(identifier: PreSharedKeyID, key: SharedSecret)]) throws(MLSError)
        -> SecretBytes
    {
        guard let count = UInt16(exactly: keys.count) else { throw .limitExceeded }
        let zeros = SecretBytes(count: Self.hashByteCount)
        var secret = SecretBytes(count: Self.hashByteCount)
        for (index, entry) in keys.enumerated() {
            var label = ByteWriter()
            entry.identifier.write(to: &label)
            label.write(UInt16(truncatingIfNeeded: index))
            label.write(count)
            let input = try expandWithLabel(
                extract(salt: zeros, inputKey: entry.key.bytes), label: "derived psk", context: label.bytes,
                count: Self.hashByteCount)
            secret = extract(salt: input, inputKey: secret)
        }
        return secret
    }
}
