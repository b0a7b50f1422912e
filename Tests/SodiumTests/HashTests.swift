import Sodium
import TestSupport
import Testing

@Suite struct HashTests {
    private static let abc = Array("abc".utf8)

    /// FIPS 180-4, examples of NIST.
    @Test func sha2() {
        #expect(
            hex(SHA256.hash(Self.abc.span)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hex(SHA512.hash(Self.abc.span)) == """
                ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
                """)
    }

    /// RFC 7693 appendix A.
    @Test func blake2b() {
        #expect(
            hex(BLAKE2b.hash(Self.abc.span)) == """
                ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
                7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923
                """)
        #expect(
            hex(BLAKE2b.hash(Span())) == """
                786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419\
                d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce
                """)
    }

    @Test func piecesHashLikeTheWhole() {
        let message = Random.bytes(1000)
        for pieces in DripFeed.pieces(of: message) {
            var sha256 = SHA256()
            var sha512 = SHA512()
            var blake = BLAKE2b()
            for piece in pieces {
                sha256.update(piece.span)
                sha512.update(piece.span)
                blake.update(piece.span)
            }
            #expect(sha256.finalize() == SHA256.hash(message.span))
            #expect(sha512.finalize() == SHA512.hash(message.span))
            #expect(blake.finalize() == BLAKE2b.hash(message.span))
        }
    }

    /// FIPS 202: the first two are examples of NIST; the others lie around the block of 136 bytes and come from
    /// Python's hashlib.
    @Test(arguments: [
        (0, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"),
        (135, "fded8fd9d6551c601eeb3b7c6bc5e5cfd8aad1d015b7e9aaa9c9b9475231d5e2"),
        (136, "cf3ccff92480a29160c2d38317c430e14749bfee1788106957dfe73f8c4930e5"),
        (137, "ce9d7dc90913ee5d92745019479a5352c6d6279bef18ed07dc0a83ee8084daca"),
        (272, "b7ccd55b6c2c3fa144c9e0624059294975a348b02f321abe289701d3012f7794"),
    ])
    func sha3(count: Int, digest: String) {
        #expect(hex(SHA3_256.hash((0..<count).map { UInt8($0 % 251) })) == digest)
    }

    @Test func sha3OfShortText() {
        #expect(
            hex(SHA3_256.hash(Self.abc)) == "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532")
    }

    /// A well-known address: duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion.
    @Test func sha3OfAnOnionAddress() throws {
        let key = try bytes(hex: "1d04a1d04a338c6e6ae970bfabee49049d6702250984ca950c01673f4ec034ad")
        #expect(Array(SHA3_256.hash(Array(".onion checksum".utf8) + key + [3]).prefix(2)) == [0x91, 0x64])
        #expect(Ed25519.isValidPoint(key))
    }
}
