import Foundation
import Sodium
import TestSupport
import Testing

@testable import MLS

@Suite struct KeyScheduleVectorTests {
    private static let names = MLSVectorFiles.names("key-schedule")

    private struct Vector: Decodable {
        struct Exporter: Decodable {
            let label, context: String
            let length: Int
            let secret: String
        }
        struct Epoch: Decodable {
            let treeHash, commitSecret, pskSecret, confirmedTranscriptHash: String
            let groupContext, joinerSecret, welcomeSecret, initSecret: String
            let senderDataSecret, encryptionSecret, exporterSecret, epochAuthenticator: String
            let externalSecret, confirmationKey, membershipKey, resumptionPsk, externalPub: String
            let exporter: Exporter
        }

        let cipherSuite: UInt16
        let groupId, initialInitSecret: String
        let epochs: [Epoch]
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            var initSecret = vector.initialInitSecret
            for (number, epoch) in vector.epochs.enumerated() {
                let context = GroupContext(
                    cipherSuite: suite.identifier, groupID: try bytes(hex: vector.groupId), epoch: UInt64(number),
                    treeHash: try bytes(hex: epoch.treeHash),
                    confirmedTranscriptHash: try bytes(hex: epoch.confirmedTranscriptHash), extensions: [])
                #expect(hex(context.encoded) == epoch.groupContext)
                let schedule = try KeySchedule(
                    suite: suite, initSecret: SecretBytes(hex: initSecret),
                    commitSecret: SecretBytes(hex: epoch.commitSecret),
                    preSharedKeySecret: SecretBytes(hex: epoch.pskSecret), context: context)
                let joinerSecret = schedule.joinerSecret.revealed
                #expect(hex(joinerSecret) == epoch.joinerSecret)
                let welcomeSecret = try schedule.welcomeSecret().revealed
                #expect(hex(welcomeSecret) == epoch.welcomeSecret)
                try Self.check(schedule.epochSecrets(context: context), epoch, suite)
                initSecret = epoch.initSecret
            }
            return nil
        }
    }

    private static func check(_ secrets: consuming EpochSecrets, _ epoch: Vector.Epoch, _ suite: CipherSuite) throws {
        let encryptionSecret = try secrets.takeEncryptionSecret().revealed
        let found = [
            secrets.initSecret.revealed, secrets.senderDataSecret.revealed, encryptionSecret,
            secrets.exporterSecret.revealed, secrets.epochAuthenticator.revealed, secrets.externalSecret.revealed,
            secrets.confirmationKey.revealed, secrets.membershipKey.revealed, secrets.resumptionSecret.revealed,
            try secrets.externalKeyPair(suite: suite).publicKey.bytes,
        ]
        let expected = [
            epoch.initSecret, epoch.senderDataSecret, epoch.encryptionSecret, epoch.exporterSecret,
            epoch.epochAuthenticator, epoch.externalSecret, epoch.confirmationKey, epoch.membershipKey,
            epoch.resumptionPsk, epoch.externalPub,
        ]
        #expect(found.map(hex) == expected)
        let exporter = epoch.exporter
        let exported = try secrets.export(
            suite: suite, label: exporter.label, context: bytes(hex: exporter.context), count: exporter.length
        ).revealed
        #expect(hex(exported) == exporter.secret)
    }
}

@Suite struct PreSharedKeyVectorTests {
    private static let names = MLSVectorFiles.names("psk_secret")

    private struct Vector: Decodable {
        struct Key: Decodable { let pskId, psk, pskNonce: String }

        let cipherSuite: UInt16
        let psks: [Key]
        let pskSecret: String
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            var known = PreSharedKeys()
            var identifiers: [PreSharedKeyID] = []
            for key in vector.psks {
                let identifier = try bytes(hex: key.pskId)
                known.addExternal(try SecretBytes(hex: key.psk), identifier: identifier)
                identifiers.append(
                    PreSharedKeyID(source: .external(identifier: identifier), nonce: try bytes(hex: key.pskNonce)))
            }
            let secret = try suite.preSharedKeySecret(known.keys(identifiers)).revealed
            #expect(hex(secret) == vector.pskSecret)
            return nil
        }
    }
}

@Suite struct TranscriptHashVectorTests {
    private static let names = MLSVectorFiles.names("transcript-hashes")

    private struct Vector: Decodable {
        let cipherSuite: UInt16
        let confirmationKey, authenticatedContent, interimTranscriptHashBefore: String
        let confirmedTranscriptHashAfter, interimTranscriptHashAfter: String
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            let commit = try AuthenticatedContent(decoding: bytes(hex: vector.authenticatedContent))
            #expect(hex(commit.encoded) == vector.authenticatedContent)
            let confirmed = TranscriptHash.confirmed(
                commit, interimBefore: try bytes(hex: vector.interimTranscriptHashBefore), suite: suite)
            #expect(hex(confirmed) == vector.confirmedTranscriptHashAfter)
            let tag = try #require(commit.authentication.confirmationTag)
            #expect(suite.mac(confirmed, key: try SecretBytes(hex: vector.confirmationKey)) == tag)
            let interim = TranscriptHash.interim(confirmed: confirmed, confirmationTag: tag, suite: suite)
            #expect(hex(interim) == vector.interimTranscriptHashAfter)
            return nil
        }
    }
}

@Suite struct SecretTreeVectorTests {
    private static let names = MLSVectorFiles.names("secret-tree")

    private struct Vector: Decodable {
        struct SenderDataKey: Decodable { let senderDataSecret, ciphertext, key, nonce: String }
        struct Generation: Decodable {
            let generation: UInt32
            let applicationKey, applicationNonce, handshakeKey, handshakeNonce: String
        }

        let cipherSuite: UInt16
        let encryptionSecret: String
        let senderData: SenderDataKey
        let leaves: [[Generation]]
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            let senderData = vector.senderData
            let key = try suite.senderDataKey(
                secret: SecretBytes(hex: senderData.senderDataSecret), ciphertext: bytes(hex: senderData.ciphertext))
            #expect([key.key.bytes.revealed, key.nonce].map(hex) == [senderData.key, senderData.nonce])
            var tree = SecretTree(
                suite: suite, shape: TreeShape(holding: vector.leaves.count),
                encryptionSecret: try SecretBytes(hex: vector.encryptionSecret))
            for (index, generations) in vector.leaves.enumerated() {
                let leaf = LeafIndex(rawValue: UInt32(index))
                var application = try tree.ratchet(of: leaf, .application)
                var handshake = try tree.ratchet(of: leaf, .handshake)
                for generation in generations {
                    let first = try application.take(generation.generation)
                    let second = try handshake.take(generation.generation)
                    let found = [first.key.bytes.revealed, first.nonce, second.key.bytes.revealed, second.nonce]
                    #expect(
                        found.map(hex) == [
                            generation.applicationKey, generation.applicationNonce, generation.handshakeKey,
                            generation.handshakeNonce,
                        ])
                }
            }
            return nil
        }
    }
}
