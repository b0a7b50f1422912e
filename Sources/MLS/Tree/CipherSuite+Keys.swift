internal import Sodium

extension CipherSuite {
    /// The points of Curve25519 whose order divides eight, and their other encodings, the highest bit left out (RFC 7748
    /// section 5): an exchange with one gives zeros.
    private static let smallOrder: Set<[UInt8]> = [
        [UInt8](repeating: 0, count: 32),
        [1] + [UInt8](repeating: 0, count: 31),
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
            0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
            0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
        ],
        [0xec] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
        [0xed] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
        [0xee] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
    ]

    /// Bytes of a key of the KEM, and of its output.
    static let encryptionKeyByteCount = X25519.byteCount

    /// Whether this is as long as a path secret encrypted to one node (section 7.6).
    func isPathSecret(_ ciphertext: HPKECiphertext) -> Bool {
        ciphertext.kemOutput.count == Self.encryptionKeyByteCount
            && ciphertext.ciphertext.count == Self.hashByteCount + aead.tagByteCount
    }

    /// Whether these bytes are a public key that can be encrypted to. Of the right length any are, but for the points of
    /// small order (RFC 9180 section 7.1.4): a member with one would keep all others from making paths.
    static func isEncryptionKey(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == encryptionKeyByteCount, var last = bytes.last else { return false }
        last &= 0x7f
        return !smallOrder.contains(bytes.dropLast() + [last])
    }
}
