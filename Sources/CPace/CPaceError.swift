/// Why an exchange failed. It never says more: what tells passwords apart helps an attacker only.
package enum CPaceError: Error, Equatable {
    /// What the peer sent is not an element of the group, or is the neutral one.
    case invalidShare
    /// The peer sent our own share back.
    case reflectedShare
    /// The peer's tag does not belong to this exchange: another password, another session, or somebody in between.
    case notConfirmed
}
