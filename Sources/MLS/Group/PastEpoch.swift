internal import Sodium

/// What is left of an epoch that is over, for application messages that were under way.
final class PastEpoch {
    let context: GroupContext
    /// What each leaf signed with; of the tree nothing else is needed.
    private let leaves: [EncodedNode<LeafNode>?]
    let senderDataSecret: SecretBytes
    var secretTree: SecretTree
    /// Our leaf's key of that time.
    let leafKey: NodeKey

    /// Nil when there is no key of our leaf, which does not happen.
    init?(_ epoch: consuming EpochState) {
        guard let leafKey = epoch.keys.key(of: epoch.keys.leaf.node) else { return nil }
        self.leafKey = leafKey
        context = epoch.context
        leaves = epoch.tree.leaves
        senderDataSecret = epoch.secrets.senderDataSecret.clone()
        secretTree = epoch.secretTree
        secretTree.forgetHandshakes()
    }

    /// The key that the member at `leaf` signed with; nil when there was none.
    func signatureKey(of leaf: LeafIndex) -> [UInt8]? {
        leaves.indices.contains(Int(leaf.rawValue)) ? leaves[Int(leaf.rawValue)]?.signatureKey : nil
    }
}
