import Foundation
import Sodium
import TestSupport
import Testing

@testable import MLS

/// A client that joins by a Welcome and follows what the others do: the official format, and what the generated files
/// add to it.
struct PassiveClientVector: Decodable {
    struct PreSharedKey: Decodable { let pskId, psk: String }

    struct Application: Decodable {
        let message, plaintext, aad: String
        let senderLeaf: UInt32
    }

    struct Exporter: Decodable {
        let label, context: String
        let length: Int
        let secret: String
    }

    struct Epoch: Decodable {
        let proposals: [String]
        let commit: String
        let epochAuthenticator: String
        var xApplication: [Application]?
        var xExporter: Exporter?
        var xMemberCount: Int?
        var xEpoch: UInt64?
        var xTreeHash: String?
    }

    struct Attack: Decodable {
        let proposals: [String]
        let commit: String?
        let message: String?
    }

    let cipherSuite: UInt16
    let externalPsks: [PreSharedKey]
    let keyPackage, signaturePriv, encryptionPriv, initPriv, welcome: String
    let ratchetTree: String?
    let initialEpochAuthenticator: String
    let epochs: [Epoch]
    // Of negative vectors.
    var name: String?
    var expect: String?
    var level: String?
    var attack: Attack?

    /// KeyPackages of vectors live as long as they like.
    private static let configuration = GroupConfiguration(
        acceptsNewMemberProposals: true,
        leafNodePolicy: LeafNodePolicy(time: nil, maximumLifetime: .max))

    /// The group after the Welcome.
    func join(_ suite: CipherSuite) throws -> Group {
        guard case .keyPackage(let keyPackage) = try MLSMessage(checkingLengthOf: bytes(hex: keyPackage)) else {
            throw MLSError.misuse
        }
        let own = try OwnKeyPackage(
            keyPackage, initKey: X25519.PrivateKey(copying: SecretBytes(hex: initPriv)),
            leafKey: X25519.PrivateKey(copying: SecretBytes(hex: encryptionPriv)),
            signingKey: Ed25519.KeyPair(seed: SecretBytes(hex: signaturePriv)))
        var keys = PreSharedKeys()
        for key in externalPsks {
            keys.addExternal(try SecretBytes(hex: key.psk), identifier: try bytes(hex: key.pskId))
        }
        let group = try Group(
            joining: bytes(hex: welcome), with: own, suite: suite, tree: ratchetTree.map { try bytes(hex: $0) },
            configuration: Self.configuration, preSharedKeys: keys)
        #expect(group.authenticatorText == initialEpochAuthenticator)
        return group
    }

    /// Follows all epochs.
    func follow(_ group: inout Group) throws {
        for epoch in epochs {
            for application in epoch.xApplication ?? [] {
                try application.check(&group)
            }
            if let exporter = epoch.xExporter {
                let secret = try group.export(
                    label: exporter.label, context: bytes(hex: exporter.context), count: exporter.length
                ).revealed
                #expect(hex(secret) == exporter.secret)
            }
            for proposal in epoch.proposals {
                try group.takeProposal(bytes(hex: proposal))
            }
            try group.takeCommit(bytes(hex: epoch.commit))
            #expect(group.authenticatorText == epoch.epochAuthenticator)
            if let count = epoch.xMemberCount { #expect(group.memberCount == count) }
            if let number = epoch.xEpoch { #expect(group.number == number) }
            if let treeHash = epoch.xTreeHash { #expect(group.treeHashText == treeHash) }
        }
    }
}

extension PassiveClientVector.Application {
    func check(_ group: inout Group) throws {
        let message = try bytes(hex: message)
        let received = try group.takeApplication(message)
        #expect(hex(received.data) == plaintext)
        #expect(hex(received.authenticatedData) == aad)
        #expect(received.sender == LeafIndex(rawValue: senderLeaf))
        #expect(throws: MLSError.generationGone) { try group.takeApplication(message) }
    }
}

/// Another kind of message than a test expects.
struct UnexpectedMessage: Error {}

extension Group {
    /// Receives application data.
    @discardableResult
    mutating func takeApplication(_ bytes: [UInt8]) throws -> ApplicationMessage {
        switch try receive(bytes) {
        case .application(let message): return message
        default: throw UnexpectedMessage()
        }
    }

    /// Receives a proposal.
    @discardableResult
    mutating func takeProposal(_ bytes: [UInt8], at time: UInt64? = nil) throws -> ReceivedProposal {
        switch try receive(bytes, at: time) {
        case .proposal(let proposal): return proposal
        default: throw UnexpectedMessage()
        }
    }

    /// Receives a Commit and applies it.
    @discardableResult
    mutating func takeCommit(_ bytes: [UInt8], at time: UInt64? = nil) throws -> CommitEffects {
        switch try receive(bytes, at: time) {
        case .commit(let staged):
            let effects = staged.effects
            try apply(staged)
            return effects
        default: throw UnexpectedMessage()
        }
    }

    /// Receives whatever it is; a Commit is applied.
    mutating func takeAnything(_ bytes: [UInt8], at time: UInt64?) throws {
        switch try receive(bytes, at: time) {
        case .commit(let staged): try apply(staged)
        default: break
        }
    }

    // What `#expect` cannot look up in a value that cannot be copied.
    var authenticatorText: String {
        do {
            return hex(try epochAuthenticator().revealed)
        } catch {
            return "\(error)"
        }
    }
    var treeHashText: String { hex(context.treeHash) }
    var memberCount: Int { members.count }
    var number: UInt64 { epochNumber }
}
