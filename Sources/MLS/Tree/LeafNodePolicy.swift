/// What RFC 9420 leaves to the application about leaf nodes (section 7.2).
package struct LeafNodePolicy: Sendable {
    /// The time now in seconds since 1970-01-01T00:00:00Z, which must be within the lifetime of every leaf node made for
    /// a KeyPackage. With nil no lifetime is too old or too new: the check is a must only for what one sends oneself,
    /// because a member may have been added in time and looked at late.
    var time: UInt64?
    /// The longest lifetime in seconds.
    var maximumLifetime: UInt64
    /// What leaf nodes look like; nil for as the RFC allows.
    var profile: LeafNodeProfile?

    /// KeyPackages are made to join at once, so ninety days, and an hour for clocks that are wrong, are plenty.
    static let defaultMaximumLifetime: UInt64 = 90 * 24 * 3600 + 3600

    package init(
        time: UInt64?, maximumLifetime: UInt64 = defaultMaximumLifetime, profile: LeafNodeProfile? = nil
    ) {
        self.time = time
        self.maximumLifetime = maximumLifetime
        self.profile = profile
    }

    /// Bytes of the longest Commit in this tree whose proposals have so many.
    func commitByteLimit(proposals byteCount: Int, in tree: RatchetTree) -> Int {
        guard let profile else { return Limits.maximumMessageByteCount }
        return Limits.framingByteCount + byteCount + tree.pathByteLimit(leafNode: profile.byteCount)
    }
}
