import Sodium
import TestSupport
import Testing

@Suite struct SealingTests {
    @Test func rfc8439() throws {
        let key = try SecretBytes(hex: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f")
        let nonceBytes = try bytes(hex: "070000004041424344454647")
        let nonce = try Nonce(bytes: nonceBytes.span)
        let additional = try bytes(hex: "50515253c0c1c2c3c4c5c6c7")
        let text = Array(
            "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
                .utf8)
        var buffer = text + [UInt8](repeating: 0, count: 16)
        var span = buffer.mutableSpan
        ChaChaPoly.seal(inPlace: &span, authenticating: additional.span, nonce: nonce, key: key)
        #expect(hex(Array(buffer.prefix(16))) == "d31a8d34648e60db7b86afbc53ef7ec2")
        #expect(hex(Array(buffer.suffix(16))) == "1ae10b594f09e26a7e902ecbd0600691")
        span = buffer.mutableSpan
        try ChaChaPoly.open(inPlace: &span, authenticating: additional.span, nonce: nonce, key: key)
        #expect(Array(buffer.dropLast(16)) == text)
    }
}
