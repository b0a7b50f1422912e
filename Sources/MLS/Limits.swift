/// Limits of ours; RFC 9420 leaves them to the implementation.
package enum Limits {
    /// The longest message in bytes. A Welcome with the tree of 5,000 members takes about 2 MiB.
    static let maximumMessageByteCount = 1 << 22
    /// What is around the proposals and the path of a Commit at most: header, signature, tags, and padding to a multiple of
    /// not more than 336 bytes.
    static let framingByteCount = 1_024
    /// How many generations a sender's ratchet is moved forward for one message: each costs two HKDF calls, and the
    /// number comes from the sender.
    static let maximumForwardGap: UInt32 = 1_000
    /// How many generations of a ratchet are passed over in one epoch, by messages that are true and by such as turn out to be
    /// false. They cost their sender little or nothing.
    static let maximumPassedGenerations: UInt32 = 2_000
    /// How many are passed over by one message after that.
    static let forwardGapAfterwards: UInt32 = 8
    /// How many keys of skipped generations are kept of one ratchet; the oldest go first.
    static let maximumSkippedKeys = 64
    /// How many proposals a Commit has at most, where the application does not say less: each costs every member something.
    static let maximumProposals = 1_024
    /// How many past epochs can still be read at most, until ``Group/forgetEpochs(before:)``: application messages that were
    /// under way during so many Commits.
    package static let maximumPastEpochs = 16
    /// How many proposals of one epoch are kept until a Commit: any member can send them, each may hold a KeyPackage, and
    /// when they do not go together each is tried beside all that do.
    static let maximumPendingProposals = 64
    /// How many past epochs' resumption secrets are kept for PreSharedKey proposals.
    static let maximumResumptionSecrets = 32
}
