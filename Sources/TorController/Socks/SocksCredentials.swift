import Sodium

/// User name and password of one stream at tor's SOCKS port. tor puts streams with different ones on different circuits
/// (IsolateSOCKSAuth), and tells both to each of its controllers: they are random, and say nothing.
struct SocksCredentials: Equatable, Sendable {
    /// Random bytes in each, in hexadecimal digits.
    private static let byteCount = 16

    /// 1 to 255 bytes each (RFC 1929, section 2).
    let user: [UInt8]
    let password: [UInt8]

    /// Of a stream that shares its circuits with no other.
    static func random() -> SocksCredentials {
        SocksCredentials(
            user: Array(Base16.encode(Random.bytes(byteCount)).utf8),
            password: Array(Base16.encode(Random.bytes(byteCount)).utf8))
    }
}
