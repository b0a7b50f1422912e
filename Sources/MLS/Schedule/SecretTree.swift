internal import Sodium

/// The message keys of an epoch (RFC 9420 section 9): from one secret down a tree to two ratchets for each leaf.
///
/// A node's secret is deleted when its children's are derived, a leaf's when its ratchets start.
struct SecretTree: ~Copyable {
    /// Which of a leaf's two ratchets.
    enum Kind: Hashable, Sendable {
        case handshake
        case application

        init(_ type: ContentType) {
            self = type == .application ? .application : .handshake
        }
    }

    /// How many nodes' secrets are kept: those that no ratchet was started from.
    var nodeSecretCount: Int { nodes.count }

    private struct Position: Hashable {
        let leaf: LeafIndex
        let kind: Kind
    }

    private let suite: CipherSuite
    private let shape: TreeShape
    /// Of the highest nodes that are not used yet.
    private var nodes: [NodeIndex: SharedSecret]
    private var ratchets: [Position: HashRatchet] = [:]

    init(suite: CipherSuite, shape: TreeShape, encryptionSecret: consuming SecretBytes) {
        self.suite = suite
        self.shape = shape
        nodes = [shape.root: SharedSecret(encryptionSecret)]
    }

    /// A copy of the leaf's ratchet as it stands. What is taken from the copy counts when it is put back with
    /// ``replace(_:of:_:)``, so that a message that turns out to be false costs no key.
    mutating func ratchet(of leaf: LeafIndex, _ kind: Kind) throws(MLSError) -> HashRatchet {
        let position = Position(leaf: leaf, kind: kind)
        if ratchets[position] == nil {
            try startRatchets(of: leaf)
        }
        guard let ratchet = ratchets[position] else { throw .unknownMember }
        return ratchet
    }

    /// Puts back a ratchet from which keys were taken.
    mutating func replace(_ ratchet: HashRatchet, of leaf: LeafIndex, _ kind: Kind) {
        ratchets[Position(leaf: leaf, kind: kind)] = ratchet
    }

    /// Of an epoch that is over no handshake message is opened any more.
    mutating func forgetHandshakes() {
        ratchets = ratchets.filter { $0.key.kind == .application }
    }

    private mutating func startRatchets(of leaf: LeafIndex) throws(MLSError) {
        guard shape.contains(leaf) else { throw .unknownMember }
        let above = [leaf.node] + shape.path(above: leaf).map(\.node)
        guard let start = above.firstIndex(where: { nodes[$0] != nil }) else { throw .unknownMember }
        for node in above[...start].reversed() {
            guard let children = node.children, let secret = nodes.removeValue(forKey: node) else { continue }
            nodes[children.left] = SharedSecret(try child(of: secret, "left"))
            nodes[children.right] = SharedSecret(try child(of: secret, "right"))
        }
        guard let secret = nodes.removeValue(forKey: leaf.node) else { throw .unknownMember }
        for (kind, label) in [(Kind.handshake, "handshake"), (.application, "application")] {
            ratchets[Position(leaf: leaf, kind: kind)] = HashRatchet(
                suite: suite,
                secret: try suite.expandWithLabel(
                    secret.bytes, label: label, context: [], count: CipherSuite.hashByteCount))
        }
    }

    private func child(of secret: SharedSecret, _ side: String) throws(MLSError) -> SecretBytes {
        try suite.expandWithLabel(
            secret.bytes, label: "tree", context: [UInt8](side.utf8), count: CipherSuite.hashByteCount)
    }
}
