internal import MLS
internal import Room

/// An external Commit that we have sent, until we are in.
struct OutsideEntry: ~Copyable {
    let join: ExternalJoin
    let commit: GroupCommit
    /// The GroupInfo that it was made from: the number of an epoch may be used again.
    let groupInfo: [UInt8]

    /// Whichever of several equal ones is accepted, it is what we have.
    func fits(_ groupInfo: [UInt8], epoch: UInt64) -> Bool { commit.epoch == epoch && self.groupInfo == groupInfo }
}
