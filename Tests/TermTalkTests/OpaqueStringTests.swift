import Sodium
import Testing

@testable import TermTalk

@Suite struct OpaqueStringTests {
    private func prepared(_ bytes: [UInt8]) -> [UInt8] {
        SodiumLibrary.initialize()
        let secret = OpaqueString.prepare(SecretBytes(copying: bytes.span))
        return secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }

    /// What the standard library makes of the whole text; for Hangul, marks in any order, and letters that grow.
    @Test(arguments: [
        ("e\u{301}", "\u{e9}"), ("e\u{301}\u{323}", "\u{1EB9}\u{301}"), ("\u{1112}\u{1161}\u{11AB}", "\u{D55C}"),
        ("\u{344}", "\u{308}\u{301}"), ("\u{1D160}", "\u{1D158}\u{1D165}\u{1D16E}"), ("a\u{3000}b\u{A0}c", "a b c"),
        ("secret \t\r", "secret"), (" secret", " secret"), ("plain", "plain"), ("\u{9C7}\u{9BE}", "\u{9CB}"),
        ("  ", ""),
    ])
    func forms(_ typed: String, _ used: String) {
        #expect(prepared(Array(typed.utf8)) == Array(used.utf8))
    }

    @Test func whatIsNotUTF8StaysAsItIs() {
        for bytes: [UInt8] in [[0xFF], [0x61, 0xC3], [0xE9, 0x20], [0xED, 0xA0, 0x80], [0xC0, 0x80]] {
            #expect(prepared(bytes) == bytes)
        }
    }
}
