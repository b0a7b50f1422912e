/// What a Commit does to the group, for the application to look at before it is applied.
package struct CommitEffects: Sendable {
    /// Who committed: for an external Commit the place of the new member.
    package let committer: Member
    /// Whether the committer has added itself.
    package let isExternal: Bool
    package let added: [Member]
    /// As they were.
    package let removed: [Member]
    /// Those whose proposed Updates are carried out, as they will be.
    package let updated: [Member]
    /// The keys that the new epoch depends on.
    package let preSharedKeys: [PreSharedKeyID]
    /// The group's extensions in the new epoch.
    package let extensions: [Extension]
    /// The group is closed in favour of another.
    package let reInit: ReInit?
    /// We are among the removed.
    package let removesSelf: Bool
    /// The number of the new epoch.
    let epoch: UInt64
    package let authenticatedData: [UInt8]
}
