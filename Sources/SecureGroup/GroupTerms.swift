internal import MLS

/// What a room's group has agreed on, in the extensions of its context: who moderates, and at a relay by what proofs are
/// checked.
struct GroupTerms: Equatable {
    /// Bytes of a proposal that replaces them at most.
    static let proposalByteCount = 1_664
    private static let keyByteCount = 32

    var roles: GroupRoles
    /// Nil at a host.
    var proofKeys: GroupProofKeys?

    init(roles: GroupRoles, proofKeys: GroupProofKeys?) {
        self.roles = roles
        self.proofKeys = proofKeys
    }

    /// What a context tells; nil unless it has just these extensions, in order.
    init?(_ extensions: [Extension]) {
        guard let first = extensions.first, first.type == GroupRoles.extensionType,
            let roles = GroupRoles(data: first.data), extensions.count <= 2
        else { return nil }
        self.roles = roles
        guard extensions.count == 2 else { return }
        guard extensions[1].type == GroupProofKeys.extensionType, let keys = GroupProofKeys(data: extensions[1].data)
        else { return nil }
        proofKeys = keys
    }

    var extensions: [Extension] {
        [Extension(type: GroupRoles.extensionType, data: roles.data)]
            + (proofKeys.map { [Extension(type: GroupProofKeys.extensionType, data: $0.data)] } ?? [])
    }

    /// The keys of 32 bytes that an extension is made of; nil where there is none, there are more than `limit`, or two are alike.
    static func keys(in data: [UInt8], atMost limit: Int) -> [[UInt8]]? {
        guard (1...limit).contains(data.count / keyByteCount), data.count % keyByteCount == 0 else { return nil }
        let keys = stride(from: 0, to: data.count, by: keyByteCount).map { Array(data[$0..<$0 + keyByteCount]) }
        return Set(keys).count == keys.count ? keys : nil
    }

    /// The same after the owners of the first keys have gone, and those of the others have come, perhaps in their place.
    func following(gone: [[UInt8]], come: [[UInt8]]) -> GroupTerms {
        GroupTerms(roles: roles.without(Set(gone).subtracting(come)), proofKeys: proofKeys)
    }

    /// Whether the owner of `key` may put others in the place of these: another list of moderators, or another secret.
    func mayBecome(_ next: GroupTerms, by key: [UInt8]) -> Bool {
        guard roles.keys.contains(key) else { return false }
        if next.proofKeys == proofKeys { return roles.mayBecome(next.roles, by: key) }
        guard let proofKeys, let keys = next.proofKeys else { return false }
        return next.roles == roles && proofKeys.mayBecome(keys)
    }
}
