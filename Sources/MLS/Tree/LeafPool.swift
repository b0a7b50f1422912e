internal import Locking

/// Leaf nodes that were put into trees lately. A host follows its group twice, as a member and as the room: what it has taken
/// into one tree is not kept once more for the other.
///
/// Trees own it: with the last of them it is gone, and what it holds.
final class LeafPool: Sendable {
    /// As many as one Commit can add.
    private static let limit = 64

    private struct Current {
        weak var pool: LeafPool?
    }

    private static let current = Locked(Current())

    private let recent = Locked<[EncodedNode<LeafNode>]>([])

    /// That of all trees that there are in this process.
    static func shared() -> LeafPool {
        current.withLock { current in
            if let pool = current.pool { return pool }
            let pool = LeafPool()
            current.pool = pool
            return pool
        }
    }

    /// A leaf with that node, whose memory is another tree's if it has it.
    func leaf(_ node: LeafNode) -> EncodedNode<LeafNode> {
        let leaf = EncodedNode(node)
        return recent.withLock { recent in
            if let known = recent.first(where: { $0 == leaf }) { return known }
            if recent.count >= Self.limit { recent.removeFirst() }
            recent.append(leaf)
            return leaf
        }
    }
}
