/// A frame with a sealed piece, in its bytes on the wire: made once, and passed on as it came.
package struct PieceFrame: Sendable, Equatable {
    static let type: UInt8 = 6
    private static let headerByteCount = 1 + 4 + 8 + 4
    static let byteCount = headerByteCount + FileFormat.sealedByteCount
    /// Where the sealed piece stands.
    static let sealedRange = headerByteCount..<byteCount

    private(set) var bytes: [UInt8]

    /// A frame whose sealed piece `seal` writes over zeros.
    init(file: FileID, number: PieceNumber, seal: (inout MutableSpan<UInt8>) -> Void) {
        bytes = [UInt8](repeating: 0, count: Self.byteCount)
        bytes[0] = Self.type
        set(UInt32(truncatingIfNeeded: file.value >> 32), at: 5)
        set(UInt32(truncatingIfNeeded: file.value), at: 9)
        set(number.rawValue, at: 13)
        unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            let sealed = unsafe UnsafeMutableBufferPointer(rebasing: bytes[Self.sealedRange])
            var span = unsafe sealed.mutableSpan
            seal(&span)
        }
    }

    /// - Throws: ``FileError/malformed``.
    init(decoding bytes: [UInt8]) throws(FileError) {
        guard bytes.count == Self.byteCount, bytes[0] == Self.type else { throw .malformed }
        self.bytes = bytes
    }

    /// The member that it is from, on its way from the host; 0 on its way there, since it is for all who want it.
    package var peer: UInt32 {
        get { integer(at: 1) }
        set { set(newValue, at: 1) }
    }

    package var file: FileID { FileID(UInt64(integer(at: 5)) << 32 | UInt64(integer(at: 9))) }

    package var number: PieceNumber { PieceNumber(rawValue: integer(at: 13)) }

    private mutating func set(_ value: UInt32, at index: Int) {
        for offset in 0..<4 { bytes[index + offset] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * offset)) }
    }

    private func integer(at index: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[index + $1]) }
    }
}
