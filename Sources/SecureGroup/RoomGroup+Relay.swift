internal import MLS
package import Room
package import Sodium

// Coming in by an external Commit (RFC 9420 section 12.4.3.2): at a relay whoever knows the group's secret, while nobody is
// there; at a host its own participant, in the place of its former self.
extension RoomGroup {
    package func createdSecret() -> SecretBytes? {
        hasCreated ? secret?.secret.clone() : nil
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
        // Whichever of several equal ones is accepted, it is what we have.
        if let externalCommit, hasExternalCommit, externalCommit.epoch == epoch, externalGroupInfo == groupInfo {
            return externalCommit
        }
        external = nil
        switch joining {
        case .some(let package):
            do throws(MLSError) {
                let join = try ExternalJoin(
                    groupInfo: groupInfo, as: package, suite: Self.suite, tree: tree, replacesOwnKey: true,
                    identifiers: secret.map { [$0.newKeyID()] } ?? [], configuration: configuration,
                    preSharedKeys: preSharedKeys)
                guard epoch < .max, join.context.epoch == epoch + 1, Self.isOfRoom(join.context),
                    join.members.allSatisfy({ secret?.isProven($0.leafNode) != false })
                else { throw .cannotJoin }
                var commit = GroupCommit(epoch: epoch, added: [id], commit: join.commit)
                commit.groupInfo = try join.groupInfo(allowsExternalCommit: true, includesTree: false)
                external = consume join
                externalCommit = commit
                externalGroupInfo = groupInfo
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
        case .some(let join):
            joining = nil
            group = join.accepted()
            try entered()
        case .none:
            throw .unavailable
        }
    }

    /// Whether all who come, and the committer with its new keys, have shown that they know the secret: without that nobody
    /// could come in any more.
    static func areProven(_ effects: CommitEffects, _ secret: GroupSecret?) -> Bool {
        guard let secret else { return true }
        return (effects.added + [effects.committer]).allSatisfy { secret.isProven($0.leafNode) }
    }
}
