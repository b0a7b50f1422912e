/// What a member chooses for its group.
package struct GroupConfiguration: Sendable {
    /// The padding of what is sent encrypted.
    var padding: PaddingRule
    /// The padding of what is for one member alone, which has its signature beside what is encrypted.
    var privatePadding: PaddingRule
    /// Whether proposals and Commits are encrypted too.
    var encryptsHandshake: Bool
    /// Whether clients may propose to be added themselves (section 12.1.8). Anybody can sign such a proposal, a delivery
    /// service too, and the next Commit carries it out: not without a reason, and then all members alike.
    var acceptsNewMemberProposals: Bool
    /// What leaf nodes must be; its time is replaced by that of each call.
    var leafNodePolicy: LeafNodePolicy

    package init(
        padding: PaddingRule = .none, privatePadding: PaddingRule = .none, encryptsHandshake: Bool = true,
        acceptsNewMemberProposals: Bool = false, leafNodePolicy: LeafNodePolicy = LeafNodePolicy(time: nil)
    ) {
        self.padding = padding
        self.privatePadding = privatePadding
        self.encryptsHandshake = encryptsHandshake
        self.acceptsNewMemberProposals = acceptsNewMemberProposals
        self.leafNodePolicy = leafNodePolicy
    }

    /// The policy at a time, in seconds since 1970; nil leaves lifetimes unchecked.
    func policy(at time: UInt64?) -> LeafNodePolicy {
        var policy = leafNodePolicy
        policy.time = time
        return policy
    }
}
