internal import Sodium
internal import Wire

extension CipherSuite {
    /// DeriveTreeSecret (section 9.1).
    func deriveTreeSecret(
        _ secret: borrowing SecretBytes, label: String, generation: UInt32, count: Int
    ) throws(MLSError) -> SecretBytes {
        var context = ByteWriter(reserving: 4)
        context.write(generation)
        return try expandWithLabel(secret, label: label, context: context.bytes, count: count)
    }
}
