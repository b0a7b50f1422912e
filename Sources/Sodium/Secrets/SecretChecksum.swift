internal import CSodium

/// Tells quickly whether bytes are still what they were: Poly1305 (RFC 8439, section 2.5) under one random key for many values,
/// at a seventh of what BLAKE2b costs. Nobody may see the sums: whoever has two of them can make bytes with a third.
package final class SecretChecksum: Sendable {
    /// What two values have in common only when they are the same; by chance once in 2^93 for 15 KB.
    package struct Sum: Sendable, Equatable {
        fileprivate let low: UInt64
        fileprivate let high: UInt64
    }

    private let key = SecretBytes(randomCount: 32)

    package init() {}

    package func sum(of bytes: Span<UInt8>) -> Sum {
        var sum = (UInt64(0), UInt64(0))
        unsafe withPointer(bytes) { text in
            unsafe withPointer(key) { key in
                unsafe withUnsafeMutableBytes(of: &sum) { output in
                    guard let output = unsafe output.bindMemory(to: UInt8.self).baseAddress else { return }
                    _ = unsafe crypto_onetimeauth_poly1305(output, text, UInt64(bytes.count), key)
                }
            }
        }
        return Sum(low: sum.0, high: sum.1)
    }
}
