/// Writes one value after the other over bytes that are there already; past their end it traps.
struct OverwritingWriter {
    private var index: Int

    /// Starts at `index`, which is not negative.
    init(index: Int) {
        precondition(index >= 0)
        self.index = index
    }

    /// Leaves `count` bytes as they are.
    mutating func skip(_ count: Int, in buffer: UnsafeMutableBufferPointer<UInt8>) {
        _ = unsafe take(count, of: buffer)
    }

    /// Writes an integer, big endian.
    mutating func write(_ value: some FixedWidthInteger, to buffer: UnsafeMutableBufferPointer<UInt8>) {
        let place = unsafe take(value.bitWidth / 8, of: buffer)
        unsafe place.storeBytes(of: value.bigEndian, as: type(of: value))
    }

    /// Writes the bytes of `range`, which the caller has checked.
    mutating func write(_ bytes: [UInt8], in range: Range<Int>, to buffer: UnsafeMutableBufferPointer<UInt8>) {
        let place = unsafe take(range.count, of: buffer)
        unsafe bytes.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress {
                unsafe place.copyMemory(from: base + range.lowerBound, byteCount: range.count)
            }
        }
    }

    private mutating func take(
        _ count: Int, of buffer: UnsafeMutableBufferPointer<UInt8>
    ) -> UnsafeMutableRawPointer {
        guard let base = buffer.baseAddress, count <= buffer.count - index else {
            preconditionFailure("written past the end")
        }
        defer { index += count }
        return unsafe UnsafeMutableRawPointer(base + index)
    }
}
