internal import Chat

/// Whom a member of a relay's room believes when it has lost the group while its secret became another one: others tell it the new one,
/// and each may lie. What they tell shows itself as right when it lets the member in.
struct SecretTellers {
    /// Who has told the secret with which the member asks to come in over this connection.
    private var believed: MemberID?
    /// Those who have told one that did not let it in: others are believed first.
    private var doubted: Set<MemberID> = []
    /// Whether one of those has told something over this connection.
    private var hasPassedOver = false

    /// Whether what that member tells is looked at: the first one over a connection who is not doubted is believed, and nobody after.
    mutating func isHeard(_ member: MemberID) -> Bool {
        guard !doubted.contains(member) else {
            hasPassedOver = true
            return false
        }
        return believed == nil
    }

    /// What the member has told is another secret, in order as far as can be seen.
    mutating func believe(_ member: MemberID) { believed = member }

    /// The member asks to come in over another connection: what it was told has not let it in. Where nobody else has told it anything,
    /// those who are doubted may do so again.
    mutating func reconnected() {
        if let believed {
            doubted.insert(believed)
        } else if hasPassedOver {
            doubted = []
        }
        believed = nil
        hasPassedOver = false
    }
}
