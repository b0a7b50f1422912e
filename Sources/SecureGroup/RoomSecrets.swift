/// What a member knows of the secrets of a group whose room is at a relay.
struct RoomSecrets {
    /// What every member must have shown to know; nil at a host, and before the group is there.
    var current: GroupSecret?
    /// What a Commit that was looked at, or is our own, makes of it.
    var next: GroupSecret?
    /// Who was in the group when we were in it last.
    var former: FormerGroup?
}
