/// SHA3-256 (FIPS 202), which libsodium does not have. Only for public data: the checksum of onion addresses.
package enum SHA3_256 {
    /// The length of a digest in bytes.
    static let digestByteCount = 32

    /// Bytes absorbed between two permutations: 1600 bits of state less twice 256 bits of capacity.
    private static let rateByteCount = 136

    /// The digest of `bytes`.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var state = KeccakState()
        // Section 6.1 and 5.1: the suffix 01, then the padding 10*1, least significant bit first.
        var padded = bytes + [0x06]
        padded += [UInt8](repeating: 0, count: (rateByteCount - padded.count % rateByteCount) % rateByteCount)
        padded[padded.count - 1] |= 0x80
        for start in stride(from: 0, to: padded.count, by: rateByteCount) {
            state.absorb(padded[start..<start + rateByteCount])
            state.permute()
        }
        return state.firstBytes(digestByteCount)
    }
}

/// The state of Keccak-f[1600]: 25 lanes, lane (x, y) at index x + 5y.
private struct KeccakState {
    private var lanes = [UInt64](repeating: 0, count: 25)

    mutating func absorb(_ block: ArraySlice<UInt8>) {
        for (index, byte) in block.enumerated() {
            lanes[index / 8] ^= UInt64(byte) << UInt64(8 * (index % 8))
        }
    }

    func firstBytes(_ count: Int) -> [UInt8] {
        (0..<count).map { index in UInt8(truncatingIfNeeded: lanes[index / 8] >> UInt64(8 * (index % 8))) }
    }

    /// Section 3.3: 24 rounds.
    mutating func permute() {
        for constant in Self.roundConstants {
            mixColumns()
            rotateAndMoveLanes()
            for row in stride(from: 0, to: 25, by: 5) {
                let old = lanes[row..<row + 5]
                for x in 0..<5 {
                    lanes[row + x] = old[row + x] ^ (~old[row + (x + 1) % 5] & old[row + (x + 2) % 5])
                }
            }
            lanes[0] ^= constant
        }
    }

    /// Theta, section 3.2.1.
    private mutating func mixColumns() {
        var parity = [UInt64](repeating: 0, count: 5)
        for index in lanes.indices {
            parity[index % 5] ^= lanes[index]
        }
        for index in lanes.indices {
            let x = index % 5
            lanes[index] ^= parity[(x + 4) % 5] ^ rotated(parity[(x + 1) % 5], by: 1)
        }
    }

    /// Rho and pi, sections 3.2.2 and 3.2.3: walks through all lanes but the first.
    private mutating func rotateAndMoveLanes() {
        var (x, y) = (1, 0)
        var moving = lanes[1]
        for step in 0..<24 {
            (x, y) = (y, (2 * x + 3 * y) % 5)
            let offset = (step + 1) * (step + 2) / 2 % 64
            (moving, lanes[x + 5 * y]) = (lanes[x + 5 * y], rotated(moving, by: offset))
        }
    }

    private func rotated(_ lane: UInt64, by count: Int) -> UInt64 {
        count == 0 ? lane : lane << UInt64(count) | lane >> UInt64(64 - count)
    }

    /// Section 3.2.5.
    private static let roundConstants: [UInt64] = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a, 0x8000_0000_8000_8000,
        0x0000_0000_0000_808b, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
        0x0000_0000_0000_008a, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000a,
        0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
        0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800a, 0x8000_0000_8000_000a,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]
}
