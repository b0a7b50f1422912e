package import Wire

/// The public side of a group's tree (sections 4.1, 7): the members at the leaves, and above them nodes whose private
/// keys only the members below have.
///
/// A value: what a Commit would make of it can be tried on a copy. It holds whatever it was given; before a tree of
/// somebody else is used, ``verify(_:)`` must have passed it.
package struct RatchetTree: Sendable {
    /// The most leaves, blank ones included: ten times the largest room measured. It bounds what a small message that
    /// is mostly blank nodes can cost in memory and time.
    static let maximumLeafCount = 1 << 14

    /// The levels above the leaves of the largest tree.
    private static let maximumLevelCount = 14
    /// A public key and two lengths.
    private static let pathNodeByteCount = 40
    /// An encrypted path secret with its lengths.
    private static let pathSecretByteCount = 82

    /// The suite that hashes the tree, and that all its keys belong to.
    let suite: CipherSuite
    /// A power of two of them.
    private(set) var leaves: [EncodedNode<LeafNode>?]
    /// Those between the leaves: the node `2i + 1` at `i`.
    private(set) var parents: [EncodedNode<ParentNode>?]
    /// The keys of all nodes, of which no two may be equal.
    private(set) var encryptionKeys = KeyCounts()
    /// The keys that members sign with.
    private(set) var signatureKeys = KeyCounts()
    /// How many leaf nodes have a credential of each type.
    private(set) var credentialTypes: [CredentialType: Int] = [:]
    /// Leaves that are not blank.
    private(set) var memberCount = 0
    /// The tree hash of each of ``parents``, as far as it is known and still true. That of a leaf is as soon made.
    var hashes: [TreeHash?]
    private let pool: LeafPool

    /// The tree of a group's creator alone (section 11).
    init(creator: LeafNode, suite: CipherSuite) {
        self.init(creator: creator, suite: suite, pool: .shared())
    }

    init(creator: LeafNode, suite: CipherSuite, pool: LeafPool) {
        self.suite = suite
        self.pool = pool
        leaves = [pool.leaf(creator)]
        parents = []
        hashes = []
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
        pool = .shared()
        leaves = []
        parents = []
        var members: [LeafNode] = []
        var keys: [[UInt8]] = []
        var isLastBlank = true
        var place = NodeIndex(rawValue: 0)
        while content.remaining > 0 {
            guard leaves.count < Self.maximumLeafCount || place.level > 0 else {
                throw .tooLong
            }
            let node = try content.readNode()
            switch node {
            case nil where place.level == 0: leaves.append(nil)
            case nil: parents.append(nil)
            case .leaf(let leaf) where place.level == 0:
                leaves.append(pool.leaf(leaf))
                members.append(leaf)
            case .parent(let parent) where place.level > 0 && parent.unmergedLeaves.allSatisfy(place.covers):
                parents.append(EncodedNode(parent))
                keys.append(parent.encryptionKey)
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
        hashes = Array(repeating: nil, count: parents.count)
        encryptionKeys = KeyCounts(members.map(\.encryptionKey) + keys)
        signatureKeys = KeyCounts(members.map(\.signatureKey))
        for member in members { credentialTypes[member.credential.type, default: 0] += 1 }
        memberCount = members.count
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
        // What stands before each is its type.
        var nodes: [(type: UInt8, bytes: [UInt8])?] = []
        for (index, leaf) in leaves.enumerated() {
            nodes.append(leaf.map { (NodeType.leaf, $0.bytes) })
            if index < parents.count {
                nodes.append(parents[index].map { (NodeType.parent, $0.bytes) })
            }
        }
        let count = (nodes.lastIndex { $0 != nil } ?? -1) + 1
        var content = ByteWriter()
        for node in nodes.prefix(count) {
            content.write(node == nil ? 0 : 1 as UInt8)
            guard let node else { continue }
            content.write(node.type)
            content.writeBytes(node.bytes)
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

    /// The key that the member at `leaf` signs with; nil when the leaf is blank or not in the tree.
    package func signatureKey(of leaf: LeafIndex) -> [UInt8]? {
        shape.contains(leaf) ? leaves[Int(leaf.rawValue)]?.signatureKey : nil
    }

    /// The parent node there; nil when it is blank, a leaf or not in the tree.
    subscript(node: NodeIndex) -> ParentNode? {
        shape.contains(node) && node.level > 0 ? parents[node.rawValue / 2]?.node : nil
    }

    /// Whether nobody is at `leaf`, or it is not in the tree.
    func isBlank(_ leaf: LeafIndex) -> Bool {
        !shape.contains(leaf) || leaves[Int(leaf.rawValue)] == nil
    }

    /// Whether nothing is known of `parent`: it is blank, a leaf or not in the tree.
    private func isBlank(parent node: NodeIndex) -> Bool {
        !shape.contains(node) || node.level == 0 || parents[node.rawValue / 2] == nil
    }

    /// The members' leaves from the left.
    var members: [LeafIndex] {
        leaves.indices.lazy.filter { leaves[$0] != nil }.map { LeafIndex(rawValue: UInt32($0)) }
    }

    /// The parent nodes that are not blank, from the left.
    var occupiedParents: [NodeIndex] {
        parents.indices.lazy.filter { parents[$0] != nil }.map { NodeIndex(rawValue: 2 * $0 + 1) }
    }

    /// The public key of a leaf or parent; nil when it is blank.
    func encryptionKey(of node: NodeIndex) -> [UInt8]? {
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
            return isBlank(leaf) ? [] : [node]
        }
        guard let children = node.children else { return [] }
        return resolution(of: children.left) + resolution(of: children.right)
    }

    /// Whether every node of the subtree is blank.
    private func isBlank(_ subtree: NodeIndex) -> Bool {
        if let leaf = subtree.leaf {
            return isBlank(leaf)
        }
        guard isBlank(parent: subtree), let children = subtree.children else { return false }
        return isBlank(children.left) && isBlank(children.right)
    }

    /// The direct path without the nodes whose copath child stands for nobody (section 4.1.2). Members just added
    /// count: only the encryption leaves them out.
    func filteredDirectPath(of leaf: LeafIndex) -> [PathStep] {
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
        leaves[Int(leaf.rawValue)] = node.map(pool.leaf)
        count(node)
        forgetHashes(above: leaf)
    }

    /// Changes parent nodes above `leaf`; `change` is called with each node of its direct path, from below.
    mutating func changeParents(above leaf: LeafIndex, _ change: (NodeIndex, inout ParentNode?) -> Void) {
        for step in shape.path(above: leaf) {
            let index = step.node.rawValue / 2
            let before = parents[index]?.node
            var after = before
            change(step.node, &after)
            guard before != after else { continue }
            parents[index] = after.map(EncodedNode.init)
            if let before { encryptionKeys.remove(before.encryptionKey) }
            if let after { encryptionKeys.add(after.encryptionKey) }
        }
        forgetHashes(above: leaf)
    }

    private mutating func forgetHashes(above leaf: LeafIndex) {
        for step in shape.path(above: leaf) {
            hashes[step.node.rawValue / 2] = nil
        }
    }

    /// Makes the tree larger, with blank nodes, or smaller (section 7.7).
    mutating func resize(to newShape: TreeShape) {
        let growth = newShape.leafCount - leaves.count
        guard growth >= 0 else {
            for leaf in leaves.suffix(-growth) { discount(leaf?.node) }
            for case let parent? in parents.suffix(-growth) { encryptionKeys.remove(parent.node.encryptionKey) }
            leaves.removeLast(-growth)
            parents.removeLast(-growth)
            hashes.removeLast(-growth)
            return
        }
        leaves += Array(repeating: nil, count: growth)
        parents += Array(repeating: nil, count: growth)
        hashes += Array(repeating: nil, count: growth)
    }
}

extension RatchetTree: Equatable {
    package static func == (left: RatchetTree, right: RatchetTree) -> Bool {
        left.leaves == right.leaves && left.parents == right.parents
    }
}

/// An entry of the extension `ratchet_tree` that is not blank.
private enum Node {
    case leaf(LeafNode)
    case parent(ParentNode)
}

extension ByteReader {
    /// An `optional<Node>`.
    fileprivate mutating func readNode() throws(WireError) -> Node? {
        switch try readUInt8() {
        case 0: return nil
        case 1: break
        default: throw .invalidValue
        }
        switch try readUInt8() {
        case NodeType.leaf: return .leaf(try LeafNode(from: &self))
        case NodeType.parent: return .parent(try ParentNode(from: &self))
        default: throw .invalidValue
        }
    }
}

/// The numbers of section 7.8's `NodeType`.
enum NodeType {
    static let leaf: UInt8 = 1
    static let parent: UInt8 = 2
}
