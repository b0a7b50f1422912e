/// Ways to cut the same bytes into pieces, for decoders that must not care how bytes arrive.
package enum DripFeed {
    /// The bytes at once, one at a time, and in pieces of some sizes.
    package static func pieces(of bytes: [UInt8]) -> [[[UInt8]]] {
        [max(bytes.count, 1), 1, 2, 3, 7, 64, 1000].map { size in
            stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        }
    }
}
