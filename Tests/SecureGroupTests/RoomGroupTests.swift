import Chat
import MLS
import Room
import Sodium
import Testing

@testable import SecureGroup

@Suite struct RoomGroupTests {
    /// Groups in one room; everybody gets every Commit.
    private final class World {
        var groups: [RoomGroup] = []

        init(_ count: Int) throws {
            SodiumLibrary.initialize()
            let creator = RoomGroup(creator: nil, time: 1_000_000)
            _ = creator.keyPackage()
            try creator.create()
            groups = [creator]
            for _ in 1..<count { try add(RoomGroup(creator: creator.publicKey, time: 1_000_000)) }
        }

        func add(_ joiner: RoomGroup, by adder: Int = 0) throws {
            let commit = try groups[adder].commit(
                adding: [.init(id: joiner.id, keyPackage: joiner.keyPackage())], removing: [])
            #expect(commit.added == [joiner.id] && commit.refused.isEmpty)
            for group in groups { _ = try group.received(commit: commit.commit, from: groups[adder].id) }
            try joiner.join(commit.welcome, tree: groups[0].publicTree, host: groups[0].id)
            groups.append(joiner)
        }

        func update(by updater: Int) throws {
            let commit = try groups[updater].commit(adding: [], removing: [])
            for group in groups { _ = try group.received(commit: commit.commit, from: groups[updater].id) }
        }
    }

    private static let text: [UInt8] = [1, 2, 3]

    @Test func allReadAll() throws {
        let world = try World(5)
        try world.update(by: 3)
        #expect(Set(world.groups.map(\.epoch)) == [5])
        #expect(Set(world.groups.map(\.chainStart)).count == 1)
        #expect(world.groups.allSatisfy { $0.members == Set(world.groups.map(\.id)) })
        for (speaker, group) in world.groups.enumerated() {
            let sealed = try group.seal(Self.text, id: MessageID(7))
            for (index, other) in world.groups.enumerated() where index != speaker {
                let opened = try other.open(sealed, id: MessageID(7), from: group.id)
                #expect(opened == OpenedMessage(plaintext: Self.text, epoch: 5))
            }
        }
    }

    @Test func messagesAreBoundToSenderAndID() throws {
        let world = try World(3)
        let sealed = try world.groups[1].seal(Self.text, id: MessageID(7))
        let sender = world.groups[1].id
        #expect(throws: GroupError.forged) {
            try world.groups[2].open(sealed, id: MessageID(8), from: sender)
        }
        for index in [0, 20, sealed.count / 2, sealed.count - 1] {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: GroupError.self) { try world.groups[2].open(changed, id: MessageID(7), from: sender) }
        }
        #expect(throws: GroupError.forged) {
            try world.groups[2].open(sealed, id: MessageID(7), from: world.groups[0].id)
        }
        #expect(try world.groups[0].open(sealed, id: MessageID(7), from: sender).plaintext == Self.text)
        #expect(throws: GroupError.replayed) { try world.groups[0].open(sealed, id: MessageID(7), from: sender) }
    }

    @Test func messagesOfSixteenEpochsAgoAreReadAndNoOlderOnes() throws {
        let world = try World(2)
        let sender = world.groups[1].id
        let sealed = try (0..<2).map { try world.groups[1].seal(Self.text, id: MessageID($0)) }
        let whispered = try (2..<4).map {
            try world.groups[1].sealPrivately(Self.text, id: MessageID($0), to: world.groups[0].id)
        }
        for _ in 0..<RoomLimits.epochsBack { try world.update(by: 0) }
        #expect(try world.groups[0].open(sealed[0], id: MessageID(0), from: sender).epoch == 1)
        #expect(try world.groups[0].openPrivately(whispered[0], id: MessageID(2), from: sender).epoch == 1)
        try world.update(by: 0)
        #expect(throws: GroupError.otherEpoch) {
            try world.groups[0].open(sealed[1], id: MessageID(1), from: sender)
        }
        #expect(throws: GroupError.otherEpoch) {
            try world.groups[0].openPrivately(whispered[1], id: MessageID(3), from: sender)
        }
    }

    @Test func privateTextIsForItsReceiverOnly() throws {
        let world = try World(3)
        let (alice, bob, eve) = (world.groups[0], world.groups[1], world.groups[2])
        let sealed = try alice.sealPrivately(Self.text, id: MessageID(1), to: bob.id)
        #expect(throws: GroupError.self) { try eve.openPrivately(sealed, id: MessageID(1), from: alice.id) }
        #expect(throws: GroupError.self) { try bob.openPrivately(sealed, id: MessageID(2), from: alice.id) }
        #expect(throws: GroupError.forged) { try bob.openPrivately(sealed, id: MessageID(1), from: eve.id) }
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: GroupError.self) { try bob.openPrivately(changed, id: MessageID(1), from: alice.id) }
        }
        #expect(try bob.openPrivately(sealed, id: MessageID(1), from: alice.id).plaintext == Self.text)
        #expect(throws: GroupError.replayed) { try bob.openPrivately(sealed, id: MessageID(1), from: alice.id) }
        let longer = try alice.sealPrivately([UInt8](repeating: 1, count: 250), id: MessageID(3), to: bob.id)
        #expect(longer.count == sealed.count)
    }

    @Test func removedMembersReadNothingMore() throws {
        let world = try World(3)
        let gone = world.groups.removeLast()
        let commit = try world.groups[0].commit(adding: [], removing: [gone.id])
        for group in world.groups {
            let change = try group.received(commit: commit.commit, from: world.groups[0].id)
            #expect(change.removed == [gone.id])
            #expect(group.members == Set(world.groups.map(\.id)))
        }
        let sealed = try world.groups[0].seal(Self.text, id: MessageID(1))
        #expect(throws: GroupError.self) { try gone.open(sealed, id: MessageID(1), from: world.groups[0].id) }
        #expect(throws: GroupError.self) { try gone.received(commit: commit.commit, from: world.groups[0].id) }
    }

    @Test func whoComesBackGetsANewLeafUnderTheSameID() throws {
        let world = try World(3)
        let back = world.groups.removeLast()
        let id = back.id
        let commit = try world.groups[0].commit(
            adding: [.init(id: id, keyPackage: back.keyPackage())], removing: [])
        for group in world.groups {
            let change = try group.received(commit: commit.commit, from: world.groups[0].id)
            #expect(change.added == [id] && change.removed.isEmpty && change.changedKeys.isEmpty)
        }
        try back.join(commit.welcome, tree: world.groups[0].publicTree, host: nil)
        let sealed = try back.seal(Self.text, id: MessageID(1))
        #expect(try world.groups[1].open(sealed, id: MessageID(1), from: id).plaintext == Self.text)
    }

    @Test("What can be followed is followed; what is none, or another's, or adds who is there, cannot be")
    func commitsAreChecked() throws {
        let world = try World(3)
        let (host, mallory, other) = (world.groups[0], world.groups[1], world.groups[2])
        #expect(!host.canFollow(GroupCommit(epoch: 0, commit: [1, 2, 3]), from: mallory.id))
        // None of that has changed anything.
        try world.update(by: 2)
        let update = try mallory.commit(adding: [], removing: [])
        #expect(!host.canFollow(update, from: other.id))
        #expect(!host.canFollow(update, from: host.id))
        #expect(host.canFollow(update, from: mallory.id))
        #expect(!mallory.canFollow(update, from: mallory.id))
        // With the key for external Commits of another epoch, nobody could come in from outside.
        var elsewhere = update
        elsewhere.groupInfo = host.groupInfo
        #expect(!host.canFollow(elsewhere, from: mallory.id))
        elsewhere.groupInfo = []
        #expect(!host.canFollow(elsewhere, from: mallory.id))
        #expect(Set(world.groups.map(\.chainStart)).count == 1)
    }

    @Test("A Commit that was accepted by the look of it is followed, and so is another one that comes in its place")
    func checkedCommits() throws {
        let world = try World(3)
        let (host, other) = (world.groups[0], world.groups[1])
        let update = try other.commit(adding: [], removing: [])
        #expect(host.canFollow(update, from: other.id))
        for group in world.groups { _ = try group.received(commit: update.commit, from: other.id) }
        #expect(Set(world.groups.map(\.chainStart)).count == 1)

        let removal = try other.commit(adding: [], removing: [world.groups[2].id])
        #expect(host.canFollow(removal, from: other.id))
        try world.update(by: 2)
        #expect(Set(world.groups.map(\.chainStart)).count == 1)

        // Somebody who believes the one that commits.
        let back = RoomGroup(creator: other.publicKey, time: 1_000_000)
        let commit = try other.commit(
            adding: [.init(id: back.id, keyPackage: back.keyPackage())], removing: [])
        #expect(host.canFollow(commit, from: other.id))
        for group in world.groups { _ = try group.received(commit: commit.commit, from: other.id) }
        try back.join(commit.welcome, tree: other.publicTree, host: other.id)
        #expect(back.chainStart == host.chainStart)
    }

    @Test func aCommitThatLostIsDropped() throws {
        let world = try World(3)
        let lost = try world.groups[2].commit(adding: [], removing: [])
        #expect(world.groups[2].hasPendingCommit)
        try world.update(by: 1)
        #expect(!world.groups[2].hasPendingCommit)
        #expect(throws: GroupError.otherEpoch) {
            try world.groups[0].received(commit: lost.commit, from: world.groups[2].id)
        }
        #expect(Set(world.groups.map(\.chainStart)).count == 1)
    }

    @Test("A KeyPackage that is damaged, another's, or of another id is refused, and the others come in")
    func unusableKeyPackages() throws {
        let world = try World(2)
        let good = RoomGroup(creator: nil, time: 1_000_000)
        let bad = RoomGroup(creator: nil, time: 1_000_000)
        let other = RoomGroup(creator: nil, time: 1_000_000)
        var damaged = bad.keyPackage()
        damaged[damaged.count - 1] ^= 1
        let commit = try world.groups[0].commit(
            adding: [
                .init(id: bad.id, keyPackage: damaged), .init(id: good.id, keyPackage: good.keyPackage()),
                .init(id: MemberID(entropy: 1), keyPackage: other.keyPackage()),
                .init(id: world.groups[0].id, keyPackage: [1]),
            ], removing: [])
        #expect(commit.added == [good.id])
        #expect(commit.refused == [bad.id, MemberID(entropy: 1), world.groups[0].id])
        try good.join(commit.welcome, tree: world.groups[0].publicTree, host: world.groups[0].id)
        #expect(good.members.count == 3)
    }

    @Test("A KeyPackage lets its owner in once, also when somebody else has kept it")
    func spentKeyPackages() throws {
        let world = try World(3)
        let gone = RoomGroup(creator: nil, time: 1_000_000)
        let candidate = GroupCandidate(id: gone.id, keyPackage: gone.keyPackage())
        for (adding, removing) in [([candidate], []), ([], [gone.id])] {
            let commit = try world.groups[0].commit(adding: adding, removing: removing)
            for group in world.groups { _ = try group.received(commit: commit.commit, from: world.groups[0].id) }
        }
        for group in world.groups {
            let again = try group.commit(adding: [candidate], removing: [])
            #expect(again.refused == [gone.id] && again.added.isEmpty && again.commit.isEmpty)
        }
        // One that does it all the same is followed by nobody who knows.
        let commit = try world.groups[1].withGroup { (group) throws(MLSError) in
            guard case .keyPackage(let package) = try MLSMessage(checkingLengthOf: candidate.keyPackage) else {
                throw .misuse
            }
            return try group.commit([.add(package)], includesTree: false, at: nil).commit
        }
        for group in [world.groups[0], world.groups[2]] {
            #expect(!group.canFollow(GroupCommit(epoch: group.epoch, commit: commit), from: world.groups[1].id))
        }
        // A new one of the same member is.
        world.groups[1].dropPendingCommit()
        let fresh = try world.groups[1].commit(
            adding: [.init(id: gone.id, keyPackage: gone.keyPackage())], removing: [])
        #expect(world.groups[0].canFollow(fresh, from: world.groups[1].id))
    }

    @Test("The latest values are remembered: at the limit all, past it not the oldest")
    func recentSet() {
        var recent = RecentSet<Int>(limit: 3)
        let inserted = [1, 2, 3, 1, 4, 2, 1, 1].map { recent.insert($0) }
        #expect(inserted == [true, true, true, false, true, false, true, false])
        let left = (1...4).filter { recent.contains($0) }
        #expect(left == [1, 3, 4])
    }

    @Test("Private messages are told apart by sender and epoch; at the limit all count, and past it none is shown")
    func openedPrivately() {
        var opened = OpenedPrivately()
        let (alice, bob) = (MemberID(entropy: 1), MemberID(entropy: 2))
        func failure(_ id: Int, _ sender: MemberID, _ epoch: UInt64) -> GroupError? {
            do throws(GroupError) {
                try opened.insert(MessageID(UInt64(id)), from: sender, epoch: epoch)
                return nil
            } catch {
                return error
            }
        }
        let first = (0..<OpenedPrivately.limit - 1).compactMap { failure($0, alice, 5) }
        #expect(first.isEmpty)
        let atTheLimit = [failure(0, alice, 5), failure(OpenedPrivately.limit - 1, alice, 5)]
        #expect(atTheLimit == [.replayed, nil])
        let more = [
            failure(OpenedPrivately.limit, alice, 5), failure(0, bob, 5), failure(0, bob, 5), failure(0, alice, 6),
            failure(0, alice, 6),
        ]
        #expect(more == [.forged, nil, .replayed, nil, .replayed])
        opened.forget(before: 6)
        let afterwards = [failure(0, alice, 6), failure(0, alice, 5)]
        #expect(afterwards == [.replayed, nil])
    }

    @Test("A key is remembered for its id, and past the limit for those who are there")
    func pinnedKeys() {
        var pinned = PinnedKeys(limit: 2)
        let ids = (1...3).map { MemberID(entropy: $0) }
        func note(_ key: UInt8, _ index: Int) -> Bool {
            defer { pinned.trim { $0 == ids[2] } }
            return pinned.note([key], of: ids[index])
        }
        let atTheLimit = [note(1, 0), note(2, 1), note(1, 0), note(9, 0), note(9, 0)]
        #expect(atTheLimit == [false, false, false, true, false])
        let pastIt = [note(3, 2), note(1, 0), note(4, 2)]
        #expect(pastIt == [false, false, true])
    }

    @Test("Candidates that do not go together come in one at a time")
    func candidatesThatDoNotGoTogether() throws {
        let world = try World(2)
        let joiner = RoomGroup(creator: nil, time: 1_000_000)
        let candidate = GroupCandidate(id: joiner.id, keyPackage: joiner.keyPackage())
        let commit = try world.groups[0].commit(adding: [candidate, candidate], removing: [])
        #expect(commit.added == [joiner.id] && commit.refused.isEmpty)
        try joiner.join(commit.welcome, tree: world.groups[0].publicTree, host: world.groups[0].id)
        #expect(joiner.members.count == 3)
    }

    @Test("A KeyPackage tells the day, and not the time, by its owner's clock")
    func lifetime() throws {
        for time: UInt64 in [0, 86_399, 86_400 * 3 + 5] {
            let joiner = RoomGroup(creator: nil, time: time)
            guard case .keyPackage(let package) = try MLSMessage(checkingLengthOf: joiner.keyPackage()),
                case .keyPackage(let lifetime) = package.leafNode.source
            else {
                Issue.record("no KeyPackage")
                continue
            }
            #expect(lifetime.notBefore % 86_400 == 0 && lifetime.notAfter % 86_400 == 0)
            #expect(lifetime.notBefore <= time && lifetime.notAfter > time)
        }
    }

    @Test("A Welcome is believed from the creator only")
    func creator() throws {
        let world = try World(2)
        func welcome(_ joiner: RoomGroup, by adder: Int) throws -> (welcome: [UInt8], tree: [UInt8]) {
            let commit = try world.groups[adder].commit(
                adding: [.init(id: joiner.id, keyPackage: joiner.keyPackage())], removing: [])
            defer { world.groups[adder].dropPendingCommit() }
            return (commit.welcome, world.groups[adder].publicTree)
        }
        let invited = RoomGroup(creator: world.groups[0].publicKey, time: 1_000_000)
        let byOther = try welcome(invited, by: 1)
        #expect(throws: GroupError.wrongCreator) {
            try invited.join(byOther.welcome, tree: byOther.tree, host: world.groups[1].id)
        }
        let uninvited = RoomGroup(creator: nil, time: 1_000_000)
        let again = try welcome(uninvited, by: 1)
        #expect(throws: GroupError.wrongCreator) {
            try uninvited.join(again.welcome, tree: again.tree, host: world.groups[0].id)
        }
        let rightly = try welcome(invited, by: 0)
        try invited.join(rightly.welcome, tree: rightly.tree, host: nil)
        #expect(invited.members.count == 3)
        // Somebody else's Welcome, and bytes that are none.
        let stranger = RoomGroup(creator: nil, time: 1_000_000)
        _ = stranger.keyPackage()
        #expect(throws: GroupError.cannotJoin) { try stranger.join(rightly.welcome, tree: rightly.tree, host: nil) }
        _ = stranger.keyPackage()
        #expect(throws: GroupError.cannotJoin) { try stranger.join([1, 2, 3], tree: rightly.tree, host: nil) }
    }

    @Test func shortTextsLookAlike() throws {
        let world = try World(2)
        let sizes = try [0, 1, 100, 250].map {
            try world.groups[0].seal([UInt8](repeating: 1, count: $0), id: MessageID(UInt64($0))).count
        }
        #expect(Set(sizes).count == 1, "\(sizes)")
        // 3 bytes of the record and 20 of the message around it fit the smallest sealed message.
        #expect(sizes[0] + 23 <= 462, "\(sizes)")
    }
}
