/// What a member chooses for its group.
package struct GroupConfiguration: Sendable {
    /// The padding of what is sent encrypted.
    package var padding: Padding
    /// Whether proposals and Commits are encrypted too.
    package var encryptsHandshake: Bool
    /// What leaf nodes must be; its time is replaced by that of each call.
    package var leafNodePolicy: LeafNodePolicy

    package init(
        padding: Padding = .none, encryptsHandshake: Bool = true,
        leafNodePolicy: LeafNodePolicy = LeafNodePolicy(time: nil)
    ) {
        self.padding = padding
        self.encryptsHandshake = encryptsHandshake
        self.leafNodePolicy = leafNodePolicy
    }

    /// The policy at a time, in seconds since 1970; nil leaves lifetimes unchecked.
    func policy(at time: UInt64?) -> LeafNodePolicy {
        LeafNodePolicy(time: time, maximumLifetime: leafNodePolicy.maximumLifetime)
    }
}
