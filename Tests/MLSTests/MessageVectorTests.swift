import Foundation
import Sodium
import TestSupport
import Testing
import Wire

@testable import MLS

@Suite struct DeserializationVectorTests {
    private static let names = MLSVectorFiles.names("deserialization")

    private struct Vector: Decodable {
        let vlbytesHeader: String
        let length: UInt32
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            var reader = ByteReader(try bytes(hex: vector.vlbytesHeader))
            #expect(try reader.readVarint() == vector.length)
            try reader.finish()
            var writer = ByteWriter()
            writer.writeVarint(vector.length)
            #expect(hex(writer.bytes) == vector.vlbytesHeader)
            return nil
        }
    }
}

@Suite struct MessagesVectorTests {
    private static let names = MLSVectorFiles.names("messages")

    private struct Vector: Decodable {
        let mlsWelcome, mlsGroupInfo, mlsKeyPackage, ratchetTree, groupSecrets: String
        let addProposal, updateProposal, removeProposal, preSharedKeyProposal, reInitProposal: String
        let externalInitProposal, groupContextExtensionsProposal, commit: String
        let publicMessageApplication, publicMessageProposal, publicMessageCommit, privateMessage: String
    }

    /// Everything decodes, and encodes to the same bytes.
    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            let messages: [(String, WireFormat)] = [
                (vector.mlsWelcome, .welcome), (vector.mlsGroupInfo, .groupInfo),
                (vector.mlsKeyPackage, .keyPackage), (vector.publicMessageApplication, .publicMessage),
                (vector.publicMessageProposal, .publicMessage), (vector.publicMessageCommit, .publicMessage),
                (vector.privateMessage, .privateMessage),
            ]
            for (text, format) in messages {
                let message = try MLSMessage(checkingLengthOf: bytes(hex: text))
                #expect(message.wireFormat == format)
                #expect(hex(message.encoded) == text)
            }
            let proposals: [(String, ProposalType)] = [
                (vector.addProposal, .add), (vector.updateProposal, .update), (vector.removeProposal, .remove),
                (vector.preSharedKeyProposal, .preSharedKey), (vector.reInitProposal, .reInit),
                (vector.externalInitProposal, .externalInit),
                (vector.groupContextExtensionsProposal, .groupContextExtensions),
            ]
            for (text, type) in proposals {
                var reader = ByteReader(try bytes(hex: text))
                let proposal = try Proposal(type, from: &reader)
                try reader.finish()
                var writer = ByteWriter()
                proposal.writeContent(to: &writer)
                #expect(hex(writer.bytes) == text)
            }
            #expect(hex(try Commit(decoding: bytes(hex: vector.commit)).encoded) == vector.commit)
            let tree = try RatchetTree(decoding: bytes(hex: vector.ratchetTree), suite: .x25519ChaChaPoly)
            #expect(hex(tree.encoded) == vector.ratchetTree)
            let secrets = try GroupSecrets(decoding: SecretBytes(hex: vector.groupSecrets)).encoded().revealed
            #expect(hex(secrets) == vector.groupSecrets)
            return nil
        }
    }
}

@Suite struct MessageProtectionVectorTests {
    private static let names = MLSVectorFiles.names("message-protection")

    private struct Vector: Decodable {
        let cipherSuite: UInt16
        let groupId: String
        let epoch: UInt64
        let treeHash, confirmedTranscriptHash, signaturePriv, signaturePub: String
        let encryptionSecret, senderDataSecret, membershipKey: String
        let proposal, proposalPub, proposalPriv, commit, commitPub, commitPriv, application, applicationPriv: String

        /// Two leaves, of which the second says everything.
        static let sender = LeafIndex(rawValue: 1)

        func context(_ suite: CipherSuite) throws -> GroupContext {
            GroupContext(
                cipherSuite: suite.identifier, groupID: try bytes(hex: groupId), epoch: epoch,
                treeHash: try bytes(hex: treeHash), confirmedTranscriptHash: try bytes(hex: confirmedTranscriptHash),
                extensions: [])
        }

        func secretTree(_ suite: CipherSuite) throws -> SecretTree {
            SecretTree(
                suite: suite, shape: TreeShape(holding: 2), encryptionSecret: try SecretBytes(hex: encryptionSecret))
        }
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            let proposal = FramedContent.Body.proposal(try Proposal(decoding: bytes(hex: vector.proposal)))
            let commit = FramedContent.Body.commit(try Commit(decoding: bytes(hex: vector.commit)))
            let application = FramedContent.Body.application(try bytes(hex: vector.application))
            try Self.checkPublic(vector.proposalPub, proposal, vector, suite)
            try Self.checkPublic(vector.commitPub, commit, vector, suite)
            try Self.checkPrivate(vector.proposalPriv, proposal, vector, suite)
            try Self.checkPrivate(vector.commitPriv, commit, vector, suite)
            try Self.checkPrivate(vector.applicationPriv, application, vector, suite)
            return nil
        }
    }

    private static func checkPublic(
        _ text: String, _ body: FramedContent.Body, _ vector: Vector, _ suite: CipherSuite
    ) throws {
        let context = try vector.context(suite)
        let key = try SecretBytes(hex: vector.membershipKey)
        let own = PublicMessage(
            try signed(body, .publicMessage, vector, suite), context: context, suite: suite, membershipKey: key)
        for bytes in [MLSMessage.publicMessage(own).encoded, try bytes(hex: text)] {
            guard case .publicMessage(let message) = try MLSMessage(checkingLengthOf: bytes) else {
                Issue.record("no PublicMessage")
                return
            }
            let authenticated = try message.unprotected(context: context, suite: suite, membershipKey: key)
            try checkContent(authenticated, body, vector, suite)
            let other = try SecretBytes(hex: vector.senderDataSecret)
            #expect(throws: MLSError.invalidMembershipTag) {
                _ = try message.unprotected(context: context, suite: suite, membershipKey: other)
            }
        }
    }

    private static func checkPrivate(
        _ text: String, _ body: FramedContent.Body, _ vector: Vector, _ suite: CipherSuite
    ) throws {
        let secret = try SecretBytes(hex: vector.senderDataSecret)
        let kind = SecretTree.Kind(body.type)
        var sending = try vector.secretTree(suite)
        var ratchet = try sending.ratchet(of: Vector.sender, kind)
        let (generation, key) = try ratchet.next()
        let own = try PrivateMessage.sealed(
            signed(body, .privateMessage, vector, suite), from: Vector.sender, generation: generation, key: key,
            senderDataSecret: secret, suite: suite, padding: .multiple(of: 64))
        for bytes in [MLSMessage.privateMessage(own).encoded, try bytes(hex: text)] {
            guard case .privateMessage(let message) = try MLSMessage(checkingLengthOf: bytes) else {
                Issue.record("no PrivateMessage")
                return
            }
            let senderData = try message.senderData(secret: secret, suite: suite)
            #expect(senderData.leaf == Vector.sender)
            var receiving = try vector.secretTree(suite)
            var ratchet = try receiving.ratchet(of: senderData.leaf, kind)
            let authenticated = try message.opened(
                senderData, key: ratchet.take(senderData.generation), suite: suite)
            try checkContent(authenticated, body, vector, suite)
        }
    }

    private static func signed(
        _ body: FramedContent.Body, _ format: WireFormat, _ vector: Vector, _ suite: CipherSuite
    ) throws -> AuthenticatedContent {
        let content = FramedContent(
            groupID: try bytes(hex: vector.groupId), epoch: vector.epoch, sender: .member(Vector.sender),
            authenticatedData: [7], body: body)
        var authenticated = AuthenticatedContent.signed(
            content, wireFormat: format, context: try vector.context(suite), suite: suite,
            key: try Ed25519.KeyPair(seed: SecretBytes(hex: vector.signaturePriv)))
        if body.type == .commit {
            authenticated.authentication.confirmationTag = [UInt8](repeating: 3, count: 32)
        }
        return authenticated
    }

    private static func checkContent(
        _ authenticated: AuthenticatedContent, _ body: FramedContent.Body, _ vector: Vector, _ suite: CipherSuite
    ) throws {
        let context = try vector.context(suite)
        let verified = try authenticated.verified(by: bytes(hex: vector.signaturePub), context: context, suite: suite)
        #expect(verified.content.body == body)
        #expect(verified.content.sender == .member(Vector.sender))
    }
}

@Suite struct WelcomeVectorTests {
    private static let names = MLSVectorFiles.names("welcome")

    private struct Vector: Decodable {
        let cipherSuite: UInt16
        let initPriv, signerPub, keyPackage, welcome: String
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            guard case .keyPackage(let keyPackage) = try MLSMessage(checkingLengthOf: bytes(hex: vector.keyPackage)),
                case .welcome(let welcome) = try MLSMessage(checkingLengthOf: bytes(hex: vector.welcome))
            else {
                Issue.record("other messages than expected")
                return nil
            }
            let initKey = try X25519.PrivateKey(copying: SecretBytes(hex: vector.initPriv))
            let opening = try WelcomeOpening(
                welcome, for: keyPackage, initKey: initKey, suite: suite, preSharedKeys: PreSharedKeys())
            let info = opening.groupInfo
            try info.verifySignature(by: bytes(hex: vector.signerPub), suite: suite)
            let secrets = try opening.schedule.epochSecrets(context: info.context)
            let tag = suite.mac(info.context.confirmedTranscriptHash, key: secrets.confirmationKey)
            #expect(tag == info.confirmationTag)
            return nil
        }
    }
}
