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
}
