internal import Sodium

/// From one epoch's init secret to the secrets of the next (RFC 9420 section 8).
struct KeySchedule: ~Copyable {
    /// What new members are told.
    let joinerSecret: SecretBytes
    /// Joiner and pre-shared keys together; the RFC gives it no name.
    private let memberSecret: SecretBytes
    private let suite: CipherSuite

    /// For a member: from the last epoch's init secret, or that of an external Commit. `commitSecret` is zeros without
    /// a path.
    init(
        suite: CipherSuite, initSecret: borrowing SecretBytes, commitSecret: borrowing SecretBytes,
        preSharedKeySecret: borrowing SecretBytes, context: GroupContext
    ) throws(MLSError) {
        let combined = suite.extract(salt: initSecret, inputKey: commitSecret)
        self.init(
            suite: suite,
            joinerSecret: try suite.expandWithLabel(
                combined, label: "joiner", context: context.encoded, count: CipherSuite.hashByteCount),
            preSharedKeySecret: preSharedKeySecret)
    }

    /// For a new member: from what the Welcome says.
    init(
        suite: CipherSuite, joinerSecret: consuming SecretBytes, preSharedKeySecret: borrowing SecretBytes
    ) {
        self.suite = suite
        memberSecret = suite.extract(salt: joinerSecret, inputKey: preSharedKeySecret)
        self.joinerSecret = joinerSecret
    }

    /// Seals the GroupInfo of a Welcome.
    func welcomeSecret() throws(MLSError) -> SecretBytes {
        try suite.deriveSecret(memberSecret, label: "welcome")
    }

    /// The secrets of the epoch whose context this is.
    func epochSecrets(context: GroupContext) throws(MLSError) -> EpochSecrets {
        let epochSecret = try suite.expandWithLabel(
            memberSecret, label: "epoch", context: context.encoded, count: CipherSuite.hashByteCount)
        return try EpochSecrets(suite: suite, epochSecret: epochSecret)
    }
}
