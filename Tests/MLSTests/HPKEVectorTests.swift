import Foundation
import MLS
import Sodium
import TestSupport
import Testing

@Suite struct HPKEVectorTests {
    private static let topic = "hpke"
    private static let names = VectorFiles.names(in: topic)

    private struct Vector: Decodable {
        struct Encryption: Decodable { let aad, ct, nonce, pt: String }
        struct Export: Decodable {
            let exporterContext: String
            let length: Int
            let exportedValue: String

            enum CodingKeys: String, CodingKey {
                case exporterContext = "exporter_context"
                case length = "L"
                case exportedValue = "exported_value"
            }
        }

        let mode: UInt8
        let kemID, kdfID, aeadID: UInt16
        let info, ikmR, ikmE, skRm, skEm, pkRm, pkEm, enc: String
        let encryptions: [Encryption]
        let exports: [Export]

        enum CodingKeys: String, CodingKey {
            case mode, info, ikmR, ikmE, skRm, skEm, pkRm, pkEm, enc, encryptions, exports
            case kemID = "kem_id"
            case kdfID = "kdf_id"
            case aeadID = "aead_id"
        }

        /// Why it is none of ours; nil when it is.
        var isPassedOver: String? {
            if mode != 0 { return "of a mode that MLS does not use" }
            if kemID != 0x0020 || kdfID != 0x0001 { return "of another KEM or KDF" }
            return aead == nil ? "of another AEAD" : nil
        }

        var aead: (any AEADAlgorithm)? {
            switch aeadID {
            case 1: AES128GCM()
            case 3: ChaCha20Poly1305()
            case 0xffff: ExportOnly()
            default: nil
            }
        }
    }

    /// The AEAD of contexts that never seal.
    private struct ExportOnly: AEADAlgorithm {
        let identifier: UInt16 = 0xffff
        let keyByteCount = 0

        func seal(
            inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8>, nonce: Nonce,
            key: borrowing SecretBytes
        ) {
            Issue.record("export only")
        }

        func open(
            inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8>, nonce: Nonce,
            key: borrowing SecretBytes
        ) throws(SodiumError) {
            throw .authenticationFailed
        }
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        let vectors = try JSONDecoder().decode([Vector].self, from: VectorFiles.content(of: name, in: Self.topic))
        var run = 0
        var passedOver: [String: Int] = [:]
        for vector in vectors {
            if let reason = vector.isPassedOver {
                passedOver[reason, default: 0] += 1
            } else {
                try Self.check(vector)
                run += 1
            }
        }
        VectorFiles.report(name, in: Self.topic, run: run, passedOver: passedOver)
        #expect(!vectors.isEmpty)
    }

    private static func check(_ vector: Vector) throws {
        let hpke = HPKE(aead: try #require(vector.aead))
        let receiverKey = try HPKE.deriveKeyPair(SecretBytes(hex: vector.ikmR))
        let exported = receiverKey.exported().revealed
        #expect(hex(exported) == vector.skRm)
        let publicKey = receiverKey.publicKey.bytes
        #expect(hex(publicKey) == vector.pkRm)
        let ephemeral = try X25519.PrivateKey(copying: SecretBytes(hex: vector.skEm))
        let info = try bytes(hex: vector.info)
        var sender = try hpke.setupSender(publicKey: bytes(hex: vector.pkRm), info: info, ephemeral: ephemeral)
        let kemOutput = sender.kemOutput
        #expect(hex(kemOutput) == vector.enc)
        var receiver = try hpke.setupReceiver(kemOutput: kemOutput, privateKey: receiverKey, info: info)
        for encryption in vector.encryptions {
            let additional = try bytes(hex: encryption.aad)
            let content = try bytes(hex: encryption.pt)
            let ciphertext = try sender.context.seal(content.span, authenticating: additional)
            #expect(hex(ciphertext) == encryption.ct)
            let plaintext = try receiver.open(bytes(hex: encryption.ct), authenticating: additional).revealed
            #expect(hex(plaintext) == encryption.pt)
        }
        for export in vector.exports {
            let secret = try receiver.export(context: bytes(hex: export.exporterContext), count: export.length).revealed
            #expect(hex(secret) == export.exportedValue)
        }
    }
}
