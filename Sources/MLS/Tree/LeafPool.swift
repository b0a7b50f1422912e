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

    private let recent = Locked<[RatchetTree.Leaf]>([])

    /// That of all trees that there are in this process.
    static func shared() -> LeafPool {
        current.withLock { current in
            if let pool = current.pool { return pool }
            let pool = LeafPool()
            current.pool = pool
            return pool
        }
    }

    /// A leaf with that node, which another tree may have.
    func leaf(_ node: LeafNode) -> RatchetTree.Leaf {
        recent.withLock { recent in
            if let known = recent.first(where: { $0.node.signature == node.signature && $0.node == node }) {
                return known
            }
            var node = node
            // What a program supports is mostly the same for all.
            if let last = recent.last, last.node.capabilities == node.capabilities {
                node.capabilities = last.node.capabilities
            }
            let leaf = RatchetTree.Leaf(node)
            if recent.count >= Self.limit { recent.removeFirst() }
            recent.append(leaf)
            return leaf
        }
    }
}
