/// Calls `body` with the address of the bytes, and with a valid address too when there are none: parameters of C
/// functions are often declared to be never null.
func withPointer<R: ~Copyable, E: Error>(
    _ bytes: Span<UInt8>, _ body: (UnsafePointer<UInt8>) throws(E) -> R
) throws(E) -> R {
    try unsafe bytes.withUnsafeBufferPointer { (buffer) throws(E) -> R in
        if let base = buffer.baseAddress {
            return try unsafe body(base)
        }
        var nothing: UInt8 = 0
        return try unsafe withUnsafePointer(to: &nothing) { (pointer) throws(E) -> R in try unsafe body(pointer) }
    }
}

/// Calls `body` with the address of the secret's bytes, for reading.
func withPointer<R: ~Copyable, E: Error>(
    _ secret: borrowing SecretBytes, _ body: (UnsafePointer<UInt8>) throws(E) -> R
) throws(E) -> R {
    try secret.withBytes { (bytes) throws(E) -> R in try unsafe withPointer(bytes, body) }
}

extension SecretBytes {
    /// A secret of `count` bytes that `fill` has written.
    init<E: Error>(count: Int, filledBy fill: (UnsafeMutablePointer<UInt8>) throws(E) -> Void) throws(E) {
        self.init(count: count)
        try unsafe withMutablePointer(fill)
    }

    /// Calls `body` with the address of the bytes, of which there is at least one.
    mutating func withMutablePointer<E: Error>(_ body: (UnsafeMutablePointer<UInt8>) throws(E) -> Void) throws(E) {
        try withMutableBytes { (span) throws(E) in
            try unsafe span.withUnsafeMutableBufferPointer { (buffer) throws(E) in
                if let base = buffer.baseAddress {
                    try unsafe body(base)
                }
            }
        }
    }
}

/// An array of `count` bytes that `fill` has written.
func filledArray(_ count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        if let base = buffer.baseAddress {
            unsafe fill(base)
        }
        initialized = count
    }
}
