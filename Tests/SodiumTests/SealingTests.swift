import Sodium
import TestSupport
import Testing

@Suite struct SealingTests {
    /// RFC 8439 section 2.8.2.
    @Test func rfc8439() throws {
        let key = try SecretBytes(hex: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f")
        let nonceBytes = try bytes(hex: "070000004041424344454647")
        let additional = try bytes(hex: "50515253c0c1c2c3c4c5c6c7")
        let text = """
            Ladies and Gentlemen of the class of '99: \
            If I could offer you only one tip for the future, sunscreen would be it.
            """
        let sealed = seal(Array(text.utf8), additional, try Nonce(bytes: nonceBytes.span), key)
        #expect(
            hex(sealed) == """
                d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6\
                3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36\
                92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
                3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691
                """)
        #expect(try open(sealed, additional, Nonce(bytes: nonceBytes.span), key) == Array(text.utf8))
    }

    @Test func refusesEveryFlippedBit() throws {
        let key = SecretBytes(randomCount: ChaChaPoly.keyByteCount)
        let nonce = Nonce(counter: 5)
        let text = Random.bytes(24)
        let additional = Random.bytes(8)
        let sealed = seal(text, additional, nonce, key)
        for bit in 0..<8 * sealed.count {
            #expect(throws: SodiumError.authenticationFailed) {
                _ = try open(sealed.flippingBit(bit), additional, nonce, key)
            }
        }
        for bit in 0..<8 * additional.count {
            #expect(throws: SodiumError.authenticationFailed) {
                _ = try open(sealed, additional.flippingBit(bit), nonce, key)
            }
        }
        #expect(throws: SodiumError.authenticationFailed) {
            _ = try open(sealed, additional, Nonce(counter: 6), key)
        }
        #expect(throws: SodiumError.authenticationFailed) {
            _ = try open(sealed, additional, nonce, SecretBytes(randomCount: ChaChaPoly.keyByteCount))
        }
        #expect(try open(sealed, additional, nonce, key) == text)
    }

    @Test func refusesWhatIsCutShort() throws {
        let key = SecretBytes(randomCount: ChaChaPoly.keyByteCount)
        let nonce = Nonce(counter: 0)
        let sealed = seal(Random.bytes(10), [], nonce, key)
        for count in 0..<sealed.count {
            let expected: SodiumError = count < ChaChaPoly.tagByteCount ? .invalidLength : .authenticationFailed
            #expect(throws: expected) { _ = try open(Array(sealed.prefix(count)), [], nonce, key) }
        }
    }

    @Test(arguments: [0, 1, 63, 64, 65, 65_519]) func opensWhatItSealed(count: Int) throws {
        let key = SecretBytes(randomCount: ChaChaPoly.keyByteCount)
        let text = Random.bytes(count)
        let sealed = seal(text, [], Nonce(counter: 1), key)
        #expect(sealed.count == count + ChaChaPoly.tagByteCount)
        #expect(try open(sealed, [], Nonce(counter: 1), key) == text)
    }

    /// Noise section 12.1: the counter is little endian, after four zero bytes.
    @Test func nonceOfACounter() throws {
        let key = SecretBytes(randomCount: ChaChaPoly.keyByteCount)
        let same = try Nonce(bytes: [0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1].span)
        let sealed = seal([1, 2, 3], [], Nonce(counter: 0x0102_0304_0506_0708), key)
        #expect(sealed == seal([1, 2, 3], [], same, key))
    }

    @Test(arguments: [0, 11, 13, 24]) func refusesNoncesOfOtherLengths(count: Int) {
        let content = [UInt8](repeating: 0, count: count)
        #expect(throws: SodiumError.invalidLength) { try Nonce(bytes: content.span) }
    }

    @Test func misuseTraps() async {
        await #expect(processExitsWith: .failure) {
            var buffer = [UInt8](repeating: 0, count: 15)
            var span = buffer.mutableSpan
            ChaChaPoly.seal(
                inPlace: &span, authenticating: Span(), nonce: Nonce(counter: 0), key: SecretBytes(count: 32))
        }
        await #expect(processExitsWith: .failure) {
            var buffer = [UInt8](repeating: 0, count: 16)
            var span = buffer.mutableSpan
            ChaChaPoly.seal(
                inPlace: &span, authenticating: Span(), nonce: Nonce(counter: 0), key: SecretBytes(count: 31))
        }
    }
}

/// The ciphertext and tag of `text`.
func seal(_ text: [UInt8], _ additional: [UInt8], _ nonce: Nonce, _ key: borrowing SecretBytes) -> [UInt8] {
    var buffer = text + [UInt8](repeating: 0, count: ChaChaPoly.tagByteCount)
    var span = buffer.mutableSpan
    ChaChaPoly.seal(inPlace: &span, authenticating: additional.span, nonce: nonce, key: key)
    return buffer
}

/// The text of a ciphertext and tag.
func open(
    _ sealed: [UInt8], _ additional: [UInt8], _ nonce: Nonce, _ key: borrowing SecretBytes
) throws(SodiumError) -> [UInt8] {
    var buffer = sealed
    var span = buffer.mutableSpan
    try ChaChaPoly.open(inPlace: &span, authenticating: additional.span, nonce: nonce, key: key)
    return buffer.dropLast(ChaChaPoly.tagByteCount)
}
