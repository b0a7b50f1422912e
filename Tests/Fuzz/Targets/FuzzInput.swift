import Chat
import Room

/// Takes an input apart: numbers and pieces from its front, zeros and nothing when it is used up.
struct FuzzInput {
    private var remaining: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        remaining = bytes[...]
    }

    var isEmpty: Bool { remaining.isEmpty }

    mutating func byte() -> UInt8 { remaining.popFirst() ?? 0 }

    mutating func number(below limit: Int) -> Int { Int(byte()) % limit }

    mutating func uint16() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }

    mutating func uint32() -> UInt32 { UInt32(uint16()) << 16 | UInt32(uint16()) }

    /// Any number, small ones and those near the greatest more often than others.
    mutating func uint64() -> UInt64 {
        switch byte() % 4 {
        case 0: UInt64(byte())
        case 1: UInt64.max - UInt64(byte())
        case 2: UInt64(uint32())
        default: UInt64(uint32()) << 32 | UInt64(uint32())
        }
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        let taken = Array(remaining.prefix(count))
        remaining = remaining.dropFirst(count)
        return taken
    }

    /// A piece whose length, of two bytes, stands before it.
    mutating func piece() -> [UInt8] { bytes(Int(uint16())) }

    /// A short piece, whose length is one byte.
    mutating func shortPiece() -> [UInt8] { bytes(Int(byte())) }

    mutating func text() -> String { String(decoding: shortPiece(), as: UTF8.self) }

    /// One of a few ids, so that they meet again.
    mutating func memberID() -> MemberID { MemberID(entropy: UInt32(byte() % 8)) }

    mutating func rest() -> [UInt8] { bytes(remaining.count) }
}

/// Writes what ``FuzzInput`` reads.
struct FuzzOutput {
    private(set) var bytes: [UInt8] = []

    init() {}

    mutating func add(_ values: UInt8...) { bytes += values }

    mutating func add(piece: [UInt8]) {
        bytes += [UInt8(truncatingIfNeeded: piece.count >> 8), UInt8(truncatingIfNeeded: piece.count)] + piece
    }

    mutating func add(shortPiece: [UInt8]) { bytes += [UInt8(truncatingIfNeeded: shortPiece.count)] + shortPiece }

    static func make(_ body: (inout FuzzOutput) -> Void) -> [UInt8] {
        var output = FuzzOutput()
        body(&output)
        return output.bytes
    }
}
