import MLS
import Sodium

/// AES-128-GCM (FIPS 197, SP 800-38D) for cipher suite 1, which only tests speak: slow, and not in constant time.
struct AES128GCM: AEADAlgorithm {
    let identifier: UInt16 = 0x0001
    let keyByteCount = 16

    func seal(
        inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8>, nonce: Nonce,
        key: borrowing SecretBytes
    ) {
        let cipher = AES128(key.revealed)
        let count = buffer.count - tagByteCount
        let counter = nonce.copiedBytes
        let ciphertext = cipher.counterMode(Self.bytes(of: buffer, count), counter)
        let tag = Self.tag(cipher, counter, Self.bytes(of: additional), ciphertext)
        for (index, byte) in (ciphertext + tag).enumerated() {
            buffer[index] = byte
        }
    }

    func open(
        inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8>, nonce: Nonce,
        key: borrowing SecretBytes
    ) throws(SodiumError) {
        let cipher = AES128(key.revealed)
        let count = buffer.count - tagByteCount
        guard count >= 0 else { throw .invalidLength }
        let counter = nonce.copiedBytes
        let received = Self.bytes(of: buffer, buffer.count)
        let ciphertext = [UInt8](received.prefix(count))
        let tag = Self.tag(cipher, counter, Self.bytes(of: additional), ciphertext)
        guard tag == [UInt8](received.suffix(tagByteCount)) else { throw .authenticationFailed }
        for (index, byte) in cipher.counterMode(ciphertext, counter).enumerated() {
            buffer[index] = byte
        }
    }

    private static func tag(_ cipher: AES128, _ nonce: [UInt8], _ additional: [UInt8], _ ciphertext: [UInt8]) -> [UInt8]
    {
        let hashKey = Block(cipher.encrypt([UInt8](repeating: 0, count: 16)))
        var hash = Block()
        for part in [additional, ciphertext] {
            for start in stride(from: 0, to: part.count, by: 16) {
                let block = [UInt8](part[start..<min(start + 16, part.count)])
                hash = (hash ^ Block(block + [UInt8](repeating: 0, count: 16 - block.count))).multiplied(by: hashKey)
            }
        }
        let lengths = Block(high: UInt64(additional.count) * 8, low: UInt64(ciphertext.count) * 8)
        hash = (hash ^ lengths).multiplied(by: hashKey)
        return (hash ^ Block(cipher.encrypt(nonce + [0, 0, 0, 1]))).bytes
    }

    private static func bytes(of span: Span<UInt8>) -> [UInt8] {
        span.indices.map { span[$0] }
    }

    private static func bytes(of span: borrowing MutableSpan<UInt8>, _ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in 0..<count {
            bytes.append(span[index])
        }
        return bytes
    }

}

/// 128 bits as GCM counts them: the first bit is the highest.
private struct Block {
    var high: UInt64 = 0
    var low: UInt64 = 0

    init(high: UInt64 = 0, low: UInt64 = 0) {
        self.high = high
        self.low = low
    }

    init(_ bytes: [UInt8]) {
        for byte in bytes.prefix(8) { high = high << 8 | UInt64(byte) }
        for byte in bytes.dropFirst(8) { low = low << 8 | UInt64(byte) }
    }

    var bytes: [UInt8] {
        [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) } }
    }

    static func ^ (left: Block, right: Block) -> Block {
        Block(high: left.high ^ right.high, low: left.low ^ right.low)
    }

    /// SP 800-38D section 6.3.
    func multiplied(by other: Block) -> Block {
        var product = Block()
        var shifted = other
        for bit in 0..<128 {
            let isSet = bit < 64 ? high >> UInt64(63 - bit) & 1 : low >> UInt64(127 - bit) & 1
            if isSet == 1 {
                product = product ^ shifted
            }
            let carry = shifted.low & 1
            shifted.low = shifted.low >> 1 | shifted.high << 63
            shifted.high >>= 1
            if carry == 1 {
                shifted.high ^= 0xe1 << 56
            }
        }
        return product
    }
}

/// The block cipher AES-128 (FIPS 197), encryption only.
private struct AES128 {
    private let roundKeys: [[UInt8]]

    private static let substitution: [UInt8] = {
        var table = [UInt8](repeating: 0, count: 256)
        var (value, inverse): (UInt8, UInt8) = (1, 1)
        repeat {
            value = value ^ double(value)
            inverse ^= inverse << 1
            inverse ^= inverse << 2
            inverse ^= inverse << 4
            if inverse & 0x80 != 0 { inverse ^= 0x09 }
            table[Int(value)] =
                inverse ^ rotated(inverse, 1) ^ rotated(inverse, 2) ^ rotated(inverse, 3) ^ rotated(inverse, 4) ^ 0x63
        } while value != 1
        table[0] = 0x63
        return table
    }()

    private static func rotated(_ byte: UInt8, _ count: UInt8) -> UInt8 {
        byte << count | byte >> (8 - count)
    }

    private static func double(_ byte: UInt8) -> UInt8 {
        byte << 1 ^ (byte & 0x80 != 0 ? 0x1b : 0)
    }

    init(_ key: [UInt8]) {
        var words = stride(from: 0, to: 16, by: 4).map { [UInt8](key[$0..<$0 + 4]) }
        var constant: UInt8 = 1
        for index in 4..<44 {
            var word = words[index - 1]
            if index.isMultiple(of: 4) {
                word = [word[1], word[2], word[3], word[0]].map { Self.substitution[Int($0)] }
                word[0] ^= constant
                constant = Self.double(constant)
            }
            words.append(zip(words[index - 4], word).map { $0 ^ $1 })
        }
        roundKeys = stride(from: 0, to: 44, by: 4).map { Array(words[$0..<$0 + 4].joined()) }
    }

    func encrypt(_ block: [UInt8]) -> [UInt8] {
        var state = zip(block, roundKeys[0]).map { $0 ^ $1 }
        for round in 1...10 {
            let substituted = state.map { Self.substitution[Int($0)] }
            state = (0..<16).map { substituted[($0 + 4 * ($0 % 4)) % 16] }
            if round < 10 {
                state = stride(from: 0, to: 16, by: 4).flatMap { Self.mixed([UInt8](state[$0..<$0 + 4])) }
            }
            state = zip(state, roundKeys[round]).map { $0 ^ $1 }
        }
        return state
    }

    private static func mixed(_ column: [UInt8]) -> [UInt8] {
        (0..<4).map { index in
            let (first, second) = (column[index], column[(index + 1) % 4])
            return double(first) ^ double(second) ^ second ^ column[(index + 2) % 4] ^ column[(index + 3) % 4]
        }
    }

    func counterMode(_ bytes: [UInt8], _ nonce: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 16) {
            let counter = UInt32(start / 16 + 2)
            let counterBytes = (0..<4).map { UInt8(truncatingIfNeeded: counter >> UInt32(24 - 8 * $0)) }
            let stream = encrypt(nonce + counterBytes)
            output += zip(bytes[start..<min(start + 16, bytes.count)], stream).map { $0 ^ $1 }
        }
        return output
    }
}
