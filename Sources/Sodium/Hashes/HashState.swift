internal import CSodium

/// The running state of a C hash function, at an address that does not move, wiped at the end, because a state of
/// HMAC holds the key.
@safe
struct HashState: ~Copyable, @unchecked Sendable {
    /// What libsodium asks for the state of BLAKE2b; the others need less.
    private static let alignment = 64

    private let pointer: UnsafeMutableRawPointer
    private let byteCount: Int

    init(byteCount: Int) {
        self.byteCount = byteCount
        unsafe pointer = .allocate(byteCount: byteCount, alignment: Self.alignment)
    }

    deinit {
        unsafe sodium_memzero(pointer, byteCount)
        unsafe pointer.deallocate()
    }

    mutating func withPointer<R>(_ body: (UnsafeMutableRawPointer) -> R) -> R {
        unsafe body(pointer)
    }

    mutating func withPointer<State, R>(to type: State.Type, _ body: (UnsafeMutablePointer<State>) -> R) -> R {
        unsafe body(pointer.assumingMemoryBound(to: type))
    }
}
