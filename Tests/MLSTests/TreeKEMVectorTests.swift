import Foundation
import Sodium
import TestSupport
import Testing
import Wire

@testable import MLS

@Suite struct TreeKEMVectorTests {
    private static let names = MLSVectorFiles.names("treekem")

    private struct Vector: Decodable {
        let cipherSuite: UInt16
        let groupId: String
        let epoch: UInt64
        let confirmedTranscriptHash: String
        let ratchetTree: String
        let leavesPrivate: [PrivateLeaf]
        let updatePaths: [Path]

        /// The encoded group context of the next epoch, with this tree hash.
        func context(treeHash: [UInt8]) throws -> [UInt8] {
            var writer = ByteWriter()
            ProtocolVersion.mls10.write(to: &writer)
            writer.write(cipherSuite)
            writer.writeVector(try bytes(hex: groupId))
            writer.write(epoch)
            writer.writeVector(treeHash)
            writer.writeVector(try bytes(hex: confirmedTranscriptHash))
            writer.writeList([] as [Extension])
            return writer.bytes
        }
    }

    private struct PrivateLeaf: Decodable {
        let index: UInt32
        let encryptionPriv: String
        let signaturePriv: String
        let pathSecrets: [PathSecretOfNode]

        var leaf: LeafIndex { LeafIndex(rawValue: index) }

        func keys(in tree: RatchetTree) throws -> TreeKeys {
            var keys = [leaf.node: NodeKey(try X25519.PrivateKey(copying: SecretBytes(hex: encryptionPriv)))]
            for secret in pathSecrets {
                keys[NodeIndex(rawValue: secret.node)] = try PathSecret(SecretBytes(hex: secret.pathSecret))
                    .nodeKey(tree.suite)
            }
            let all = TreeKeys(leaf: leaf, keys: keys)
            try all.check(against: tree)
            return all
        }
    }

    private struct PathSecretOfNode: Decodable {
        let node: Int
        let pathSecret: String
    }

    private struct Path: Decodable {
        let sender: UInt32
        let updatePath: String
        let pathSecrets: [String?]
        let commitSecret: String
        let treeHashAfter: String
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            var tree = try RatchetTree(decoding: bytes(hex: vector.ratchetTree), suite: suite)
            try tree.verifyStructure()
            for path in vector.updatePaths {
                try Self.receive(path, of: vector, in: tree)
            }
            for member in vector.leavesPrivate {
                try Self.commit(from: member, of: vector, in: tree)
            }
            return nil
        }
    }

    /// Every member gets the commit secret and keys of a published path.
    private static func receive(_ path: Path, of vector: Vector, in before: RatchetTree) throws {
        let update = try UpdatePath(decoding: bytes(hex: path.updatePath))
        #expect(hex(update.encoded) == path.updatePath)
        let sender = LeafIndex(rawValue: path.sender)
        var tree = before
        let rules = try LeafNodeValidation(
            suite: tree.suite, groupID: bytes(hex: vector.groupId), groupExtensions: [],
            policy: LeafNodePolicy(time: nil, maximumLifetime: .max))
        try rules.check(update.leafNode, for: .commit(sender), in: tree)
        try tree.merge(update, from: sender)
        #expect(hex(tree.treeHash()) == path.treeHashAfter)
        try rules.check(&tree)
        let context = try vector.context(treeHash: tree.treeHash())
        for member in vector.leavesPrivate where member.leaf != sender {
            var keys = try member.keys(in: before)
            let commitSecret = try keys.receive(
                update, from: sender, in: tree, newLeaves: [], context: context)
            #expect(hex(commitSecret.revealed) == path.commitSecret)
            try keys.check(against: tree)
            let expected = try #require(path.pathSecrets[Int(member.index)])
            var newcomer = TreeKeys(
                leaf: member.leaf, leafKey: try X25519.PrivateKey(copying: SecretBytes(hex: member.encryptionPriv)))
            try newcomer.install(welcomeSecret: SecretBytes(hex: expected), from: sender, in: tree)
            try newcomer.check(against: tree)
        }
    }

    /// Every other member understands a path that we make.
    private static func commit(from member: PrivateLeaf, of vector: Vector, in before: RatchetTree) throws {
        var tree = before
        let template = try #require(tree[member.leaf])
        let path = try FreshPath(
            updating: member.leaf, in: &tree, template: template, groupID: bytes(hex: vector.groupId),
            signingKey: Ed25519.KeyPair(seed: SecretBytes(hex: member.signaturePriv)))
        let context = try vector.context(treeHash: tree.treeHash())
        let update = try UpdatePath(decoding: path.encrypted(in: tree, newLeaves: [], context: context).encoded)
        try path.keys(replacing: member.keys(in: before), in: tree).check(against: tree)
        var received = before
        try received.merge(update, from: member.leaf)
        #expect(received == tree)
        for other in vector.leavesPrivate where other.leaf != member.leaf {
            var keys = try other.keys(in: before)
            let commitSecret = try keys.receive(
                update, from: member.leaf, in: received, newLeaves: [], context: context)
            #expect(commitSecret.revealed == path.commitSecret.revealed)
            let pathSecret = try path.pathSecret(for: other.leaf)
            try keys.install(welcomeSecret: pathSecret, from: member.leaf, in: tree)
            try keys.check(against: tree)
        }
    }
}
