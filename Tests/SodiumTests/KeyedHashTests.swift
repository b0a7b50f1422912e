import Sodium
import TestSupport
import Testing

@Suite struct KeyedHashTests {
    /// RFC 4231, test cases 1, 2, 3 and 6 (a key longer than a block).
    @Test(arguments: [
        (
            "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            hex(Array("Jefe".utf8)), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            String(repeating: "aa", count: 20), [UInt8](repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            String(repeating: "aa", count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func hmacSHA256(key: String, message: [UInt8], code: String) throws {
        let key = try bytes(hex: key)
        #expect(hex(HMACSHA256.authenticate(message.span, key: key.span)) == code)
        for pieces in DripFeed.pieces(of: message) {
            var hmac = HMACSHA256(key: key.span)
            for piece in pieces {
                hmac.update(piece.span)
            }
            #expect(hex(hmac.finalizeSecret().revealed) == code)
        }
    }

    /// RFC 4231, test cases 1, 2 and 6.
    @Test(
        arguments: [
            (
                "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", Array("Hi There".utf8),
                """
                87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
                daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854
                """
            ),
            (
                hex(Array("Jefe".utf8)), Array("what do ya want for nothing?".utf8),
                """
                164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737
                """
            ),
            (
                String(repeating: "aa", count: 131),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                """
                80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352\
                6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598
                """
            ),
        ] as [(String, [UInt8], String)])
    func hmacSHA512(key: String, message: [UInt8], code: String) throws {
        let key = try bytes(hex: key)
        #expect(hex(HMACSHA512.authenticate(message.span, key: key.span)) == code)
        for pieces in DripFeed.pieces(of: message) {
            var hmac = HMACSHA512(key: key.span)
            for piece in pieces {
                hmac.update(piece.span)
            }
            #expect(hex(hmac.finalize()) == code)
        }
    }

    /// Keys of none, some, exactly a block's and more bytes; the codes come from Python's hmac and hashlib.
    @Test(
        arguments: [
            (
                [], "",
                """
                198cd2006f66ff83fbbd913f78aca2251caf4f19fe9475aade8cf2091b99a684\
                66775177424f58286886cbae8229644cec747237d4b721735485e17372fdf59c
                """
            ),
            (
                Array("key".utf8), "The quick brown fox jumps over the lazy dog",
                """
                92294f92c0dfb9b00ec9ae8bd94d7e7d8a036b885a499f149dfe2fd2199394aa\
                af6b8894a1730cccb2cd050f9bcf5062a38b51b0dab33207f8ef35ae2c9df51b
                """
            ),
            (
                Array(0..<128), "abc",
                """
                442e7244d3deea49a4a6263da650c3205f4a1bde97fd5e4dcf530a492e4f7885\
                a7086f428a04f08150af3b693d3532171d371d88c23aa56cf6f1d7cdfe5b485c
                """
            ),
            (
                Array(0..<129), "abc",
                """
                e57d41295899b3cf6d0fee842fcf5d31b7db3dd88484753a6fa971429fa955fa\
                8cf94f722f8f0bd6f63128db546d522c6a794345c288e1fdfa562127e77eaf4a
                """
            ),
        ] as [([UInt8], String, String)])
    func hmacBLAKE2b(key: [UInt8], message: String, code: String) {
        for pieces in DripFeed.pieces(of: Array(message.utf8)) {
            var hmac = HMACBLAKE2b(key: SecretBytes(copying: key.span))
            for piece in pieces {
                hmac.update(piece.span)
            }
            #expect(hex(hmac.finalize().revealed) == code)
        }
    }

    /// RFC 5869 appendix A.1 and A.3.
    @Test(arguments: [
        (
            "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        ),
        (
            "", "",
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
        ),
    ])
    func hkdf(salt: String, info: String, pseudorandomKey: String, output: String) throws {
        let salt = try bytes(hex: salt)
        let info = try bytes(hex: info)
        let inputKey = [UInt8](repeating: 0x0b, count: 22)
        let key = HKDFSHA256.extract(salt: salt.span, inputKey: inputKey.span)
        #expect(hex(key.revealed) == pseudorandomKey)
        #expect(hex(try HKDFSHA256.expand(key, info: info.span, count: 42).revealed) == output)
    }

    @Test func hkdfKnowsItsLimit() throws {
        let key = SecretBytes(randomCount: 32)
        let most = try HKDFSHA256.expand(key, info: Span(), count: HKDFSHA256.maximumOutputByteCount)
        #expect(most.count == 255 * 32)
        #expect(try HKDFSHA256.expand(key, info: Span(), count: 0).count == 0)
        for count in [HKDFSHA256.maximumOutputByteCount + 1, -1] {
            #expect(throws: SodiumError.invalidLength) {
                _ = try HKDFSHA256.expand(key, info: Span(), count: count)
            }
        }
    }
}
