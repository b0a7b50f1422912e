internal import Sodium

/// One epoch of a group, as one member sees it.
struct EpochState: ~Copyable {
    let context: GroupContext
    let tree: RatchetTree
    let keys: TreeKeys
    let secrets: EpochSecrets
    var secretTree: SecretTree
    let interimTranscriptHash: [UInt8]
    let confirmationTag: [UInt8]

    /// The state from its secrets. The confirmation tag is computed: whoever has received one compares.
    init(
        context: GroupContext, tree: RatchetTree, keys: consuming TreeKeys, secrets: consuming EpochSecrets
    ) throws(MLSError) {
        let suite = tree.suite
        confirmationTag = suite.mac(context.confirmedTranscriptHash, key: secrets.confirmationKey)
        interimTranscriptHash = TranscriptHash.interim(
            confirmed: context.confirmedTranscriptHash, confirmationTag: confirmationTag, suite: suite)
        secretTree = SecretTree(
            suite: suite, shape: tree.shape, encryptionSecret: try secrets.takeEncryptionSecret())
        self.context = context
        self.tree = tree
        self.keys = keys
        self.secrets = secrets
    }

    /// Throws ``MLSError/invalidConfirmationTag`` unless the sender of `received` came to the same state.
    func confirm(_ received: [UInt8]?) throws(MLSError) {
        guard let received, constantTimeEquals(received, confirmationTag) else { throw .invalidConfirmationTag }
    }
}
