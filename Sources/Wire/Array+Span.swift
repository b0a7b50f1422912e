extension [UInt8] {
    /// A copy of bytes that are only lent.
    package init(copying bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { buffer in unsafe [UInt8](buffer) }
    }
}
