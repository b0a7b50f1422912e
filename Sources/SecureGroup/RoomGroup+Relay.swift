internal import MLS
package import Room
package import Sodium

// A group whose room is at a relay: whoever comes in knows the group's secret, and may come in while nobody is there, by an
// external Commit (RFC 9420 section 12.4.3.2).
extension RoomGroup {
    package func createdSecret() -> SecretBytes? {
        hasCreated ? secret?.secret.clone() : nil
    }

    /// Of the epoch that our pending Commit begins; else of the current one.
    package func sealedGroupInfo() -> [UInt8] {
        guard let secret else { return [] }
        let (info, infoEpoch): ([UInt8]?, UInt64) =
            switch group {
            case .some(let group) where group.hasPendingCommit:
                (try? group.pendingGroupInfo(allowsExternalCommit: true), group.epochNumber + 1)
            case .some(let group):
                (try? group.groupInfo(allowsExternalCommit: true), group.epochNumber)
            case .none: (nil, 0)
            }
        return info.map { secret.seal($0, epoch: infoEpoch) } ?? []
    }

    package var hasExternalCommit: Bool {
        switch external {
        case .some: true
        case .none: false
        }
    }

    package func commitExternally(_ sealed: [UInt8], epoch: UInt64) throws(GroupError) -> GroupCommit {
        guard let secret else { throw .wrongCreator }
        // Whichever of several equal ones is accepted, it is what we have.
        if let externalCommit, hasExternalCommit, externalCommit.epoch == epoch { return externalCommit }
        guard epoch < .max, let info = secret.open(sealed, epoch: epoch) else { throw .cannotJoin }
        external = nil
        switch joining {
        case .some(let package):
            do throws(MLSError) {
                let join = try ExternalJoin(
                    groupInfo: info, as: package, suite: Self.suite, replacesOwnKey: true,
                    identifiers: [secret.newKeyID()], configuration: configuration,
                    preSharedKeys: preSharedKeys)
                guard Self.isOfRoom(join.context), join.members.allSatisfy({ secret.isProven($0.leafNode) }) else {
                    throw .cannotJoin
                }
                var commit = GroupCommit(epoch: epoch, added: [id], commit: join.commit)
                commit.groupInfo = secret.seal(try join.groupInfo(allowsExternalCommit: true), epoch: epoch + 1)
                external = consume join
                externalCommit = commit
                return commit
            } catch {
                throw .cannotJoin
            }
        case .none:
            throw .unavailable
        }
    }

    package func enterExternally() throws(GroupError) {
        switch external.take() {
        case .some(let join):
            joining = nil
            group = join.accepted()
            _ = try entered()
        case .none:
            throw .unavailable
        }
    }

    /// Whether those who come in by a Commit may: at a relay whoever knows the secret, and by itself only where the secret is
    /// in the keys and nobody loses a leaf but a former self.
    static func mayEnter(_ effects: CommitEffects, _ secret: GroupSecret?) -> Bool {
        guard let secret else { return !effects.isExternal && effects.preSharedKeys.isEmpty }
        guard effects.added.allSatisfy({ secret.isProven($0.leafNode) }), effects.preSharedKeys.allSatisfy(secret.isKey)
        else { return false }
        // Also new keys of a member: without the proof nobody could come in any more.
        guard secret.isProven(effects.committer.leafNode) else { return false }
        guard effects.isExternal else { return true }
        return !effects.preSharedKeys.isEmpty
            && effects.removed.allSatisfy { $0.signatureKey == effects.committer.signatureKey }
    }
}
