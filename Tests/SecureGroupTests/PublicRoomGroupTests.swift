import Chat
import Room
import Sodium
import TestSupport
import Testing

@testable import MLS
@testable import SecureGroup

/// The room's book of its group: what it takes of those who are in the group, and of those who are not.
@Suite struct PublicRoomGroupTests {
    /// Members of a room, and its book.
    private final class World {
        let isAtRelay: Bool
        var groups: [RoomGroup]
        var book: any GroupBook

        init(_ count: Int, isAtRelay: Bool = false) throws {
            SodiumLibrary.initialize()
            self.isAtRelay = isAtRelay
            let creator = RoomGroup(trust: isAtRelay ? .first : .host, time: 1_000_000)
            _ = creator.keyPackage()
            book = try PublicRoomGroup(founding: creator.create(), by: creator.id, isAtRelay: isAtRelay)
            groups = [creator]
            for _ in 1..<count {
                let joiner = self.joiner()
                let candidate = GroupCandidate(id: joiner.id, keyPackage: joiner.keyPackage())
                let commit = try groups[0].commit(adding: [candidate], removing: [])
                try take(commit, by: 0, .answer(adding: [candidate], removing: []))
                try joiner.join(commit.welcome, tree: book.tree, host: groups[0].id)
                groups.append(joiner)
            }
        }

        func joiner() -> RoomGroup {
            RoomGroup(
                trust: groups[0].secret.map(GroupTrust.secret) ?? .creator(groups[0].publicKey), time: 1_000_000)
        }

        func take(_ commit: GroupCommit, by committer: Int, _ purpose: CommitPurpose) throws {
            book = try book.stage(commit.commit, from: groups[committer].id, as: purpose).book
            for group in groups { _ = try group.received(commit: commit.commit, from: groups[committer].id) }
        }

        func error(_ commit: [UInt8], by sender: MemberID, _ purpose: CommitPurpose) -> GroupError? {
            do throws(GroupError) {
                _ = try book.stage(commit, from: sender, as: purpose)
                return nil
            } catch {
                return error
            }
        }
    }

    @Test("A group begins with its creator alone, in epoch 0, in the form of a room's", arguments: [false, true])
    func founding(isAtRelay: Bool) throws {
        let world = try World(2, isAtRelay: isAtRelay)
        let (creator, other) = (world.groups[0], world.groups[1])
        func refusal(_ info: [UInt8], by id: MemberID, isAtRelay: Bool = isAtRelay) -> GroupError? {
            do throws(GroupError) {
                _ = try PublicRoomGroup(founding: info, by: id, isAtRelay: isAtRelay)
                return nil
            } catch {
                return error
            }
        }
        let alone = RoomGroup(trust: isAtRelay ? .first : .host, time: 1_000_000)
        _ = alone.keyPackage()
        let info = try alone.create()
        #expect(info.count <= RoomLimits.groupInfoByteCount)
        #expect(refusal(info, by: alone.id) == nil)
        #expect(refusal(info, by: creator.id) == .forged)
        #expect(refusal(info, by: alone.id, isAtRelay: !isAtRelay) == .forged)
        #expect(refusal(alone.groupInfo, by: alone.id) == .forged, "without the tree")
        for index in info.indices {
            var changed = info
            changed[index] ^= 1
            #expect(refusal(changed, by: alone.id) == .forged, "byte \(index)")
        }
        // Signed by the creator, with another list of extensions.
        func changedInfo(_ change: (inout [Extension]) -> Void) throws -> [UInt8] {
            guard case .groupInfo(let known) = try MLSMessage(checkingLengthOf: info) else { throw MLSError.misuse }
            var extensions = known.extensions
            change(&extensions)
            return try alone.withGroup { (group) throws(MLSError) in
                MLSMessage.groupInfo(
                    GroupInfo(
                        context: known.context, extensions: extensions, confirmationTag: known.confirmationTag,
                        signer: known.signer, suite: RoomGroup.suite, key: group.signingKey)
                ).encoded
            }
        }
        #expect(refusal(try changedInfo { _ in }, by: alone.id) == nil)
        for key in [[UInt8](repeating: 0, count: 32), Array(repeating: 5, count: 31)] {
            let changed = try changedInfo { extensions in
                extensions[1] = Extension(type: .externalPub, data: [UInt8(key.count)] + key)
            }
            #expect(refusal(changed, by: alone.id) == .forged, "a key of \(key.count) bytes")
        }
        #expect(refusal(try changedInfo { $0.removeLast() }, by: alone.id) == .forged, "no key for external Commits")
        let more = Extension(type: ExtensionType(rawValue: 0xf999), data: [1])
        #expect(refusal(try changedInfo { $0.append(more) }, by: alone.id) == .forged)
        let later = try other.withGroup { (group) throws(MLSError) in
            try group.groupInfo(allowsExternalCommit: true)
        }
        #expect(refusal(later, by: other.id) == .forged && refusal(later, by: creator.id) == .forged)
    }

    @Test("A KeyPackage is known by its leaf's key, whatever else is in it, and what is none by itself")
    func marks() {
        SodiumLibrary.initialize()
        let group = RoomGroup(creator: nil, time: 1_000_000)
        let keyPackage = group.keyPackage()
        var other = keyPackage
        other[other.count - 1] ^= 1
        #expect(PublicRoomGroup.mark(of: other) == PublicRoomGroup.mark(of: keyPackage))
        #expect(PublicRoomGroup.mark(of: group.keyPackage()) != PublicRoomGroup.mark(of: keyPackage))
        #expect(PublicRoomGroup.mark(of: [1]) == [1])
    }

    @Test("A Commit does what it is for, and nothing else", arguments: [false, true])
    func purposes(isAtRelay: Bool) throws {
        let world = try World(4, isAtRelay: isAtRelay)
        let (mallory, victim) = (world.groups[1], world.groups[2].id)
        let joiner = world.joiner()
        let old = GroupCandidate(id: joiner.id, keyPackage: joiner.keyPackage())
        let candidate = GroupCandidate(id: joiner.id, keyPackage: joiner.keyPackage())
        func error(
            adding: [GroupCandidate] = [], removing: [MemberID] = [], _ purpose: CommitPurpose,
            by sender: MemberID? = nil
        ) throws -> GroupError? {
            let commit = try mallory.commit(adding: adding, removing: removing)
            defer { mallory.dropPendingCommit() }
            return world.error(commit.commit, by: sender ?? mallory.id, purpose)
        }
        #expect(try error(.update) == nil)
        #expect(try error(.update, by: victim) == .forged, "another's")
        #expect(try error(.external) == .forged)
        #expect(try error(.answer(adding: [candidate], removing: [victim])) == nil, "new keys are as good")
        #expect(try error(adding: [candidate], .answer(adding: [candidate], removing: [])) == nil)
        #expect(try error(adding: [candidate], .update) == .forged)
        #expect(try error(adding: [candidate], .answer(adding: [], removing: [victim])) == .forged)
        #expect(
            try error(adding: [old], .answer(adding: [candidate], removing: [])) == .forged,
            "a KeyPackage that it has shown before")
        #expect(try error(removing: [victim], .answer(adding: [], removing: [victim])) == nil)
        #expect(try error(removing: [victim], .answer(adding: [candidate], removing: [])) == .forged)
        #expect(try error(removing: [victim, world.groups[3].id], .answer(adding: [], removing: [victim])) == .forged)
        // Who comes back gets a new leaf for the old one.
        let back = GroupCandidate(id: victim, keyPackage: world.groups[2].keyPackage())
        #expect(try error(adding: [back], .answer(adding: [back], removing: [])) == nil)
        #expect(try error(removing: [victim], .answer(adding: [back], removing: [])) == .forged)
        #expect(world.book.contains(victim) && !world.book.contains(joiner.id) && world.book.memberCount == 4)
        let commit = try mallory.commit(adding: [back], removing: [world.groups[3].id])
        let booked = try world.book.stage(
            commit.commit, from: mallory.id, as: .answer(adding: [back], removing: [world.groups[3].id]))
        #expect(booked.added == [victim] && booked.removed == [world.groups[3].id])
        #expect(booked.book.memberCount == 3 && world.book.memberCount == 4, "and undone by keeping the old")
        #expect(world.error([1, 2, 3], by: mallory.id, .update) == .forged)
        world.groups.remove(at: 2)
        // Of an epoch that is over.
        mallory.dropPendingCommit()
        let late = try mallory.commit(adding: [], removing: [])
        try world.take(world.groups[0].commit(adding: [], removing: []), by: 0, .update)
        #expect(world.error(late.commit, by: mallory.id, .update) == .otherEpoch)
    }

    @Test("At a relay somebody comes in with the group's key, and with something that can be a proof, only")
    func keys() throws {
        let world = try World(2, isAtRelay: true)
        let committer = world.groups[1]
        let joiner = world.joiner()
        let candidate = GroupCandidate(id: joiner.id, keyPackage: joiner.keyPackage())
        func error(_ change: (inout [Proposal]) -> Void) throws -> GroupError? {
            let package = try #require(PublicRoomGroup.keyPackage(of: candidate))
            var proposals: [Proposal] = [.add(package)]
            change(&proposals)
            let commit = try committer.withGroup { (group) throws(MLSError) in
                defer { group.dropPendingCommit() }
                return try group.commit(proposals, includesTree: false, at: nil).commit
            }
            return world.error(commit, by: committer.id, .answer(adding: [candidate], removing: []))
        }
        let key = { Proposal.preSharedKey(try #require(world.groups[0].secret).newKeyID()) }
        let (one, two) = (try key(), try key())
        #expect(try error { $0.append(one) } == nil)
        #expect(try error { _ in } == .forged)
        #expect(try error { $0 += [one, two] } == .forged)
        #expect(try error { $0 = [one] } == .forged, "nobody comes")
        let strange = OwnKeyPackage.ofRoom(
            strange: .init(
                capabilities: [GroupSecret.proofExtension, GroupRoles.extensionType],
                extensions: [Extension(type: GroupSecret.proofExtension, data: [1])]))
        let id = RoomGroup.id(of: strange.keyPackage.leafNode.signatureKey)
        #expect(!world.book.wouldAccept(GroupCandidate(id: id, keyPackage: strange.message)))
        #expect(world.book.wouldAccept(candidate))
        #expect(!world.book.wouldAccept(GroupCandidate(id: id, keyPackage: candidate.keyPackage)))
        // By itself.
        let external = try joiner.commitExternally(
            world.groups[0].groupInfo, tree: world.book.tree, epoch: world.book.epoch)
        #expect(world.error(external.commit, by: joiner.id, .external) == nil)
        #expect(world.error(external.commit, by: joiner.id, .update) == .forged)
        #expect(world.error(external.commit, by: committer.id, .external) == .forged)
        let booked = try world.book.stage(external.commit, from: joiner.id, as: .external)
        #expect(
            booked.book.accepts(groupInfo: external.groupInfo) && !world.book.accepts(groupInfo: external.groupInfo))
        #expect(world.book.accepts(groupInfo: world.groups[1].groupInfo))
    }

    @Test("The host's own participant comes back by itself, knowing nothing, in its former place; nobody else does")
    func hostComesBack() throws {
        let key = Ed25519.KeyPair()
        let again = { RoomGroup(trust: .creator(key.publicKey), time: 1_000_000, signingKey: key.clone()) }
        let world = try World(1)
        world.groups = [again()]
        _ = world.groups[0].keyPackage()
        world.book = try PublicRoomGroup(
            founding: world.groups[0].create(), by: world.groups[0].id, isAtRelay: false)
        var info: [UInt8] = []
        for _ in 0..<2 {
            let joiner = world.joiner()
            let candidate = GroupCandidate(id: joiner.id, keyPackage: joiner.keyPackage())
            let commit = try world.groups[0].commit(adding: [candidate], removing: [])
            info = commit.groupInfo
            try world.take(commit, by: 0, .answer(adding: [candidate], removing: []))
            #expect(world.book.accepts(groupInfo: info))
            try joiner.join(commit.welcome, tree: world.book.tree, host: world.groups[0].id)
            world.groups.append(joiner)
        }
        // Only what the room has is left.
        world.book = try PublicRoomGroup(resuming: info, tree: world.book.tree, isAtRelay: false)
        let (epoch, tree) = (world.book.epoch, world.book.tree)
        let host = again()
        #expect(host.id == world.groups[0].id)
        _ = host.keyPackage()
        let commit = try host.commitExternally(info, tree: tree, epoch: epoch)
        let booked = try world.book.stage(commit.commit, from: host.id, as: .external)
        #expect(booked.added == [host.id] && booked.removed.isEmpty && booked.book.memberCount == 3)
        #expect(booked.book.accepts(groupInfo: commit.groupInfo))
        let stranger = Ed25519.KeyPair()
        let mallory = RoomGroup(trust: .creator(stranger.publicKey), time: 1_000_000, signingKey: stranger.clone())
        _ = mallory.keyPackage()
        let forced = try mallory.commitExternally(info, tree: tree, epoch: epoch)
        #expect(world.error(forced.commit, by: mallory.id, .external) == .forged)
        #expect(throws: GroupError.forged) {
            try world.groups[1].received(commit: forced.commit, from: mallory.id)
        }
        let guest = world.joiner()
        _ = guest.keyPackage()
        #expect(throws: GroupError.wrongCreator) { try guest.commitExternally(info, tree: tree, epoch: epoch) }
        for member in world.groups[1...] { _ = try member.received(commit: commit.commit, from: host.id) }
        try host.enterExternally()
        let id = MessageID(1)
        let said = try host.seal([1, 2], id: id)
        for member in world.groups[1...] {
            #expect(try member.open(said, id: id, from: host.id).plaintext == [1, 2])
            #expect(member.chainStart == host.chainStart)
        }
        for wrong in [info.flippingBit(100), Array(info.dropLast())] {
            #expect(throws: GroupError.forged) {
                try PublicRoomGroup(resuming: wrong, tree: tree, isAtRelay: false)
            }
        }
        #expect(throws: GroupError.forged) { try PublicRoomGroup(resuming: info, tree: tree, isAtRelay: true) }
    }

    @Test("A Commit that is longer than what it is for can be is not looked into")
    func lengths() throws {
        let world = try World(3)
        let limit = 1_024 + 512 + 14 * 40 + 3 * 82 + 128 + 640
        #expect(world.book.answerByteCount(adding: 0, removing: 0) >= limit)
        let commit = try world.groups[1].commit(adding: [], removing: [])
        #expect(commit.commit.count <= limit)
        #expect(world.error(commit.commit, by: world.groups[1].id, .update) == nil)
        for count in [limit, limit + 1] {
            let padded = commit.commit + [UInt8](repeating: 0, count: count - commit.commit.count)
            #expect(world.error(padded, by: world.groups[1].id, .update) == .forged)
        }
    }
}
