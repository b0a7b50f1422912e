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
}
