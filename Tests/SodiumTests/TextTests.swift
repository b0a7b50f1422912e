import Sodium
import TestSupport
import Testing

/// Bytes as text, against what other programs write.
@Suite struct TextTests {
    @Test(arguments: [([], ""), ([0], "00"), ([0xAB, 0x01, 0xFF], "ab01ff")] as [([UInt8], String)])
    func base16(bytes: [UInt8], text: String) {
        #expect(Base16.encode(bytes) == text)
        #expect(Base16.decode(text) == bytes)
        #expect(Base16.decode(text.uppercased()) == bytes)
    }

    @Test(arguments: ["0", "0g", "00 ", " 00", "0x00", "00\u{0}", "０0"])
    func noBase16(text: String) {
        #expect(Base16.decode(text) == nil)
    }

    @Test(arguments: [([], ""), ([0xFF], "_w"), ([0xFB, 0xEF], "--8"), ([1, 2, 3], "AQID")] as [([UInt8], String)])
    func base64URL(bytes: [UInt8], text: String) {
        #expect(Base64URL.encode(bytes) == text)
        #expect(Base64URL.decode(text) == bytes)
    }

    @Test(
        "Padding, other alphabets, impossible lengths and unused bits are refused",
        arguments: [
            "_w==", "_", "_x", "AQID=", "AQ ID", "+w", "/w", "AQIDA", "\u{0}",
        ])
    func noBase64URL(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func allBytesComeBack() {
        var random = SeededRandom(seed: 1)
        for count in 0..<200 {
            let bytes = random.bytes(count)
            #expect(Base16.decode(Base16.encode(bytes)) == bytes)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
    }
}
