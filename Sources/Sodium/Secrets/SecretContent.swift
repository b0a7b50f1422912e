internal import CSodium

/// A secret that several hold: wiped when none of them holds it any more.
package final class SecretContent: Sendable, Equatable {
    private let secret: SecretBytes

    package init(_ secret: consuming SecretBytes) {
        self.secret = consume secret
    }

    /// A copy of `bytes`. Wiping the original is up to the caller.
    package convenience init(copying bytes: Span<UInt8>) {
        self.init(SecretBytes(copying: bytes))
    }

    /// The number of bytes.
    package var count: Int { secret.count }

    /// Lends the bytes for reading.
    package func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try secret.withBytes(body)
    }

    /// `prefix` and the bytes, in ordinary memory: whoever asks for it wipes it when it has been used.
    package func copy(behind prefix: [UInt8] = []) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(prefix.count + count)
        bytes.append(contentsOf: prefix)
        secret.withBytes { secret in
            for index in secret.indices { bytes.append(secret[index]) }
        }
        return bytes
    }

    package static func == (left: SecretContent, right: SecretContent) -> Bool {
        left.withBytes { left in right.withBytes { right in constantTimeEquals(left, right) } }
    }
}

extension [UInt8] {
    /// Makes zeros of the bytes, which nobody else may hold: it would keep what they were.
    package mutating func wipe() {
        unsafe withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe sodium_memzero(base, bytes.count)
        }
    }
}
