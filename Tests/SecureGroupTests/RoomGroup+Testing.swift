import Room

@testable import MLS
@testable import SecureGroup

extension RoomGroup {
    /// What a room that follows the group gives to who joins: the tree of the epoch that the pending Commit begins, else of the
    /// current one.
    var publicTree: [UInt8] {
        switch group {
        case .some(let group):
            switch group.phase {
            case .committing(let pending): pending.next.tree.encoded
            default: group.epoch.tree.encoded
            }
        case .none: []
        }
    }

    /// What lets somebody in by itself in the current epoch.
    var groupInfo: [UInt8] {
        switch group {
        case .some(let group): (try? group.groupInfo(allowsExternalCommit: true, includesTree: false)) ?? []
        case .none: []
        }
    }
}
