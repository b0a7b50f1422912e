internal import CSodium

/// Key material: bytes in locked memory that are wiped when the value ends.
///
/// It cannot be copied by accident (``clone()`` does it on purpose), and so it can become neither an `Any` nor a text:
/// `print`, `dump`, string interpolation and errors do not take it. Compare it with ``constantTimeEquals(_:_:)``.
@safe
package struct SecretBytes: ~Copyable, @unchecked Sendable {
    /// The number of bytes.
    package let count: Int
    private let memory: UnsafeMutablePointer<UInt8>

    /// `count` zeros.
    package init(count: Int) {
        precondition(count >= 0)
        self.count = count
        unsafe memory =
            count <= SecretSlabs.slotByteCount ? SecretSlabs.shared.allocate() : SecretSlabs.shared.allocateLong(count)
    }

    /// `randomCount` bytes of the system's random source.
    package init(randomCount: Int) {
        self.init(count: randomCount)
        unsafe randombytes_buf(memory, randomCount)
    }

    /// A copy of `bytes`. Wiping the original is up to the caller.
    package init(copying bytes: Span<UInt8>) {
        self.init(count: bytes.count)
        unsafe bytes.withUnsafeBufferPointer { source in
            if let base = source.baseAddress {
                unsafe memory.update(from: base, count: source.count)
            }
        }
    }

    deinit {
        if count <= SecretSlabs.slotByteCount {
            unsafe SecretSlabs.shared.release(memory)
        } else {
            unsafe SecretSlabs.shared.releaseLong(memory)
        }
    }

    /// Lends the bytes for reading.
    package func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try body(unsafe UnsafeBufferPointer(start: memory, count: count).span)
    }

    /// Lends the bytes for reading and writing.
    package mutating func withMutableBytes<R: ~Copyable, E: Error>(
        _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        var span = unsafe UnsafeMutableBufferPointer(start: memory, count: count).mutableSpan
        return try body(&span)
    }

    /// A second, independent secret of the same bytes.
    package func clone() -> SecretBytes {
        withBytes { bytes in SecretBytes(copying: bytes) }
    }
}
