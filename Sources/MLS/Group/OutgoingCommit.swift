/// A Commit of ours to be sent.
package struct OutgoingCommit: Sendable {
    /// For the members.
    package let commit: [UInt8]
    /// For those who are added, if any.
    package let welcome: [UInt8]?
    /// What it will do once accepted.
    let effects: CommitEffects
}
