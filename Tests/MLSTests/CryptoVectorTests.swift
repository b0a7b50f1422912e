import Foundation
import Sodium
import TestSupport
import Testing

@testable import MLS

@Suite struct CryptoBasicsVectorTests {
    private static let names = MLSVectorFiles.names("crypto-basics")

    private struct Vector: Decodable {
        struct Hash: Decodable { let label, value, out: String }
        struct Expand: Decodable {
            let secret, label, context: String
            let length: Int
            let out: String
        }
        struct Derive: Decodable { let secret, label, out: String }
        struct Tree: Decodable {
            let secret, label: String
            let generation: UInt32
            let length: Int
            let out: String
        }
        struct Sign: Decodable { let priv, pub, content, label, signature: String }
        struct Encrypt: Decodable { let priv, pub, label, context, plaintext, kemOutput, ciphertext: String }

        let cipherSuite: UInt16
        let refHash: Hash
        let expandWithLabel: Expand
        let deriveSecret: Derive
        let deriveTreeSecret: Tree
        let signWithLabel: Sign
        let encryptWithLabel: Encrypt
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            try Self.checkDerivation(vector, suite)
            try Self.checkKeys(vector, suite)
            try Self.checkEncryption(vector.encryptWithLabel, suite)
            return nil
        }
    }

    private static func checkDerivation(_ vector: Vector, _ suite: CipherSuite) throws {
        let hash = vector.refHash
        #expect(hex(suite.refHash(label: hash.label, value: try bytes(hex: hash.value))) == hash.out)
        let expand = vector.expandWithLabel
        let expanded = try suite.expandWithLabel(
            SecretBytes(hex: expand.secret), label: expand.label, context: bytes(hex: expand.context),
            count: expand.length
        ).revealed
        #expect(hex(expanded) == expand.out)
        let derive = vector.deriveSecret
        let derived = try suite.deriveSecret(SecretBytes(hex: derive.secret), label: derive.label).revealed
        #expect(hex(derived) == derive.out)
        let tree = vector.deriveTreeSecret
        let treeSecret = try suite.deriveTreeSecret(
            SecretBytes(hex: tree.secret), label: tree.label, generation: tree.generation, count: tree.length
        ).revealed
        #expect(hex(treeSecret) == tree.out)
    }

    private static func checkKeys(_ vector: Vector, _ suite: CipherSuite) throws {
        let sign = vector.signWithLabel
        let content = try bytes(hex: sign.content)
        let key = try Ed25519.KeyPair(seed: SecretBytes(hex: sign.priv))
        let own = suite.signWithLabel(key, label: sign.label, content: content)
        for signature in [own, try bytes(hex: sign.signature)] {
            try suite.verifyWithLabel(
                publicKey: bytes(hex: sign.pub), label: sign.label, content: content, signature: signature)
            #expect(throws: MLSError.invalidSignature) {
                try suite.verifyWithLabel(
                    publicKey: bytes(hex: sign.pub), label: sign.label, content: content,
                    signature: signature.flippingBit(9))
            }
        }
    }

    private static func checkEncryption(_ encrypt: Vector.Encrypt, _ suite: CipherSuite) throws {
        let privateKey = try X25519.PrivateKey(copying: SecretBytes(hex: encrypt.priv))
        let context = try bytes(hex: encrypt.context)
        let content = try bytes(hex: encrypt.plaintext)
        let publicKey = try bytes(hex: encrypt.pub)
        let sealed = try suite.encryptWithLabel(
            publicKey: publicKey, label: encrypt.label, context: context, plaintext: content.span)
        let published = (kemOutput: try bytes(hex: encrypt.kemOutput), ciphertext: try bytes(hex: encrypt.ciphertext))
        for (kemOutput, ciphertext) in [sealed, published] {
            let plaintext = try suite.decryptWithLabel(
                privateKey: privateKey, label: encrypt.label, context: context, kemOutput: kemOutput,
                ciphertext: ciphertext
            ).revealed
            #expect(hex(plaintext) == encrypt.plaintext)
        }
    }
}

@Suite struct AES128GCMTests {
    /// Test case 4 of the GCM specification: additional data, and a text that does not fill its last block.
    @Test func knownAnswer() throws {
        let aead = AES128GCM()
        let key = try SecretBytes(hex: "feffe9928665731c6d6a8f9467308308")
        let nonceBytes = try bytes(hex: "cafebabefacedbaddecaf888")
        let nonce = try Nonce(bytes: nonceBytes.span)
        let additional = try bytes(hex: "feedfacedeadbeeffeedfacedeadbeefabaddad2")
        let plaintext = try bytes(
            hex: """
                d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525\
                b16aedf5aa0de657ba637b39
                """)
        let expected = """
            42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05\
            1ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47
            """
        var buffer = plaintext + [UInt8](repeating: 0, count: 16)
        var span = buffer.mutableSpan
        aead.seal(inPlace: &span, authenticating: additional.span, nonce: nonce, key: key)
        #expect(hex(buffer) == expected)
        span = buffer.mutableSpan
        try aead.open(inPlace: &span, authenticating: additional.span, nonce: nonce, key: key)
        #expect([UInt8](buffer.prefix(60)) == plaintext)
    }
}
