import Sodium
import TestSupport
import Testing

@Suite struct X25519Tests {
    /// RFC 7748 section 5.2, both vectors.
    @Test(arguments: [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
        ),
    ])
    func multiplies(scalar: String, point: String, result: String) throws {
        let key = try X25519.PrivateKey(copying: SecretBytes(hex: scalar))
        #expect(hex(try key.sharedSecret(with: .init(bytes(hex: point))).revealed) == result)
    }

    /// RFC 7748 section 6.1.
    @Test func agrees() throws {
        let alice = try X25519.PrivateKey(
            copying: SecretBytes(hex: "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
        let bob = try X25519.PrivateKey(
            copying: SecretBytes(hex: "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
        #expect(hex(alice.publicKey.bytes) == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        #expect(hex(bob.publicKey.bytes) == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        let shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
        #expect(hex(try alice.sharedSecret(with: bob.publicKey).revealed) == shared)
        #expect(hex(try bob.sharedSecret(with: alice.publicKey).revealed) == shared)
    }

    @Test func randomKeysAgree() throws {
        let alice = X25519.PrivateKey()
        let bob = X25519.PrivateKey()
        #expect(alice.publicKey != bob.publicKey)
        #expect(
            try alice.sharedSecret(with: bob.publicKey).revealed == bob.sharedSecret(with: alice.publicKey).revealed)
    }

    @Test func clonesAndExportsAreTheSameKey() throws {
        let key = X25519.PrivateKey()
        let clone = key.clone()
        let imported = try X25519.PrivateKey(copying: key.exported())
        #expect(clone.publicKey == key.publicKey)
        #expect(imported.publicKey == key.publicKey)
        let peer = X25519.PrivateKey().publicKey
        #expect(try clone.sharedSecret(with: peer).revealed == key.sharedSecret(with: peer).revealed)
    }

    /// Points of order 1, 2, 4 and 8, and encodings of them that are not canonical: the result would be all zeros.
    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ])
    func refusesPointsOfSmallOrder(point: String) throws {
        let key = X25519.PrivateKey()
        let peer = try X25519.PublicKey(bytes(hex: point))
        #expect(throws: SodiumError.invalidPoint) { _ = try key.sharedSecret(with: peer) }
    }

    @Test(arguments: [0, 31, 33]) func refusesOtherLengths(count: Int) {
        let content = [UInt8](repeating: 9, count: count)
        #expect(throws: SodiumError.invalidKey) { try X25519.PublicKey(content) }
        #expect(throws: SodiumError.invalidKey) {
            _ = try X25519.PrivateKey(copying: SecretBytes(copying: content.span))
        }
    }
}
