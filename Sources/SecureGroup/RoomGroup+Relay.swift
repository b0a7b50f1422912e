internal import MLS
package import Room
package import Sodium

// Coming in by an external Commit (RFC 9420 section 12.4.3.2): at a relay whoever knows the group's secret, while nobody is
// there; at a host its own participant, in the place of its former self.
extension RoomGroup {
    package func groupSecret() -> SecretBytes? { secret?.secret.clone() }

    package var handshakeKey: SecretContent? { secret?.handshakeKey }

    package var secretGeneration: UInt64 { terms?.proofKeys?.generation ?? 0 }

    package func commitNewSecret() throws(GroupError) -> GroupCommit {
        guard var terms, let proofKeys = terms.proofKeys else { throw .unavailable }
        let next = try withGroup { (group) throws(MLSError) in try Self.nextSecret(of: group) }
        guard let keys = proofKeys.renewed(by: next.mark) else { throw .unavailable }
        secrets.next = next
        terms.proofKeys = keys
        var commit = GroupCommit(epoch: epoch, commit: [])
        try stage([.groupContextExtensions(terms.extensions)], forcesPath: true, in: &commit)
        return commit
    }

    /// The secret that a moderator can put in the place of the current one in this epoch: whoever is in it can make it, and
    /// nobody else (RFC 9420 section 8.5).
    static func nextSecret(of group: borrowing Group) throws(MLSError) -> GroupSecret {
        GroupSecret(try group.export(label: GroupSecret.exportLabel, context: [], count: GroupSecret.byteCount))
    }

    /// The group has another secret from this epoch on.
    func useNextSecret() throws(GroupError) {
        guard let next = secrets.next else { throw .unavailable }
        try withGroup { (group) throws(MLSError) in next.add(to: &group.preSharedKeys) }
        secrets = RoomSecrets(current: next, former: secrets.former)
    }

    package var hasExternalCommit: Bool {
        switch external {
        case .some: true
        case .none: false
        }
    }

    package func commitExternally(
        _ groupInfo: [UInt8], tree: [UInt8], epoch: UInt64
    ) throws(GroupError) -> GroupCommit {
        guard secret != nil || isCreator else { throw .wrongCreator }
        switch external {
        case .some(let entry): if entry.fits(groupInfo, epoch: epoch) { return entry.commit }
        case .none: break
        }
        external = nil
        switch joining {
        case .some(let package):
            do throws(MLSError) {
                let join = try ExternalJoin(
                    groupInfo: groupInfo, as: package, suite: Self.suite, tree: tree, replacesOwnKey: true,
                    identifiers: secret.map { [$0.newKeyID()] } ?? [], configuration: configuration,
                    preSharedKeys: preSharedKeys)
                guard epoch < .max, join.context.epoch == epoch + 1,
                    vouches(for: join.context, join.signer)
                else { throw .cannotJoin }
                var commit = GroupCommit(epoch: epoch, added: [id], commit: join.commit)
                commit.groupInfo = try join.groupInfo(allowsExternalCommit: true, includesTree: false)
                external = OutsideEntry(join: join, commit: commit, groupInfo: groupInfo)
                return commit
            } catch {
                throw .cannotJoin
            }
        case .none:
            throw .unavailable
        }
    }

    /// Whether we are the one who creates this group, and nobody else is.
    private var isCreator: Bool {
        if case .creator(let creator) = trust { creator == publicKey } else { false }
    }

    package func enterExternally() throws(GroupError) {
        switch external.take() {
        case .some(let entry):
            joining = nil
            group = entry.join.accepted()
            try entered()
        case .none:
            throw .unavailable
        }
    }

    /// Whether a group is a room's, and at a relay the one whose secret we know, by the word of somebody who has shown to know it.
    func vouches(for context: GroupContext, _ signer: Member) -> Bool {
        guard let terms = Self.terms(of: context, isAtRelay: secret != nil) else { return false }
        guard let secret, let keys = terms.proofKeys else { return true }
        return keys.current == secret.mark && keys.haveProven(signer.leafNode)
    }
}
