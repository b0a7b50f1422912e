import Chat
import Sodium
import TestSupport
import Testing
import Wire

@testable import Room

/// What a relay knows of the invites of its group.
@Suite struct GroupInvitesTests {
    init() { SodiumLibrary.initialize() }

    private func key(_ number: Int) -> SecretContent {
        SecretContent(copying: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 32).span)
    }

    /// With the keys of so many secrets.
    private func invites(_ count: Int) -> GroupInvites {
        var invites = GroupInvites()
        for number in 0..<count {
            let isNew = invites.register(key(number), of: UInt64(number), current: UInt64(number))
            #expect(isNew)
        }
        return invites
    }

    @Test("All that a group can have are kept, each once, and no more")
    func limit() {
        var invites = invites(RoomLimits.groupInvites)
        let last = UInt64(RoomLimits.groupInvites - 1)
        #expect(invites.key(of: last) == key(Int(last)))
        #expect(invites.others(than: last) == (0..<Int(last)).map(key))
        let isPast = invites.register(key(99), of: last + 1, current: last + 1)
        let isAnother = invites.register(key(99), of: 3, current: last)
        #expect(!isPast && !isAnother && invites.others(than: last).count == Int(last))
    }

    /// A book of a relay's group after so many renewals, in which these are.
    private func book(_ ids: [UInt32], generation: UInt64) throws -> PlainBook {
        let members = Set(ids.map { MemberID(entropy: $0) })
        return try PlainBook(
            resuming: PlainGroup.info(epoch: 5 + generation, members, [], generation: generation),
            tree: PlainGroup.tree(of: members), isAtRelay: true)
    }

    @Test("Two are sent out within seconds: what the second one knows too does not let in again")
    func twoSentOut() throws {
        var invites = invites(1)
        let now = Duration.seconds(5)
        invites.spoil(by: MemberID(entropy: 2), sentOutBy: MemberID(entropy: 99), until: now + .seconds(60))
        invites.spoil(by: MemberID(entropy: 3), sentOutBy: MemberID(entropy: 99), until: now + .seconds(60))
        // The first one is out of the group, the second one is not.
        invites.followed(from: try book([1, 3], generation: 0), to: try book([1, 3], generation: 1))
        var isNew = invites.register(key(1), of: 1, current: 1)
        #expect(isNew && invites.isSpoilt(now: now))
        invites.followed(from: try book([1], generation: 1), to: try book([1], generation: 2))
        #expect(invites.isSpoilt(now: now))
        isNew = invites.register(key(2), of: 2, current: 2)
        #expect(isNew && !invites.isSpoilt(now: now))
    }

    @Test("What the first one knows too does not either, though the second one is out first")
    func firstStays() throws {
        var invites = invites(1)
        let now = Duration.seconds(5)
        for number in [2, 3] {
            invites.spoil(
                by: MemberID(entropy: UInt32(number)), sentOutBy: MemberID(entropy: 99), until: now + .seconds(60))
        }
        invites.followed(from: try book([1, 2], generation: 0), to: try book([1, 2], generation: 1))
        var isNew = invites.register(key(1), of: 1, current: 1)
        #expect(isNew && invites.isSpoilt(now: now))
        invites.followed(from: try book([1], generation: 1), to: try book([1], generation: 2))
        isNew = invites.register(key(2), of: 2, current: 2)
        #expect(isNew && !invites.isSpoilt(now: now))
    }

    @Test("So many who were sent out are remembered, and of more the latest", arguments: [0, 1])
    func spoilers(more: Int) throws {
        var invites = invites(1)
        let ids = (1...UInt32(RoomLimits.spoilers + more))
        for id in ids {
            invites.spoil(by: MemberID(entropy: id), sentOutBy: MemberID(entropy: 99), until: .seconds(60))
        }
        var writer = StateWriter(now: .zero)
        invites.write(to: &writer)
        var reader = StateReader(writer.bytes, now: .zero)
        var kept = try GroupInvites(reading: &reader)
        try reader.finish()
        // The first one is in the group still.
        kept.followed(from: try book([1], generation: 0), to: try book([1], generation: 1))
        let isNew = kept.register(key(1), of: 1, current: 1)
        #expect(isNew && kept.isSpoilt(now: .zero) == (more == 0))
    }

    @Test("It lasts for a minute, over a restart as well, and a secret that was made with that one does not end it")
    func spoiling() throws {
        var invites = invites(1)
        invites.spoil(by: MemberID(entropy: 2), sentOutBy: MemberID(entropy: 99), until: .seconds(60))
        invites.followed(from: try book([1, 2], generation: 0), to: try book([1, 2], generation: 1))
        let isNew = invites.register(key(1), of: 1, current: 1)
        #expect(isNew)
        var writer = StateWriter(now: .seconds(10))
        invites.write(to: &writer)
        var reader = StateReader(writer.bytes, now: .seconds(1_010))
        let kept = try GroupInvites(reading: &reader)
        try reader.finish()
        #expect(kept.key(of: 1) == key(1) && kept.others(than: 1) == [key(0)])
        #expect(kept.isSpoilt(now: .seconds(1_060) - .nanoseconds(1)) && !kept.isSpoilt(now: .seconds(1_060)))
    }
}
