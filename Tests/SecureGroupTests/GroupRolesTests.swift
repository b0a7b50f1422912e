import Chat
import Room
import Sodium
import Testing

@testable import MLS
@testable import SecureGroup

/// The list of moderators in a group's context: members and the room take it from moderators only.
@Suite struct GroupRolesTests {
    private func key(_ number: Int) -> [UInt8] { [UInt8](repeating: UInt8(number), count: 32) }

    private func roles(_ count: Int) throws -> GroupRoles {
        try (1..<count).reduce(GroupRoles(creator: key(0))) { roles, number in
            try #require(roles.setting(key(number), isModerator: true))
        }
    }

    @Test("So many are moderators and no more; the creator is one for good")
    func limits() throws {
        let full = try roles(GroupRoles.limit)
        #expect(full.setting(key(99), isModerator: true) == nil)
        #expect(try roles(GroupRoles.limit - 1).setting(key(99), isModerator: true) != nil)
        #expect(full.setting(key(0), isModerator: false) == nil)
        #expect(full.setting(key(1), isModerator: true) == nil && full.setting(key(99), isModerator: false) == nil)
        #expect(full.setting(key(1), isModerator: false)?.keys.contains(key(1)) == false)
        #expect(GroupRoles(data: full.data) == full)
    }

    @Test("What is no such list is none")
    func malformed() throws {
        let list = try roles(2).data
        func isRead(_ data: [UInt8]) -> Bool {
            GroupTerms([Extension(type: GroupRoles.extensionType, data: data)]) != nil
        }
        #expect(isRead(list))
        #expect(!isRead([]) && !isRead(Array(list.dropLast())) && !isRead(list + list))
        #expect(!isRead((0...GroupRoles.limit).flatMap(key)))
        #expect(GroupTerms([]) == nil)
        let mark = GroupProofKeys.Mark(proofKey: key(1), handshakeHash: key(2))
        let terms = GroupTerms(roles: try roles(2), proofKeys: GroupProofKeys(first: mark))
        #expect(GroupTerms(terms.extensions) == terms)
        #expect(GroupTerms(terms.extensions.reversed()) == nil && GroupTerms([terms.extensions[1]]) == nil)
        #expect(GroupTerms(terms.extensions + [terms.extensions[1]]) == nil)
        let long = (0..<2 * GroupProofKeys.limit + 2).flatMap(key)
        for data in [[], key(1), key(1) + key(2) + [1], long, key(1) + key(1)] {
            let other = Extension(type: GroupProofKeys.extensionType, data: data)
            #expect(GroupTerms([terms.extensions[0], other]) == nil)
        }
    }

    @Test("Only a moderator changes the list, at the room and at members alike", arguments: [false, true])
    func changes(isAtRelay: Bool) throws {
        SodiumLibrary.initialize()
        let creator = RoomGroup(trust: isAtRelay ? .first : .host, time: 1_000_000)
        _ = creator.keyPackage()
        var book: any GroupBook = try PublicRoomGroup(founding: creator.create(), by: creator.id, isAtRelay: isAtRelay)
        var groups = [creator]
        for _ in 0..<2 {
            let joiner = RoomGroup(
                trust: creator.secret.map(GroupTrust.secret) ?? .creator(creator.publicKey), time: 1_000_000)
            let candidate = GroupCandidate(id: joiner.id, keyPackage: joiner.keyPackage())
            let commit = try creator.commit(adding: [candidate], removing: [])
            book = try book.stage(commit.commit, from: creator.id, as: .answer(adding: [candidate], removing: [])).book
            for group in groups { _ = try group.received(commit: commit.commit, from: creator.id) }
            try joiner.join(commit.welcome, tree: book.tree, host: creator.id)
            groups.append(joiner)
        }
        let (one, two) = (groups[1], groups[2])
        for group in groups { #expect(group.moderators == [creator.id]) }
        #expect(book.isModerator(creator.id) && !book.isModerator(one.id))
        // Made by somebody who may not.
        let forged = try one.commit(moderator: one.id, isModerator: true)
        #expect(throws: GroupError.forged) { _ = try book.stage(forged.commit, from: one.id, as: .update) }
        #expect(throws: GroupError.forged) { _ = try two.received(commit: forged.commit, from: one.id) }
        one.dropPendingCommit()
        func change(_ id: MemberID, _ isModerator: Bool, by committer: RoomGroup) throws {
            let commit = try committer.commit(moderator: id, isModerator: isModerator)
            let staged = try book.stage(commit.commit, from: committer.id, as: .update)
            #expect(staged.added.isEmpty && staged.removed.isEmpty)
            if isAtRelay { #expect(staged.book.accepts(groupInfo: commit.groupInfo)) }
            book = staged.book
            for group in groups { _ = try group.received(commit: commit.commit, from: committer.id) }
        }
        try change(one.id, true, by: creator)
        for group in groups { #expect(group.moderators == [creator.id, one.id]) }
        #expect(book.isModerator(one.id) && !book.isModerator(two.id))
        try change(two.id, true, by: one)
        try change(one.id, false, by: two)
        for group in groups { #expect(group.moderators == [creator.id, two.id]) }
        #expect(throws: GroupError.unavailable) { _ = try two.commit(moderator: creator.id, isModerator: false) }
    }

    /// A group, its book, and what they follow together.
    private struct World {
        var groups: [RoomGroup] = []
        var book: any GroupBook

        init(isAtRelay: Bool, members: Int) throws {
            SodiumLibrary.initialize()
            let creator = RoomGroup(trust: isAtRelay ? .first : .host, time: 1_000_000)
            _ = creator.keyPackage()
            book = try PublicRoomGroup(founding: creator.create(), by: creator.id, isAtRelay: isAtRelay)
            groups = [creator]
            for _ in 1..<members {
                let joiner = RoomGroup(
                    trust: creator.secret.map(GroupTrust.secret) ?? .creator(creator.publicKey), time: 1_000_000)
                try letIn(joiner, by: creator)
            }
        }

        /// Somebody comes in, perhaps in its own former place.
        mutating func letIn(_ joiner: RoomGroup, by committer: RoomGroup) throws {
            let candidate = GroupCandidate(id: joiner.id, keyPackage: joiner.keyPackage())
            groups.removeAll { $0 === joiner }
            let commit = try committer.commit(adding: [candidate], removing: [])
            try follow(commit, by: committer, as: .answer(adding: [candidate], removing: []))
            try joiner.join(commit.welcome, tree: book.tree, host: groups[0].id)
            groups.append(joiner)
        }

        mutating func follow(
            _ commit: GroupCommit, by committer: RoomGroup, as purpose: CommitPurpose = .update
        ) throws {
            book = try book.stage(commit.commit, from: committer.id, as: purpose).book
            for group in groups { _ = try group.received(commit: commit.commit, from: committer.id) }
        }

        mutating func remove(_ gone: RoomGroup, by committer: RoomGroup) throws {
            groups.removeAll { $0 === gone }
            try follow(
                try committer.commit(adding: [], removing: [gone.id]), by: committer,
                as: .answer(adding: [], removing: [gone.id]))
        }

        func expectModerators(_ expected: RoomGroup..., none: RoomGroup...) {
            for group in groups { #expect(group.moderators == Set(expected.map(\.id))) }
            #expect(expected.allSatisfy { book.isModerator($0.id) } && !none.contains { book.isModerator($0.id) })
        }
    }

    @Test("Who has gone does not moderate when it comes again, whoever has removed it", arguments: [false, true])
    func gone(isAtRelay: Bool) throws {
        var world = try World(isAtRelay: isAtRelay, members: 3)
        let (creator, one, two) = (world.groups[0], world.groups[1], world.groups[2])
        // At a host its own participant lets all in.
        let committer = isAtRelay ? two : creator
        try world.follow(try creator.commit(moderator: one.id, isModerator: true), by: creator)
        // In its own place it does.
        try world.letIn(one, by: committer)
        world.expectModerators(creator, one, none: two)
        try world.remove(one, by: committer)
        world.expectModerators(creator, none: one, two)
        try world.letIn(one, by: committer)
        world.expectModerators(creator, none: one, two)
        // The creator is one for good.
        try world.remove(creator, by: two)
        #expect(!world.book.isModerator(creator.id))
        if isAtRelay {
            try world.letIn(creator, by: two)
            world.expectModerators(creator, none: one, two)
        }
    }

    @Test(
        "Nobody removes a moderator and leaves it in the list, takes out another one, or puts keys in that nobody has")
    func hidden() throws {
        var world = try World(isAtRelay: true, members: 4)
        let (creator, one, two, three) = (world.groups[0], world.groups[1], world.groups[2], world.groups[3])
        for member in [one, two] {
            try world.follow(try creator.commit(moderator: member.id, isModerator: true), by: creator)
        }
        let terms = try #require(three.terms)
        let keys = try [one, two, three].map { try #require(three.signatureKey(of: $0.id)) }
        func isTaken(_ proposals: [Proposal], by committer: RoomGroup, as purpose: CommitPurpose) throws -> Bool {
            var commit = GroupCommit(epoch: committer.epoch, commit: [])
            try committer.stage(proposals, forcesPath: true, in: &commit)
            defer { committer.dropPendingCommit() }
            let isBooked = (try? world.book.stage(commit.commit, from: committer.id, as: purpose)) != nil
            #expect(two.canFollow(commit, from: committer.id) == isBooked)
            return isBooked
        }
        func setting(_ key: [UInt8], _ isModerator: Bool) throws -> Proposal {
            var next = terms
            next.roles = try #require(terms.roles.setting(key, isModerator: isModerator))
            return .groupContextExtensions(next.extensions)
        }
        let removal = Proposal.remove(try #require(three.leaves[one.id]))
        let purpose = CommitPurpose.answer(adding: [], removing: [one.id])
        #expect(try isTaken([removal, setting(keys[0], false)], by: three, as: purpose))
        #expect(try !isTaken([removal], by: three, as: purpose))
        #expect(try !isTaken([removal, setting(keys[1], false)], by: three, as: purpose))
        #expect(try !isTaken([removal, setting(keys[2], true)], by: creator, as: purpose))
        #expect(try isTaken([setting(keys[2], true)], by: one, as: .update))
        #expect(try !isTaken([setting(key(9), true)], by: one, as: .update))
    }
}
