import TestSupport
import Testing

@testable import MLS

/// Our MLS in one group with mls-rs, which others wrote.
@Suite(
    .enabled(if: ForeignImplementation.mlsRS.python != nil, "mls-rs \(ForeignImplementation.missing)"),
    .timeLimit(.minutes(10)))
struct MLSRSTests {
    private typealias Side = MixedRoom.Side

    private static func room(_ creator: MixedRoom.Side, _ encrypts: Bool = true) throws -> MixedRoom {
        try MixedRoom(.mlsRS, creator: creator, encryptsHandshake: encrypts)
    }

    /// Adds, Commits, Updates, Removes and messages in both directions.
    @Test(arguments: [MixedRoom.Side.ours, .theirs], [true, false])
    func livesThroughEpochs(creator: MixedRoom.Side, encrypts: Bool) throws {
        let room = try Self.room(creator, encrypts)
        try room.add(creator == .ours ? .theirs : .ours, by: 0)
        try room.checkAgreement()
        let (ours, theirs) = creator == .ours ? (0, 1) : (1, 0)
        for committer in [ours, theirs, ours] {
            try room.commit(by: committer)
            try room.checkAgreement()
        }
        try room.add(.ours, by: theirs)
        try room.add(.theirs, by: ours, forcesPath: false)
        try room.add(.theirs, by: theirs)
        try room.add(.ours, by: ours)
        try room.checkAgreement()
        try room.add(.ours, proposedBy: theirs, committedBy: ours)
        try room.add(.theirs, proposedBy: ours, committedBy: theirs)
        try room.checkAgreement()
        try room.update(proposedBy: ours, committedBy: theirs)
        try room.update(proposedBy: 2, committedBy: ours)
        try room.checkAgreement()
        try room.remove(2, by: theirs)
        try room.remove(2, by: ours)
        try room.checkAgreement()
        try room.remove(3, proposedBy: theirs, committedBy: ours)
        try room.remove(2, proposedBy: ours, committedBy: theirs)
        try room.checkAgreement()
        try room.commit(by: theirs)
        try room.checkAgreement()
    }

    @Test func followsAnExternalCommit() throws {
        let room = try Self.room(.theirs)
        try room.add(.ours, by: 0)
        try room.joinExternally(informant: 1)
        try room.checkAgreement()
        try room.commit(by: 0)
        try room.add(.theirs, by: 2)
        try room.commit(by: 3)
        try room.checkAgreement()
        try room.remove(1, by: 0)
        try room.joinExternally(informant: 1)
        try room.checkAgreement()
    }

    /// Members of both sides come and go in trees with blanks and unmerged leaves.
    @Test(arguments: [UInt64](1...3))
    func changesAtRandom(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let room = try Self.room(.ours, seed.isMultiple(of: 2))
        try room.add(.theirs, by: 0)
        try room.checkAgreement()
        for step in 0..<40 {
            let actor = random.below(room.members.count)
            let other = (actor + 1 + random.below(room.members.count - 1)) % room.members.count
            let side = random.below(2) == 0 ? Side.ours : .theirs
            switch random.below(7) {
            case 0, 1: try room.add(side, by: actor, forcesPath: random.below(2) == 0)
            case 2: try room.add(side, proposedBy: actor, committedBy: other)
            case 3, 4: try Self.remove(other, by: actor, room, &random)
            case 5 where room.members[actor].ours != nil: try room.update(proposedBy: actor, committedBy: other)
            case 6 where room.members[actor].ours != nil && room.members.count < 9:
                try room.joinExternally(informant: actor)
            default: try room.commit(by: actor)
            }
            try room.checkAgreement("seed \(seed), step \(step)")
        }
    }

    /// Leaves at least one of each side.
    private static func remove(
        _ index: Int, by actor: Int, _ room: MixedRoom, _ random: inout SeededRandom
    ) throws {
        let isOurs = room.members[index].ours != nil
        guard room.members.count(where: { ($0.ours != nil) == isOurs }) > 1 else { return }
        let third = room.members.indices.first { $0 != index && $0 != actor }
        if let third, random.below(2) == 0 {
            try room.remove(index, proposedBy: third, committedBy: actor)
        } else {
            try room.remove(index, by: actor)
        }
    }
}

/// Our MLS in one group with OpenMLS, as far as its wrapper goes: it adds, removes, follows, and reads. It forgets
/// proposals, and sends no application messages of MLS.
@Suite(
    .enabled(if: ForeignImplementation.openMLS.python != nil, "OpenMLS \(ForeignImplementation.missing)"),
    .timeLimit(.minutes(10)))
struct OpenMLSTests {
    @Test(arguments: [MixedRoom.Side.ours, .theirs])
    func livesThroughEpochs(creator: MixedRoom.Side) throws {
        let room = try MixedRoom(.openMLS, creator: creator)
        try room.add(creator == .ours ? .theirs : .ours, by: 0)
        try room.checkAgreement()
        let (ours, theirs) = creator == .ours ? (0, 1) : (1, 0)
        try room.commit(by: ours)
        try room.checkAgreement()
        try room.add(.ours, by: theirs)
        try room.checkAgreement()
        try room.add(.theirs, by: ours, forcesPath: false)
        try room.checkAgreement()
        try room.add(.theirs, by: theirs)
        try room.add(.ours, by: ours)
        try room.checkAgreement()
        try room.joinExternally(informant: ours)
        try room.checkAgreement()
        try room.remove(2, by: theirs)
        try room.checkAgreement()
        try room.remove(2, by: ours)
        try room.checkAgreement()
        try room.commit(by: ours)
        try room.checkAgreement()
    }
}
