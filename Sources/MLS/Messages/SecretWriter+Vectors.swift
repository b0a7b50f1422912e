internal import Sodium
internal import Wire

extension SecretWriter {
    mutating func write(_ bytes: [UInt8]) {
        write(bytes.span)
    }

    /// `opaque value<V>`.
    mutating func writeVector(_ secret: borrowing SecretBytes) {
        var length = ByteWriter()
        length.writeVarint(UInt32(secret.count))
        write(length.bytes.span)
        write(secret)
    }
}
