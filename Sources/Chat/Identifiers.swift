internal import Sodium

/// A member's id in its room: six characters of `a-z2-7`, made from the member's signature key.
package struct MemberID: Hashable, Sendable, CustomStringConvertible {
    /// Six ASCII bytes, first character in the high byte.
    package let packed: UInt64

    /// Characters of an id, in ASCII bytes.
    package static let byteCount = 6

    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// The id written as `text`; nil when it is not six characters of the alphabet.
    package init?(_ text: some StringProtocol) {
        self.init(bytes: Array(text.utf8))
    }

    /// The id of these ASCII bytes; nil when they are not six of the alphabet.
    init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        var packed: UInt64 = 0
        for byte in bytes {
            guard Self.alphabet.contains(byte) else { return nil }
            packed = packed << 8 | UInt64(byte)
        }
        self.packed = packed
    }

    /// The id made from 30 bits of `entropy`; higher bits are ignored.
    package init(entropy: UInt32) {
        var packed: UInt64 = 0
        for index in 0..<Self.byteCount {
            packed = packed << 8 | UInt64(Self.alphabet[Int(entropy >> (5 * UInt32(index)) & 31)])
        }
        self.packed = packed
    }

    /// The id as 30 bits: character `n` in bits `5n...5n+4`, as its place in the alphabet.
    package var wireValue: UInt32 {
        var value: UInt32 = 0
        var rest = packed
        while rest > 0 {
            let byte = UInt8(truncatingIfNeeded: rest)
            let digit = byte >= UInt8(ascii: "a") ? byte - UInt8(ascii: "a") : byte - UInt8(ascii: "2") + 26
            value = value << 5 | UInt32(digit)
            rest >>= 8
        }
        return value
    }

    var bytes: [UInt8] {
        (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: packed >> (8 * UInt64(Self.byteCount - 1 - $0))) }
    }

    package var description: String {
        String(decoding: bytes, as: UTF8.self)
    }
}

/// A message's id, chosen at random by its sender: 64 bits, written as 16 hex digits.
package struct MessageID: Hashable, Sendable, CustomStringConvertible {
    package let value: UInt64

    package init(_ value: UInt64) {
        self.value = value
    }

    package var description: String { Base16.encode(value) }
}
