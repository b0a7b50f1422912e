import Sodium
import TestSupport
import Testing

@Suite struct XChaChaPolyTests {
    private var key: SecretBytes { SecretBytes(copying: Array(UInt8(0x80)...0x9f).span) }
    private let additional: [UInt8] = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7]
    private let plaintext = Array(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
            .utf8)

    private func opened(_ sealed: [UInt8], _ additional: [UInt8]) throws(SodiumError) -> [UInt8] {
        var sealed = sealed
        var span = sealed.mutableSpan
        try XChaChaPoly.open(inPlace: &span, authenticating: additional.span, key: key)
        return Array(sealed[XChaChaPoly.nonceByteCount..<sealed.count - 16])
    }

    private func sealed(_ plaintext: [UInt8]) -> [UInt8] {
        var buffer =
            [UInt8](repeating: 0, count: XChaChaPoly.nonceByteCount) + plaintext + [UInt8](repeating: 0, count: 16)
        var span = buffer.mutableSpan
        XChaChaPoly.seal(inPlace: &span, authenticating: additional.span, key: key)
        return buffer
    }

    /// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    @Test func vector() throws {
        let sealed =
            Array(UInt8(0x40)...0x57)
            + (try bytes(
                hex: """
                    bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c2\
                    16cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c6\
                    8b13b52ec0875924c1c7987947deafd8780acf49
                    """))
        #expect(try opened(sealed, additional) == plaintext)
    }

    @Test func eachSealingHasItsOwnNonce() throws {
        let first = sealed(plaintext)
        let second = sealed(plaintext)
        #expect(first.count == plaintext.count + XChaChaPoly.addedByteCount)
        #expect(first.prefix(XChaChaPoly.nonceByteCount) != second.prefix(XChaChaPoly.nonceByteCount))
        #expect(try opened(first, additional) == plaintext)
        #expect(try opened(second, additional) == plaintext)
        #expect(try opened(sealed([]), additional) == [])
    }

    @Test func everyChangedBitIsRefused() throws {
        let sealed = sealed([1, 2, 3])
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1 << UInt8(index % 8)
            #expect(throws: SodiumError.authenticationFailed) { try opened(changed, additional) }
        }
        #expect(throws: SodiumError.authenticationFailed) { try opened(sealed, additional + [0]) }
        for count in 0..<XChaChaPoly.addedByteCount {
            #expect(throws: SodiumError.invalidLength) { try opened(Array(sealed.prefix(count)), additional) }
        }
    }
}
