import TestSupport
import Testing

@testable import Sodium

/// OpenSSL's ChaCha20-Poly1305 beside libsodium's: `make libcrypto`.
@Suite(.enabled(if: ChaChaPoly.Library.allCases.count == 2, "needs the trait LibCrypto"))
struct LibcryptoTests {
    static let counts = [
        0, 1, 15, 16, 17, 63, 64, 65, 255, 256, 257, 511, 512, 513, 1_023, 1_024, 2_047, 2_048, 2_049, 15_616, 16_640,
        65_519,
    ]

    @Test(arguments: counts) func theBytesAreTheSame(count: Int) throws {
        let key = Random.bytes(32)
        let nonce = Random.bytes(12)
        let text = Random.bytes(count)
        for additional in [[], Random.bytes(1), Random.bytes(16), Random.bytes(133)] {
            let results = ChaChaPoly.Library.allCases.map { sealed(text, additional, nonce, key, by: $0) }
            #expect(Set(results).count == 1)
            for library in ChaChaPoly.Library.allCases {
                #expect(opened(results[0], additional, nonce, key, by: library) == text)
            }
        }
    }

    /// Nothing is left of what was decrypted before the tag was seen to be wrong.
    @Test(arguments: [16, 512, 2_048, 15_616]) func nothingIsLeftOfAForgery(count: Int) throws {
        let key = Random.bytes(32)
        let nonce = Random.bytes(12)
        let additional = Random.bytes(9)
        let genuine = sealed(Random.bytes(count), additional, nonce, key, by: .sodium)
        for library in ChaChaPoly.Library.allCases {
            for bit in [0, 8 * count - 1, 8 * count, 8 * (count + 16) - 1] {
                let forged = genuine.flippingBit(bit)
                #expect(opened(forged, additional, nonce, key, by: library) == nil)
                var buffer = forged
                #expect(!openInPlace(&buffer, additional, nonce, key, by: library))
                #expect(buffer.prefix(count).allSatisfy { $0 == 0 })
            }
            #expect(opened(genuine, additional.flippingBit(3), nonce, key, by: library) == nil)
            #expect(opened(genuine, additional, nonce.flippingBit(95), key, by: library) == nil)
            #expect(opened(genuine, additional, nonce, key.flippingBit(255), by: library) == nil)
        }
    }

    private func sealed(
        _ text: [UInt8], _ additional: [UInt8], _ nonce: [UInt8], _ key: [UInt8], by library: ChaChaPoly.Library
    ) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: text.count + ChaChaPoly.tagByteCount)
        additional.withUnsafeBufferPointer { additional in
            ChaChaPoly.seal(text + [0], text.count, into: &output, additional, nonce, key, by: library)
        }
        return output
    }

    private func opened(
        _ sealed: [UInt8], _ additional: [UInt8], _ nonce: [UInt8], _ key: [UInt8], by library: ChaChaPoly.Library
    ) -> [UInt8]? {
        let count = sealed.count - ChaChaPoly.tagByteCount
        var output = [UInt8](repeating: 1, count: count + 1)
        let isOpen = additional.withUnsafeBufferPointer { additional in
            ChaChaPoly.open(sealed, count, into: &output, additional, nonce, key, by: library)
        }
        return isOpen ? Array(output.prefix(count)) : nil
    }

    private func openInPlace(
        _ buffer: inout [UInt8], _ additional: [UInt8], _ nonce: [UInt8], _ key: [UInt8],
        by library: ChaChaPoly.Library
    ) -> Bool {
        let count = buffer.count - ChaChaPoly.tagByteCount
        return buffer.withUnsafeMutableBufferPointer { buffer in
            additional.withUnsafeBufferPointer { additional in
                guard let start = buffer.baseAddress else { return false }
                return ChaChaPoly.open(start, count, into: start, additional, nonce, key, by: library)
            }
        }
    }
}
