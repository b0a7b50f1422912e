import Sodium
import TestSupport
import Testing
import Wire

@testable import MLS

@Suite struct RatchetTreeCodecTests {
    private static let leafNode = TreeMember().leafNode()
    private static let parent = ParentNode(encryptionKey: [1, 2], parentHash: [3])

    private static func decode(_ content: [UInt8]) throws -> RatchetTree {
        var writer = ByteWriter()
        writer.writeVector(content)
        return try RatchetTree(decoding: writer.bytes, suite: TreeMember.suite)
    }

    private static let blank: [UInt8] = [0]
    private static let leaf: [UInt8] = [1, 1] + leafNode.encoded
    private static func parent(_ node: ParentNode = parent) -> [UInt8] { [1, 2] + node.encoded }

    @Test func blanksAreAddedOnTheRight() throws {
        let tree = try Self.decode(Self.leaf + Self.blank + Self.leaf + Self.parent() + Self.leaf)
        #expect(tree.shape.leafCount == 4)
        #expect(tree.members.map(\.rawValue) == [0, 1, 2])
        #expect(tree.occupiedParents.map(\.rawValue) == [3])
        #expect(try RatchetTree(decoding: tree.encoded, suite: TreeMember.suite) == tree)
    }

    @Test func malformedTreesAreRefused() {
        let unmerged = { (leaves: [UInt32]) in
            Self.parent(ParentNode(encryptionKey: [1], unmergedLeaves: leaves.map(LeafIndex.init(rawValue:))))
        }
        let malformed: [(String, [UInt8], WireError)] = [
            ("nothing", [], .invalidValue),
            ("a blank one at the end", Self.leaf + Self.blank, .invalidValue),
            ("blank ones only", Self.blank + Self.blank + Self.blank, .invalidValue),
            ("a leaf between leaves", Self.leaf + Self.leaf, .invalidValue),
            ("a parent at a leaf", Self.parent(), .invalidValue),
            ("no node type", [1, 0] + Self.leafNode.encoded, .invalidValue),
            ("a third node type", [1, 3] + Self.leafNode.encoded, .invalidValue),
            ("a third kind of optional", [2, 1] + Self.leafNode.encoded, .invalidValue),
            ("half a leaf", Self.leaf.dropLast(), .truncated),
            ("unmerged not below", Self.leaf + unmerged([2]) + Self.leaf, .invalidValue),
            ("unmerged far away", Self.leaf + unmerged([.max]) + Self.leaf, .invalidValue),
            ("unmerged not in order", Self.leaf + unmerged([1, 0]) + Self.leaf, .invalidValue),
            ("unmerged twice", Self.leaf + unmerged([1, 1]) + Self.leaf, .invalidValue),
        ]
        for (what, content, error) in malformed {
            #expect(throws: error, "\(what)") { try Self.decode(content) }
        }
        #expect(throws: WireError.trailingBytes) {
            var writer = ByteWriter()
            writer.writeVector(Self.leaf)
            _ = try RatchetTree(decoding: writer.bytes + [0], suite: TreeMember.suite)
        }
        #expect(throws: WireError.nonMinimalVarint) {
            let length = UInt32(Self.leaf.count)
            _ = try RatchetTree(
                decoding: [0x80, 0, UInt8(length >> 8), UInt8(length & 255)] + Self.leaf, suite: TreeMember.suite)
        }
    }

    /// One non-blank leaf far on the right makes all the others.
    @Test func theLargestTree() throws {
        let blanks = { (leafCount: Int) in [UInt8](repeating: 0, count: 2 * (leafCount - 1)) }
        let limit = RatchetTree.maximumLeafCount
        #expect(try Self.decode(blanks(limit) + Self.leaf).shape.leafCount == limit)
        #expect(throws: WireError.tooLong) { try Self.decode(blanks(limit + 1) + Self.leaf) }
        #expect(throws: WireError.tooLong) { try Self.decode(blanks(limit) + Self.leaf + Self.parent()) }
    }
}
