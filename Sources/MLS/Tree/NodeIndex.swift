/// The place of a node in the array that holds a whole tree (appendix C): leaves have the even numbers, and a parent
/// stands between its left and its right subtree.
package struct NodeIndex: RawRepresentable, Hashable, Comparable, Sendable {
    /// At least 0.
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static func < (left: NodeIndex, right: NodeIndex) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The height above the leaves, whose level is 0.
    var level: Int { (~rawValue).trailingZeroBitCount }

    /// The leaf at this place; nil for a parent.
    var leaf: LeafIndex? {
        rawValue.isMultiple(of: 2) ? UInt32(exactly: rawValue / 2).map(LeafIndex.init(rawValue:)) : nil
    }

    /// The children; nil for a leaf.
    package var children: (left: NodeIndex, right: NodeIndex)? {
        guard level > 0 else { return nil }
        let half = 1 << (level - 1)
        return (NodeIndex(rawValue: rawValue - half), NodeIndex(rawValue: rawValue + half))
    }

    /// The parent in a tree that has one.
    var parentInTallerTree: NodeIndex {
        let step = 1 << level
        let isRightChild = rawValue & (2 * step) != 0
        return NodeIndex(rawValue: isRightChild ? rawValue - step : rawValue + step)
    }

    /// The leaves below, as numbers; a leaf is below itself.
    var leafRange: Range<Int> {
        let count = 1 << level
        let first = (rawValue - (count - 1)) / 2
        return first..<first + count
    }

    /// Whether `leaf` is this node or below it.
    func covers(_ leaf: LeafIndex) -> Bool {
        leafRange.contains(Int(leaf.rawValue))
    }
}
