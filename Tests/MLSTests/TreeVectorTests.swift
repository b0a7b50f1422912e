import Foundation
import MLS
import Sodium
import TestSupport
import Testing
import Wire

@Suite struct TreeMathVectorTests {
    private static let names = MLSVectorFiles.names("tree-math")

    private struct Vector: Decodable {
        let nLeaves: Int
        let nNodes: Int
        let root: Int
        let left: [Int?]
        let right: [Int?]
        let parent: [Int?]
        let sibling: [Int?]
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            let shape = TreeShape(holding: vector.nLeaves)
            #expect(shape.leafCount == vector.nLeaves)
            #expect(shape.nodeCount == vector.nNodes)
            #expect(shape.root.rawValue == vector.root)
            let nodes = (0..<vector.nNodes).map(NodeIndex.init(rawValue:))
            #expect(nodes.map { $0.children?.left.rawValue } == vector.left)
            #expect(nodes.map { $0.children?.right.rawValue } == vector.right)
            #expect(nodes.map { shape.parent(of: $0)?.rawValue } == vector.parent)
            #expect(nodes.map { shape.sibling(of: $0)?.rawValue } == vector.sibling)
            return nil
        }
    }
}

@Suite struct TreeOperationsVectorTests {
    private static let names = MLSVectorFiles.names("tree-operations")

    private struct Vector: Decodable {
        let cipherSuite: UInt16
        let proposal: String
        let proposalSender: UInt32
        let treeBefore: String
        let treeAfter: String
        let treeHashBefore: String
        let treeHashAfter: String
    }

    /// Nothing but the hash of the suite is used: suites 1 and 3 have the same.
    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            var tree = try RatchetTree(decoding: bytes(hex: vector.treeBefore), suite: suite)
            #expect(hex(tree.encoded) == vector.treeBefore)
            #expect(hex(tree.treeHash()) == vector.treeHashBefore)
            var proposal = ByteReader(try bytes(hex: vector.proposal))
            switch try ProposalType(from: &proposal) {
            case .add: _ = try tree.add(KeyPackage(from: &proposal).leafNode)
            case .update:
                try tree.update(LeafIndex(rawValue: vector.proposalSender), to: LeafNode(from: &proposal))
            case .remove: try tree.remove(LeafIndex(from: &proposal))
            default: return "no change of the tree"
            }
            try proposal.finish()
            #expect(hex(tree.encoded) == vector.treeAfter)
            #expect(hex(tree.treeHash()) == vector.treeHashAfter)
            return nil
        }
    }
}

@Suite struct TreeValidationVectorTests {
    private static let names = MLSVectorFiles.names("tree-validation")

    private struct Vector: Decodable {
        let cipherSuite: UInt16
        let tree: String
        let groupId: String
        let resolutions: [[Int]]
        let treeHashes: [String]
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            var tree = try RatchetTree(decoding: bytes(hex: vector.tree), suite: suite)
            #expect(hex(tree.encoded) == vector.tree)
            for index in 0..<tree.shape.nodeCount {
                let node = NodeIndex(rawValue: index)
                #expect(tree.resolution(of: node).map(\.rawValue) == vector.resolutions[index])
                #expect(hex(tree.treeHash(of: node)) == vector.treeHashes[index])
            }
            let rules = try LeafNodeValidation(
                suite: suite, groupID: bytes(hex: vector.groupId), groupExtensions: [],
                policy: LeafNodePolicy(time: nil, maximumLifetime: .max))
            try rules.check(&tree)
            return nil
        }
    }

    /// Each single change of a signed or chained field is found.
    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func damagedVectors(of name: String) throws {
        var random = SeededRandom(seed: 9420)
        try MLSVectorFiles.run(Vector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            let rules = try LeafNodeValidation(
                suite: suite, groupID: bytes(hex: vector.groupId), groupExtensions: [],
                policy: LeafNodePolicy(time: nil, maximumLifetime: .max))
            let encoded = try bytes(hex: vector.tree)
            for _ in 0..<8 {
                let damaged = encoded.flippingBit(random.below(8 * encoded.count))
                #expect(throws: (any Error).self) {
                    var tree = try RatchetTree(decoding: damaged, suite: suite)
                    try rules.check(&tree)
                }
            }
            return nil
        }
    }
}
