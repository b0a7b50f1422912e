import Chat
import Room
import Sodium
import TestSupport
import Testing
import Wire

@testable import MLS
@testable import SecureGroup

/// A member that builds by hand what no client of ours makes, and signs it.
@Suite struct HostileMemberTests {
    /// Groups of one room, and a member of it that is an MLS group without any rule of ours.
    private final class World {
        let host: RoomGroup
        let victim: RoomGroup
        var attacker: Group
        let key: Ed25519.KeyPair
        var id: MemberID { RoomGroup.id(of: key.publicKey.bytes) }

        init() throws {
            SodiumLibrary.initialize()
            host = RoomGroup(creator: nil, time: 1_000_000)
            _ = host.keyPackage()
            try host.create()
            victim = RoomGroup(creator: host.publicKey, time: 1_000_000)
            key = Ed25519.KeyPair()
            let package = OwnKeyPackage.ofRoom(key.clone())
            let candidates = [
                GroupCandidate(id: victim.id, keyPackage: victim.keyPackage()),
                GroupCandidate(id: RoomGroup.id(of: key.publicKey.bytes), keyPackage: package.message),
            ]
            let commit = try host.commit(adding: candidates, removing: [])
            #expect(commit.refused.isEmpty)
            _ = try host.received(commit: commit.commit, from: host.id)
            try victim.join(commit.welcome, tree: host.publicTree, host: host.id)
            attacker = try Group(
                joining: commit.welcome, with: package, suite: RoomGroup.suite, tree: host.publicTree,
                configuration: GroupConfiguration(encryptsHandshake: false))
        }

        /// What the others make of a Commit of the attacker's with these proposals, which is in order but for what it says.
        func isTaken(_ proposals: [Proposal], authenticatedData: [UInt8] = []) throws -> [Bool] {
            let outgoing = try attacker.commit(proposals, authenticatedData: authenticatedData, at: nil)
            var commit = GroupCommit(epoch: host.epoch, commit: outgoing.commit)
            commit.groupInfo = try attacker.pendingGroupInfo(allowsExternalCommit: true, includesTree: false)
            attacker.dropPendingCommit()
            return [host, victim].map { $0.canFollow(commit, from: id) }
        }
    }

    @Test("Members that no client makes are added by nobody, and followed by nobody who adds them")
    func leaves() throws {
        let world = try World()
        #expect(try world.isTaken([.add(OwnKeyPackage.ofRoom().keyPackage)]) == [true, true])
        #expect(try world.isTaken([]) == [true, true])
        let proof = GroupSecret.proofExtension
        let strange: [OwnKeyPackage.Strange] = [
            .init(identity: [1]), .init(identity: [UInt8](repeating: 1, count: 520_000)),
            .init(
                capabilities: [GroupRoles.extensionType]
                    + (0..<20_000).map { ExtensionType(rawValue: 0x8000 + $0) }),
            .init(extensions: [Extension(type: .applicationID, data: [UInt8](repeating: 1, count: 100_000))]),
            .init(
                capabilities: [proof, GroupRoles.extensionType],
                extensions: [Extension(type: proof, data: [UInt8](repeating: 1, count: 16))]),
        ]
        for strange in strange {
            let package = OwnKeyPackage.ofRoom(strange: strange)
            #expect(try world.isTaken([.add(package.keyPackage)]) == [false, false])
            let id = RoomGroup.id(of: package.keyPackage.leafNode.signatureKey)
            let commit = try world.host.commit(
                adding: [GroupCandidate(id: id, keyPackage: package.message)], removing: [])
            #expect(commit.refused == [id] && commit.commit.isEmpty)
        }
    }

    @Test("Authenticated data of a Commit is empty")
    func authenticatedData() throws {
        let world = try World()
        #expect(try world.isTaken([], authenticatedData: [1]) == [false, false])
        #expect(try world.isTaken([]) == [true, true])
    }

    @Test("A Commit that is longer than any can be is not looked into")
    func longCommits() throws {
        let world = try World()
        let limit = RoomGroup.largestProposals + 1_024 + 512 + 14 * 40 + 3 * 82
        func refusal(_ byteCount: Int) -> GroupError? {
            do throws(GroupError) {
                _ = try world.victim.received(commit: [UInt8](repeating: 1, count: byteCount), from: world.id)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal(limit) == .forged && refusal(limit + 1) == .forged)
        #expect(world.victim.commitByteLimit == limit)
    }

    @Test("A group with any extension in its context but that of moderators, or an id of another length, is no room's")
    func contexts() throws {
        SodiumLibrary.initialize()
        let key = Ed25519.KeyPair()
        let roles = GroupTerms(roles: GroupRoles(creator: key.publicKey.bytes), proofKeys: nil).extensions
        let roomID = [UInt8](repeating: 1, count: 16)
        for (id, extensions, isRoom) in [
            (roomID, roles, true), ([1], roles, false), (roomID, [], false),
            (roomID, roles + [Extension(type: .applicationID, data: [])], false),
        ] {
            var creator = try Group(
                creating: id, as: OwnKeyPackage.ofRoom(key.clone()), suite: RoomGroup.suite, extensions: extensions)
            let joiner = RoomGroup(trust: .creator(key.publicKey), time: 1_000_000)
            guard case .keyPackage(let package) = try MLSMessage(checkingLengthOf: joiner.keyPackage()) else { return }
            let welcome = try creator.commit([.add(package)], includesTree: false, at: nil).welcome
            try creator.applyPendingCommit()
            var error: GroupError?
            do throws(GroupError) {
                try joiner.join(welcome ?? [], tree: creator.encodedTree(), host: nil)
            } catch let found {
                error = found
            }
            #expect(error == (isRoom ? nil : .wrongCreator), "\(id) \(extensions.map(\.type))")
        }
    }

    @Test("Whatever Commits were accepted, the answer for one more fits what the room has foreseen", arguments: 1...6)
    func answersFit(seed: UInt64) throws {
        SodiumLibrary.initialize()
        var random = SeededRandom(seed: seed)
        let isAtRelay = seed % 2 == 0
        let first = RoomGroup(trust: isAtRelay ? .first : .host, time: 1_000_000)
        _ = first.keyPackage()
        var book: any GroupBook = try PublicRoomGroup(
            founding: first.create(), by: first.id, isAtRelay: isAtRelay)
        var groups = [first]
        for _ in 0..<60 {
            let actor = groups[random.below(groups.count)]
            let others = groups.filter { $0 !== actor }
            let gone = random.below(3) == 0 ? others.prefix(random.below(4)).map(\.id) : []
            let joiners = (0..<(gone.isEmpty ? random.below(6) : 0)).map { _ in
                RoomGroup(
                    trust: first.secret.map(GroupTrust.secret) ?? .creator(first.publicKey), time: 1_000_000)
            }
            let by = joiners.isEmpty || isAtRelay ? actor : first
            let offered = joiners.map { GroupCandidate(id: $0.id, keyPackage: $0.keyPackage()) }
            let commit = try by.commit(adding: offered, removing: gone.filter { $0 != by.id })
            let weight = MemberRequest.commit(commit).encoded.body.count
            #expect(weight <= book.answerByteCount(adding: joiners.count, removing: commit.removed.count))
            #expect(commit.welcome.count <= RoomLimits.welcomeByteCount)
            #expect(commit.groupInfo.count <= RoomLimits.groupInfoByteCount)
            let candidates = commit.added.isEmpty ? [] : offered
            let booked = try book.stage(
                commit.commit, from: by.id, as: .answer(adding: candidates, removing: commit.removed))
            #expect(Set(booked.added) == Set(commit.added) && Set(booked.removed) == Set(commit.removed))
            book = booked.book
            #expect(commit.groupInfo.isEmpty || book.accepts(groupInfo: commit.groupInfo))
            #expect(book.tree.count <= RoomLimits.treeByteCount(members: book.memberCount))
            groups.removeAll { commit.removed.contains($0.id) }
            for group in groups { _ = try group.received(commit: commit.commit, from: by.id) }
            for joiner in joiners { try joiner.join(commit.welcome, tree: book.tree, host: first.id) }
            groups += joiners
            for group in groups {
                #expect(group.epoch == book.epoch && group.members == Set(book.members))
                #expect(group.publicTree == book.tree)
            }
            if !groups.contains(where: { $0 === first }) { break }
        }
    }
}
