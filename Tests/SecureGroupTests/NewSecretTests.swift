import Chat
import Room
import Sodium
import Testing

@testable import MLS
@testable import SecureGroup

/// A relay's group gets another secret: who was sent out knows the old one, and that lets nobody in any more.
@Suite struct NewSecretTests {
    /// Members of a relay's room that get every Commit, and the relay's book.
    private final class World {
        var groups: [RoomGroup]
        var book: any GroupBook
        var info: [UInt8]

        init(_ count: Int) throws {
            SodiumLibrary.initialize()
            let creator = RoomGroup(trust: .first, time: 1_000_000)
            _ = creator.keyPackage()
            book = try PublicRoomGroup(founding: creator.create(), by: creator.id, isAtRelay: true)
            groups = [creator]
            info = creator.groupInfo
            for _ in 1..<count { try add(joiner()) }
        }

        func joiner() throws -> RoomGroup { Self.joiner(try #require(groups[0].secret)) }

        static func joiner(_ secret: GroupSecret) -> RoomGroup {
            RoomGroup(trust: .secret(secret), time: 1_000_000)
        }

        func take(_ commit: GroupCommit, by id: MemberID, as purpose: CommitPurpose) throws {
            let staged = try book.stage(commit.commit, from: id, as: purpose)
            #expect(staged.book.accepts(groupInfo: commit.groupInfo))
            book = staged.book
            info = commit.groupInfo
            for group in groups { _ = try group.received(commit: commit.commit, from: id) }
        }

        func add(_ joiner: RoomGroup) throws {
            let candidate = GroupCandidate(id: joiner.id, keyPackage: joiner.keyPackage())
            #expect(book.wouldAccept(candidate))
            let commit = try groups[0].commit(adding: [candidate], removing: [])
            #expect(commit.added == [joiner.id])
            try take(commit, by: groups[0].id, as: .answer(adding: [candidate], removing: []))
            try joiner.join(commit.welcome, tree: book.tree, host: nil)
            groups.append(joiner)
        }

        func removeLast() throws -> RoomGroup {
            let gone = groups.removeLast()
            let commit = try groups[0].commit(adding: [], removing: [gone.id])
            try take(commit, by: groups[0].id, as: .answer(adding: [], removing: [gone.id]))
            return gone
        }

        func renew(by index: Int = 0) throws {
            try take(try groups[index].commitNewSecret(), by: groups[index].id, as: .update)
        }

        var secrets: Set<[UInt8]> {
            Set(groups.compactMap { $0.secret?.secret.withBytes { bytes in bytes.indices.map { bytes[$0] } } })
        }
    }

    @Test("All who are there have it without a word, and only with it does somebody come in, by a member or by itself")
    func renewing() throws {
        let world = try World(4)
        let old = try #require(world.groups[0].secret)
        let before = world.secrets
        let gone = try world.removeLast()
        try world.renew()
        #expect(world.secrets.count == 1 && world.secrets.isDisjoint(with: before))
        #expect(world.book.secretGeneration == 1 && world.groups.allSatisfy { $0.secretGeneration == 1 })
        // Neither by the old secret, nor by the keys of a member that was there.
        for late in [World.joiner(old), gone] {
            let candidate = GroupCandidate(id: late.id, keyPackage: late.keyPackage())
            #expect(!world.book.wouldAccept(candidate))
            #expect(try world.groups[1].commit(adding: [candidate], removing: []).refused == [late.id])
            #expect(throws: GroupError.cannotJoin) {
                try late.commitExternally(world.info, tree: world.book.tree, epoch: world.book.epoch)
            }
        }
        // A Commit from outside, made by a program that does not ask.
        let key = Ed25519.KeyPair()
        let package = OwnKeyPackage(
            suite: RoomGroup.suite, credential: .basic(identity: []), signingKey: key.clone(),
            lifetime: Lifetime(notBefore: 0, notAfter: 100),
            capabilities: RoomGroup.leafNodeProfile(isAtRelay: true).capabilities,
            leafExtensions: [old.proof(for: key.publicKey.bytes)])
        let join = try ExternalJoin(
            groupInfo: world.info, as: package, suite: RoomGroup.suite, tree: world.book.tree,
            identifiers: [old.newKeyID()], preSharedKeys: old.preSharedKeys)
        let id = RoomGroup.id(of: key.publicKey.bytes)
        #expect(throws: GroupError.forged) { _ = try world.book.stage(join.commit, from: id, as: .external) }
        #expect(throws: GroupError.forged) { _ = try world.groups[0].received(commit: join.commit, from: id) }
        try world.add(try world.joiner())
        let alone = try world.joiner()
        _ = alone.keyPackage()
        let commit = try alone.commitExternally(world.info, tree: world.book.tree, epoch: world.book.epoch)
        try world.take(commit, by: alone.id, as: .external)
        try alone.enterExternally()
        world.groups.append(alone)
        // Who came before gives itself new keys, and lets others in.
        try world.take(try world.groups[1].commit(adding: [], removing: []), by: world.groups[1].id, as: .update)
        try world.add(try world.joiner())
        #expect(Set(world.groups.map(\.chainStart)).count == 1 && world.secrets.count == 1)
    }

    @Test("Nobody but a moderator puts another secret in its place, and no other than the one that all can make")
    func forged() throws {
        let world = try World(3)
        let one = world.groups[1]
        let forged = try one.commitNewSecret()
        #expect(throws: GroupError.forged) { _ = try world.book.stage(forged.commit, from: one.id, as: .update) }
        #expect(throws: GroupError.forged) { _ = try world.groups[2].received(commit: forged.commit, from: one.id) }
        one.dropPendingCommit()
        // A moderator's own choice: the relay cannot see that, the others do.
        var terms = try #require(world.groups[0].terms)
        terms.proofKeys = terms.proofKeys?.renewed(by: GroupSecret().mark)
        var commit = GroupCommit(epoch: world.book.epoch, commit: [])
        try world.groups[0].stage([.groupContextExtensions(terms.extensions)], forcesPath: true, in: &commit)
        #expect(throws: Never.self) { _ = try world.book.stage(commit.commit, from: world.groups[0].id, as: .update) }
        #expect(throws: GroupError.forged) {
            _ = try one.received(commit: commit.commit, from: world.groups[0].id)
        }
        world.groups[0].dropPendingCommit()
        // A list that is shorter, changed, or has two more.
        let keys = try #require(world.groups[0].terms?.proofKeys)
        let two = keys.renewed(by: GroupSecret().mark)?.renewed(by: GroupSecret().mark)
        for next in [two, GroupProofKeys(first: GroupSecret().mark), nil] {
            #expect(
                !GroupTerms(roles: terms.roles, proofKeys: keys).mayBecome(
                    GroupTerms(roles: terms.roles, proofKeys: next), by: terms.roles.keys[0]))
        }
        try world.renew()
        #expect(world.secrets.count == 1)
    }

    @Test("So often and no more")
    func limit() throws {
        let world = try World(2)
        for _ in 1..<GroupProofKeys.limit { try world.renew() }
        #expect(world.book.secretGeneration == UInt64(GroupProofKeys.limit - 1))
        #expect(throws: GroupError.unavailable) { _ = try world.groups[0].commitNewSecret() }
        try world.add(try world.joiner())
        #expect(world.info.count <= RoomLimits.groupInfoByteCount)
        try world.take(
            try world.groups[0].commit(moderator: world.groups[1].id, isModerator: true), by: world.groups[0].id,
            as: .update)
    }

    @Test("A Commit that is undone takes its secret with it")
    func undone() throws {
        let world = try World(2)
        let before = world.secrets
        let epoch = world.book.epoch
        try world.renew()
        try world.renew()
        world.groups[0].goBack(to: epoch + 1)
        #expect(world.secrets.count == 2 && world.secrets.isDisjoint(with: before))
        for group in world.groups { group.goBack(to: epoch) }
        #expect(world.secrets == before)
    }
}
