internal import Chat

/// What a person wants to be called, and what became of it.
struct OwnNick {
    /// Empty for the member id.
    var wanted: String
    /// What the person was told that it is called, where that is something else.
    var told: String?
    /// A change that the room has not answered.
    var asked: Nick?
}
