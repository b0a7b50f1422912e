internal import Sodium

/// What is left of an epoch that is over, for application messages that were under way.
final class PastEpoch {
    let context: GroupContext
    let tree: RatchetTree
    let senderDataSecret: SecretBytes
    var secretTree: SecretTree

    init(_ epoch: consuming EpochState) {
        context = epoch.context
        tree = epoch.tree
        senderDataSecret = epoch.secrets.senderDataSecret.clone()
        secretTree = epoch.secretTree
    }
}
