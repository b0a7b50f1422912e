import Sodium
import TestSupport
import Testing

@Suite struct Ed25519Tests {
    /// RFC 8032 section 7.1, tests 1 to 3.
    @Test(arguments: [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            """
            e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
            5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
            """
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            """
            92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
            085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
            """
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            """
            6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
            18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
            """
        ),
    ])
    func rfc8032(seed: String, message: String, publicKey: String, signature: String) throws {
        let pair = try Ed25519.KeyPair(seed: SecretBytes(hex: seed))
        let message = try bytes(hex: message)
        #expect(hex(pair.publicKey.bytes) == publicKey)
        #expect(hex(pair.sign(message.span)) == signature)
        let signature = try bytes(hex: signature)
        #expect(verifies(signature, message, pair.publicKey))
    }

    @Test func refusesEveryFlippedBit() {
        let pair = Ed25519.KeyPair()
        let message = Random.bytes(20)
        let signature = pair.sign(message.span)
        for bit in 0..<8 * signature.count {
            let forged = signature.flippingBit(bit)
            #expect(!verifies(forged, message, pair.publicKey))
        }
        for bit in 0..<8 * message.count {
            let other = message.flippingBit(bit)
            #expect(!verifies(signature, other, pair.publicKey))
        }
        let stranger = Ed25519.KeyPair().publicKey
        #expect(!verifies(signature, message, stranger))
    }

    @Test(arguments: [0, 63, 65]) func refusesSignaturesOfOtherLengths(count: Int) {
        let pair = Ed25519.KeyPair()
        let message = Random.bytes(20)
        let signature = Array((pair.sign(message.span) + [0]).prefix(count))
        #expect(!verifies(signature, message, pair.publicKey))
    }

    @Test func clonesAndExportsAreTheSameKey() throws {
        let pair = Ed25519.KeyPair()
        #expect(pair.clone().publicKey == pair.publicKey)
        #expect(try Ed25519.KeyPair(seed: pair.exportedSeed()).publicKey == pair.publicKey)
        #expect(Ed25519.KeyPair().publicKey != pair.publicKey)
    }

    /// What tor's ADD_ONION ED25519-V3 takes; the value comes from Python's hashlib.
    @Test func expandedKey() throws {
        let seed = try SecretBytes(hex: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
        #expect(
            hex(try Ed25519.expandedKey(seed: seed).revealed) == """
                307c83864f2833cb427a2ef1c00a013cfdff2768d980c0a3a520f006904de94f\
                9b4f0afe280b746a778684e75442502057b7473a03f08f96f5a38e9287e01f8f
                """)
    }

    @Test(arguments: [
        ("the neutral element", "0100000000000000000000000000000000000000000000000000000000000000"),
        ("order 4", "0000000000000000000000000000000000000000000000000000000000000000"),
        ("order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        ("not on the curve", "0200000000000000000000000000000000000000000000000000000000000000"),
        ("not canonical", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ])
    func refusesInvalidPoints(kind: String, point: String) throws {
        #expect(!Ed25519.isValidPoint(try bytes(hex: point)), "\(kind)")
    }

    @Test func acceptsValidPoints() {
        let key = Ed25519.KeyPair().publicKey.bytes
        #expect(Ed25519.isValidPoint(key))
        #expect(!Ed25519.isValidPoint(key + [0]))
        #expect(!Ed25519.isValidPoint(Array(key.dropLast())))
        #expect(!Ed25519.isValidPoint([]))
    }

    @Test(arguments: [0, 31, 33, 64]) func refusesOtherLengths(count: Int) {
        let content = [UInt8](repeating: 9, count: count)
        let seed = SecretBytes(copying: content.span)
        #expect(throws: SodiumError.invalidKey) { try Ed25519.PublicKey(content) }
        #expect(throws: SodiumError.invalidKey) { _ = try Ed25519.KeyPair(seed: seed) }
        #expect(throws: SodiumError.invalidKey) { _ = try Ed25519.expandedKey(seed: seed) }
    }
}

private func verifies(_ signature: [UInt8], _ message: [UInt8], _ publicKey: Ed25519.PublicKey) -> Bool {
    Ed25519.verify(signature: signature.span, message: message.span, publicKey: publicKey)
}
