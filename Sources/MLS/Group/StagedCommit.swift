internal import Sodium

/// A Commit of somebody else that was checked in every way and not applied yet (``Group/apply(_:)``). To be dropped when
/// the application does not want its effects.
package struct StagedCommit: ~Copyable {
    /// What it does.
    package let effects: CommitEffects
    let groupID: [UInt8]
    /// Nil when we are removed.
    var next: EpochState?

    init(effects: CommitEffects, groupID: [UInt8], next: consuming EpochState?) {
        self.effects = effects
        self.groupID = groupID
        self.next = next
    }

    /// Whether a GroupInfo of the epoch that the Commit begins tells its key for external Commits, which
    /// ``PublicGroup/check(groupInfo:)`` cannot know.
    package func hasExternalKey(of groupInfo: [UInt8], suite: CipherSuite) throws(MLSError) -> Bool {
        guard case .groupInfo(let info) = try MLSMessage(checkingLengthOf: groupInfo) else { throw .cannotJoin }
        let key = try info.externalKey()
        switch next {
        case .some(let next): return try next.secrets.externalKeyPair(suite: suite).publicKey.bytes == key
        case .none: return false
        }
    }
}
