internal import Locking
package import Wire

/// The public side of a group's tree (sections 4.1, 7): the members at the leaves, and above them nodes whose private
/// keys only the members below have.
///
/// A value: what a Commit would make of it can be tried on a copy. It holds whatever it was given; before a tree of
/// somebody else is used, ``verify(_:)`` must have passed it.
package struct RatchetTree: Sendable {
    /// The most leaves, blank ones included: ten times the largest room measured. It bounds what a small message that
    /// is mostly blank nodes can cost in memory and time.
    package static let maximumLeafCount = 1 << 14

    /// The levels above the leaves of the largest tree.
    private static let maximumLevelCount = 14
    /// A public key and two lengths.
    private static let pathNodeByteCount = 40
    /// An encrypted path secret with its lengths.
    private static let pathSecretByteCount = 82

    /// The suite that hashes the tree, and that all its keys belong to.
    package let suite: CipherSuite
    /// A power of two of them.
    private(set) var leaves: [Leaf?]
    /// Those between the leaves: the node `2i + 1` at `i`.
    private(set) var parents: [ParentNode?]
    /// The keys of all nodes, of which no two may be equal.
    private(set) var encryptionKeys = KeyCounts()
    /// The keys that members sign with.
    private(set) var signatureKeys = KeyCounts()
    /// How many leaf nodes have a credential of each type.
    private(set) var credentialTypes: [CredentialType: Int] = [:]
    /// Leaves that are not blank.
    private(set) var memberCount = 0
    /// The tree hash of each node, as far as it is known and still true.
    var hashes: [TreeHash?]

    /// A leaf node in the tree: one reference, so that a copy of the tree costs little.
    final class Leaf: Sendable {
        let node: LeafNode

        private init(_ node: LeafNode) {
            self.node = node
        }

        /// A host follows its group twice, as a member and as the room: what it has taken into one tree lately is not kept once
        /// more for the other. As many as one Commit can add.
        private static let recent = Locked<[Leaf]>([])
        private static let recentCount = 64

        static func holding(_ node: LeafNode) -> Leaf {
            recent.withLock { recent in
                if let known = recent.first(where: { $0.node.signature == node.signature && $0.node == node }) {
                    return known
                }
                var node = node
                // What a program supports is mostly the same for all.
                if let last = recent.last, last.node.capabilities == node.capabilities {
                    node.capabilities = last.node.capabilities
                }
                let leaf = Leaf(node)
                if recent.count >= recentCount { recent.removeFirst() }
                recent.append(leaf)
                return leaf
            }
        }
    }

    /// The tree of a group's creator alone (section 11).
    package init(creator: LeafNode, suite: CipherSuite) {
        self.suite = suite
        leaves = [Leaf.holding(creator)]
        parents = []
        hashes = [nil]
        count(creator)
    }

    /// Reads the content of the extension `ratchet_tree` (section 12.4.3.3):
    ///
    ///     struct {
    ///         NodeType node_type;
    ///         select (Node.node_type) {
    ///             case leaf:   LeafNode leaf_node;
    ///             case parent: ParentNode parent_node;
    ///         };
    ///     } Node;
    ///
    ///     optional<Node> ratchet_tree<V>;
    ///
    /// Leaves stand at even places and parents at odd ones, the last node is not blank, and what is not merged into a
    /// parent is below it. Whether the tree is an honest one is up to ``verify(_:)``.
    package init(decoding bytes: [UInt8], suite: CipherSuite) throws(WireError) {
        var outer = ByteReader(bytes)
        var content = ByteReader(try outer.readOpaque())
        try outer.finish()
        self.suite = suite
        leaves = []
        parents = []
        var isLastBlank = true
        var place = NodeIndex(rawValue: 0)
        while content.remaining > 0 {
            guard leaves.count < Self.maximumLeafCount || place.level > 0 else {
                throw .tooLong
            }
            let node: Node? = try content.readOptional()
            switch node {
            case nil where place.level == 0: leaves.append(nil)
            case nil: parents.append(nil)
            case .leaf(let leaf) where place.level == 0: leaves.append(Leaf.holding(leaf))
            case .parent(let parent) where place.level > 0 && parent.unmergedLeaves.allSatisfy(place.covers):
                parents.append(parent)
            default: throw .invalidValue
            }
            isLastBlank = node == nil
            place = NodeIndex(rawValue: place.rawValue + 1)
        }
        guard !isLastBlank else { throw .invalidValue }
        let shape = TreeShape(holdingNodes: place.rawValue)
        guard shape.leafCount <= Self.maximumLeafCount else { throw .tooLong }
        leaves += Array(repeating: nil, count: shape.leafCount - leaves.count)
        parents += Array(repeating: nil, count: shape.leafCount - 1 - parents.count)
        hashes = Array(repeating: nil, count: shape.nodeCount)
        for leaf in leaves { count(leaf?.node) }
        for case let parent? in parents { encryptionKeys.add(parent.encryptionKey) }
    }

    private mutating func count(_ leafNode: LeafNode?) {
        guard let leafNode else { return }
        encryptionKeys.add(leafNode.encryptionKey)
        signatureKeys.add(leafNode.signatureKey)
        credentialTypes[leafNode.credential.type, default: 0] += 1
        memberCount += 1
    }

    private mutating func discount(_ leafNode: LeafNode?) {
        guard let leafNode else { return }
        encryptionKeys.remove(leafNode.encryptionKey)
        signatureKeys.remove(leafNode.signatureKey)
        credentialTypes[leafNode.credential.type, default: 1] -= 1
        memberCount -= 1
    }

    /// The content of the extension `ratchet_tree` (section 12.4.3.3).
    package var encoded: [UInt8] {
        var nodes: [Node?] = []
        for (index, leaf) in leaves.enumerated() {
            nodes.append(leaf.map { Node.leaf($0.node) })
            if index < parents.count {
                nodes.append(parents[index].map(Node.parent))
            }
        }
        let count = (nodes.lastIndex { $0 != nil } ?? -1) + 1
        var content = ByteWriter()
        for node in nodes.prefix(count) {
            content.writeOptional(node)
        }
        var writer = ByteWriter(reserving: content.bytes.count + 4)
        writer.writeVector(content.bytes)
        return writer.bytes
    }

    /// How the nodes hang together now.
    package var shape: TreeShape { TreeShape(holding: leaves.count) }

    /// The member at `leaf`; nil when the leaf is blank or not in the tree.
    package subscript(leaf: LeafIndex) -> LeafNode? {
        shape.contains(leaf) ? leaves[Int(leaf.rawValue)]?.node : nil
    }

    /// The parent node there; nil when it is blank, a leaf or not in the tree.
    package subscript(node: NodeIndex) -> ParentNode? {
        shape.contains(node) && node.level > 0 ? parents[node.rawValue / 2] : nil
    }

    /// The members' leaves from the left.
    package var members: [LeafIndex] {
        leaves.indices.lazy.filter { leaves[$0] != nil }.map { LeafIndex(rawValue: UInt32($0)) }
    }

    /// The parent nodes that are not blank, from the left.
    package var occupiedParents: [NodeIndex] {
        parents.indices.lazy.filter { parents[$0] != nil }.map { NodeIndex(rawValue: 2 * $0 + 1) }
    }

    /// The public key of a leaf or parent; nil when it is blank.
    package func encryptionKey(of node: NodeIndex) -> [UInt8]? {
        if let leaf = node.leaf {
            self[leaf]?.encryptionKey
        } else {
            self[node]?.encryptionKey
        }
    }

    /// The nodes that together are all of the members below `node`, in the order of section 4.1.1.
    package func resolution(of node: NodeIndex) -> [NodeIndex] {
        if let parent = self[node] {
            return [node] + parent.unmergedLeaves.map(\.node)
        }
        if let leaf = node.leaf {
            return self[leaf] == nil ? [] : [node]
        }
        guard let children = node.children else { return [] }
        return resolution(of: children.left) + resolution(of: children.right)
    }

    /// Whether every node of the subtree is blank.
    private func isBlank(_ subtree: NodeIndex) -> Bool {
        if let leaf = subtree.leaf {
            return self[leaf] == nil
        }
        guard self[subtree] == nil, let children = subtree.children else { return false }
        return isBlank(children.left) && isBlank(children.right)
    }

    /// The direct path without the nodes whose copath child stands for nobody (section 4.1.2). Members just added
    /// count: only the encryption leaves them out.
    package func filteredDirectPath(of leaf: LeafIndex) -> [PathStep] {
        shape.path(above: leaf).filter { step in !isBlank(step.copathChild) }
    }

    /// Bytes that a path has at most (section 7.6): the leaf node, a key for each level, and a ciphertext for each other leaf.
    func pathByteLimit(leafNode byteCount: Int) -> Int {
        byteCount + Self.maximumLevelCount * Self.pathNodeByteCount + memberCount * Self.pathSecretByteCount
    }

    /// Puts a node at a leaf, or makes it blank.
    mutating func set(_ leaf: LeafIndex, to node: LeafNode?) {
        guard shape.contains(leaf) else { return }
        discount(leaves[Int(leaf.rawValue)]?.node)
        leaves[Int(leaf.rawValue)] = node.map(Leaf.holding)
        count(node)
        forgetHashes(above: leaf)
    }

    /// Changes parent nodes above `leaf`; `change` is called with each node of its direct path, from below.
    mutating func changeParents(above leaf: LeafIndex, _ change: (NodeIndex, inout ParentNode?) -> Void) {
        for step in shape.path(above: leaf) {
            let index = step.node.rawValue / 2
            let before = parents[index]?.encryptionKey
            change(step.node, &parents[index])
            let after = parents[index]?.encryptionKey
            guard before != after else { continue }
            if let before { encryptionKeys.remove(before) }
            if let after { encryptionKeys.add(after) }
        }
        forgetHashes(above: leaf)
    }

    private mutating func forgetHashes(above leaf: LeafIndex) {
        hashes[leaf.node.rawValue] = nil
        for step in shape.path(above: leaf) {
            hashes[step.node.rawValue] = nil
        }
    }

    /// Makes the tree larger, with blank nodes, or smaller (section 7.7).
    mutating func resize(to newShape: TreeShape) {
        let growth = newShape.leafCount - leaves.count
        guard growth >= 0 else {
            for leaf in leaves.suffix(-growth) { discount(leaf?.node) }
            for case let parent? in parents.suffix(-growth) { encryptionKeys.remove(parent.encryptionKey) }
            leaves.removeLast(-growth)
            parents.removeLast(-growth)
            hashes.removeLast(-2 * growth)
            return
        }
        leaves += Array(repeating: nil, count: growth)
        parents += Array(repeating: nil, count: growth)
        hashes += Array(repeating: nil, count: 2 * growth)
    }
}

extension RatchetTree: Equatable {
    package static func == (left: RatchetTree, right: RatchetTree) -> Bool {
        left.leaves.map(\.?.node) == right.leaves.map(\.?.node) && left.parents == right.parents
    }
}

/// An entry of the extension `ratchet_tree`.
private enum Node: WireValue {
    case leaf(LeafNode)
    case parent(ParentNode)

    init(from reader: inout ByteReader) throws(WireError) {
        switch try reader.readUInt8() {
        case NodeType.leaf: self = .leaf(try LeafNode(from: &reader))
        case NodeType.parent: self = .parent(try ParentNode(from: &reader))
        default: throw .invalidValue
        }
    }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .leaf(let leaf):
            writer.write(NodeType.leaf)
            leaf.write(to: &writer)
        case .parent(let parent):
            writer.write(NodeType.parent)
            parent.write(to: &writer)
        }
    }
}

/// The numbers of section 7.8's `NodeType`.
enum NodeType {
    static let leaf: UInt8 = 1
    static let parent: UInt8 = 2
}
