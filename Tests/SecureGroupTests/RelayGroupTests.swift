import Chat
import Room
import Sodium
import Testing

@testable import MLS
@testable import SecureGroup

/// Groups at a relay: who comes in knows the group's secret, and sees that the group does.
@Suite struct RelayGroupTests {
    /// Members of a relay's room that get every Commit.
    private final class World {
        let secret: GroupSecret
        var groups: [RoomGroup]
        /// What the relay keeps of the current epoch.
        var info: [UInt8]
        var tree: [UInt8] { groups[0].publicTree }
        var epoch: UInt64 { groups[0].epoch }

        init(_ count: Int = 1) throws {
            SodiumLibrary.initialize()
            let creator = RoomGroup(trust: .first, time: 1_000_000)
            _ = creator.keyPackage()
            try creator.create()
            secret = try #require(creator.secret)
            groups = [creator]
            info = creator.groupInfo
            for _ in 1..<count { try add(joiner()) }
        }

        func joiner() -> RoomGroup { RoomGroup(trust: .secret(secret), time: 1_000_000) }

        func commit(by committer: Int = 0, adding: [GroupCandidate] = [], removing: [MemberID] = []) throws
            -> GroupCommit
        {
            let commit = try groups[committer].commit(adding: adding, removing: removing)
            if !commit.commit.isEmpty { try receive(commit, from: groups[committer].id) }
            return commit
        }

        func receive(_ commit: GroupCommit, from sender: MemberID) throws {
            for group in groups { _ = try group.received(commit: commit.commit, from: sender) }
            info = commit.groupInfo
        }

        func add(_ joiner: RoomGroup, by committer: Int = 0) throws {
            let commit = try commit(
                by: committer, adding: [.init(id: joiner.id, keyPackage: joiner.keyPackage())])
            #expect(commit.added == [joiner.id])
            try joiner.join(commit.welcome, tree: groups[0].publicTree, host: nil)
            groups.append(joiner)
        }

        /// Nobody is asked: the joiner comes in by itself.
        func addExternally(_ joiner: RoomGroup) throws {
            let commit = try joiner.commitExternally(info, tree: tree, epoch: epoch)
            try receive(commit, from: joiner.id)
            try joiner.enterExternally()
            groups.append(joiner)
        }

        func checkAgreement() throws {
            #expect(Set(groups.map(\.chainStart)).count == 1)
            #expect(groups.allSatisfy { $0.members == Set(groups.map(\.id)) })
            let sealed = try groups[0].seal([1, 2], id: MessageID(epoch))
            for group in groups.dropFirst() {
                #expect(try group.open(sealed, id: MessageID(epoch), from: groups[0].id).plaintext == [1, 2])
            }
        }
    }

    private static let otherSecret = GroupSecret()

    @Test("The first one makes the secret; who knows it is let in by any member, or comes in by itself")
    func comingIn() throws {
        let world = try World(3)
        try world.add(world.joiner(), by: 2)
        try world.checkAgreement()
        let late = world.joiner()
        _ = late.keyPackage()
        try world.addExternally(late)
        try world.checkAgreement()
        _ = try world.commit(by: 4)
        try world.add(world.joiner(), by: 4)
        _ = try world.commit(removing: [world.groups.removeLast().id])
        try world.checkAgreement()
        let another = world.joiner()
        _ = another.keyPackage()
        try world.addExternally(another)
        try world.checkAgreement()
    }

    @Test("Who does not show the group's secret is not added: no proof, one of another secret, another's")
    func candidatesWithoutProof() throws {
        let world = try World(2)
        let without = RoomGroup(trust: .address, time: 1_000_000)
        let wrong = RoomGroup(trust: .secret(Self.otherSecret), time: 1_000_000)
        let right = world.joiner()
        let stolen = try package(proof: world.secret.proof(for: world.groups[1].publicKey.bytes))
        let short = try package(proof: Extension(type: ExtensionType(rawValue: 0xf771), data: []))
        let candidates = [
            GroupCandidate(id: without.id, keyPackage: without.keyPackage()),
            GroupCandidate(id: wrong.id, keyPackage: wrong.keyPackage()), stolen, short,
            GroupCandidate(id: right.id, keyPackage: right.keyPackage()),
        ]
        let commit = try world.commit(by: 1, adding: candidates)
        #expect(commit.refused == candidates.dropLast().map(\.id))
        #expect(commit.added == [right.id])
        try right.join(commit.welcome, tree: world.tree, host: nil)
    }

    private func package(proof: Extension?) throws -> GroupCandidate {
        let key = Ed25519.KeyPair()
        let id = RoomGroup.id(of: key.publicKey.bytes)
        let package = OwnKeyPackage(
            suite: RoomGroup.suite, credential: .basic(identity: []), signingKey: key.clone(),
            lifetime: Lifetime(notBefore: 0, notAfter: 100),
            capabilities: RoomGroup.leafNodeProfile(isAtRelay: true).capabilities,
            leafExtensions: proof.map { [$0] } ?? [])
        return GroupCandidate(id: id, keyPackage: package.message)
    }

    @Test("A member that adds somebody without proof is not followed")
    func memberAddsAStranger() throws {
        let world = try World(2)
        let stranger = try package(proof: nil).keyPackage
        guard case .keyPackage(let package) = try MLSMessage(checkingLengthOf: stranger) else { return }
        let commit = try world.groups[1].withGroup { (group) throws(MLSError) in
            group.configuration = GroupConfiguration()
            return try group.commit([.add(package)], at: nil).commit
        }
        #expect(throws: GroupError.forged) {
            try world.groups[0].received(commit: commit, from: world.groups[1].id)
        }
    }

    @Test("A relay's own group is believed by nobody: the secret is not in its keys")
    func falseGroup() throws {
        let world = try World()
        // The relay's group, as a host's would be.
        let relay = RoomGroup(trust: .host, time: 1_000_000)
        _ = relay.keyPackage()
        try relay.create()
        func welcome(_ joiner: RoomGroup) throws -> (welcome: [UInt8], tree: [UInt8]) {
            defer { relay.dropPendingCommit() }
            let welcome = try relay.withGroup { (group) throws(MLSError) -> [UInt8] in
                group.configuration = GroupConfiguration()
                guard case .keyPackage(let package) = try MLSMessage(checkingLengthOf: joiner.keyPackage()) else {
                    throw .misuse
                }
                return try group.commit([.add(package)], includesTree: false, at: nil).welcome ?? []
            }
            return (welcome, relay.publicTree)
        }
        let invited = world.joiner()
        let first = RoomGroup(trust: .first, time: 1_000_000)
        for (joiner, error) in [(invited, GroupError.cannotJoin), (first, .wrongCreator)] {
            let bytes = try welcome(joiner)
            #expect(throws: error) { try joiner.join(bytes.welcome, tree: bytes.tree, host: relay.id) }
        }
        let byAddress = RoomGroup(trust: .address, time: 1_000_000)
        let unmarked = try welcome(byAddress)
        #expect(throws: GroupError.wrongCreator) {
            try byAddress.join(unmarked.welcome, tree: unmarked.tree, host: nil)
        }
        // What the host marks as its own is all that somebody with an address alone can go by.
        let marked = try welcome(byAddress)
        try byAddress.join(marked.welcome, tree: marked.tree, host: relay.id)
        // Then it does not begin a group later because the host says so.
        _ = byAddress.keyPackage()
        #expect(throws: GroupError.wrongCreator) { try byAddress.create() }
        // A relay that guesses at the secret makes a group with another one.
        let guessing = RoomGroup(trust: .first, time: 1_000_000)
        _ = guessing.keyPackage()
        try guessing.create()
        let commit = try guessing.withGroup { (group) throws(MLSError) -> [UInt8] in
            guard case .keyPackage(let package) = try MLSMessage(checkingLengthOf: invited.keyPackage()) else {
                throw .misuse
            }
            let key = PreSharedKeyID(
                source: .external(identifier: Array("TermTalk group secret".utf8)), nonce: Random.bytes(32))
            return try group.commit([.add(package), .preSharedKey(key)], includesTree: false, at: nil).welcome ?? []
        }
        #expect(throws: GroupError.cannotJoin) { try invited.join(commit, tree: guessing.publicTree, host: nil) }
    }

    @Test("Who has an invite creates no group; the first one may do so again, with its secret")
    func creating() throws {
        let world = try World()
        let invited = world.joiner()
        let host = Ed25519.KeyPair()
        let ofHost = RoomGroup(trust: .creator(host.publicKey), time: 1_000_000)
        for joiner in [invited, ofHost] {
            _ = joiner.keyPackage()
            #expect(throws: GroupError.wrongCreator) { try joiner.create() }
        }
        let secret = try #require(world.groups[0].secret)
        _ = world.groups[0].keyPackage()
        try world.groups[0].create()
        #expect(world.groups[0].secret === secret)
    }

    @Test("An external Commit without key or proof, over another's leaf, or in a host's room is refused")
    func forgedExternalCommits() throws {
        let world = try World(2)
        let (info, tree) = (world.info, world.tree)
        let victim = world.groups[1].publicKey.bytes
        /// What somebody sends who has seen a GroupInfo.
        func external(proof: Bool, key: PreSharedKeys?, removing: Bool = false) throws -> (GroupCandidate, Bool) {
            let signing = Ed25519.KeyPair()
            let package = OwnKeyPackage(
                suite: RoomGroup.suite, credential: .basic(identity: []), signingKey: signing.clone(),
                lifetime: Lifetime(notBefore: 0, notAfter: 100),
                capabilities: RoomGroup.leafNodeProfile(isAtRelay: true).capabilities,
                leafExtensions: proof ? [world.secret.proof(for: signing.publicKey.bytes)] : [])
            let leaf = try world.groups[0].withGroup { (group) throws(MLSError) in
                group.members.first { $0.signatureKey == victim }?.leaf
            }
            let join = try ExternalJoin(
                groupInfo: info, as: package, suite: RoomGroup.suite, tree: tree, replacing: removing ? leaf : nil,
                identifiers: key == nil ? [] : [world.secret.newKeyID()], preSharedKeys: key ?? PreSharedKeys())
            let candidate = GroupCandidate(id: RoomGroup.id(of: signing.publicKey.bytes), keyPackage: join.commit)
            return (candidate, (try? world.groups[0].received(commit: join.commit, from: candidate.id)) != nil)
        }
        let key = world.secret.preSharedKeys
        #expect(try !external(proof: true, key: nil).1)
        #expect(try !external(proof: false, key: key).1)
        #expect(try !external(proof: true, key: Self.otherSecret.preSharedKeys).1)
        #expect(try !external(proof: true, key: key, removing: true).1)
        // Under another's id, with all that it takes.
        let (good, isTaken) = try external(proof: true, key: key)
        #expect(isTaken)
        #expect(throws: GroupError.forged) {
            try world.groups[1].received(commit: good.keyPackage, from: world.groups[0].id)
        }
        _ = try world.groups[1].received(commit: good.keyPackage, from: good.id)
        // In a host's room.
        let host = RoomGroup(trust: .host, time: 1_000_000)
        _ = host.keyPackage()
        try host.create()
        let hostInfo = try host.withGroup { (group) throws(MLSError) in
            try group.groupInfo(allowsExternalCommit: true)
        }
        let package = OwnKeyPackage(
            suite: RoomGroup.suite, credential: .basic(identity: []), signingKey: Ed25519.KeyPair(),
            lifetime: Lifetime(notBefore: 0, notAfter: 100),
            capabilities: RoomGroup.leafNodeProfile(isAtRelay: false).capabilities)
        let join = try ExternalJoin(groupInfo: hostInfo, as: package, suite: RoomGroup.suite)
        let id = RoomGroup.id(of: package.keyPackage.leafNode.signatureKey)
        #expect(throws: GroupError.forged) { try host.received(commit: join.commit, from: id) }
    }

    @Test("Of an old GroupInfo comes a Commit that nobody takes, and another one can be made of the new")
    func staleGroupInfo() throws {
        let world = try World(2)
        let (old, tree, epoch) = (world.info, world.tree, world.epoch)
        _ = try world.commit(by: 1)
        let late = world.joiner()
        _ = late.keyPackage()
        let stale = try late.commitExternally(old, tree: tree, epoch: epoch)
        // Asked again, because it was slow: whichever of the two is accepted, it is that of the group it has.
        #expect(try late.commitExternally(old, tree: tree, epoch: epoch) == stale)
        #expect(throws: GroupError.otherEpoch) { try world.groups[0].received(commit: stale.commit, from: late.id) }
        try world.addExternally(late)
        try world.checkAgreement()
    }

    @Test("A GroupInfo that is changed, of another epoch or another secret, or with another tree, opens nothing")
    func groupInfos() throws {
        let world = try World(2)
        let late = world.joiner()
        _ = late.keyPackage()
        let tree = world.tree
        for index in stride(from: 0, to: world.info.count, by: 7) {
            var changed = world.info
            changed[index] ^= 1
            #expect(throws: GroupError.cannotJoin) {
                try late.commitExternally(changed, tree: tree, epoch: world.epoch)
            }
        }
        for epoch in [world.epoch + 1, .max] {
            #expect(throws: GroupError.cannotJoin) { try late.commitExternally(world.info, tree: tree, epoch: epoch) }
        }
        for other in [[], Array(tree.dropLast()), try World(2).tree] {
            #expect(throws: GroupError.cannotJoin) {
                try late.commitExternally(world.info, tree: other, epoch: world.epoch)
            }
        }
        let stranger = RoomGroup(trust: .secret(Self.otherSecret), time: 1_000_000)
        _ = stranger.keyPackage()
        #expect(throws: GroupError.cannotJoin) {
            try stranger.commitExternally(world.info, tree: tree, epoch: world.epoch)
        }
        let uninvited = RoomGroup(trust: .address, time: 1_000_000)
        _ = uninvited.keyPackage()
        #expect(throws: GroupError.wrongCreator) {
            try uninvited.commitExternally(world.info, tree: tree, epoch: world.epoch)
        }
        #expect(!late.hasExternalCommit)
        try world.addExternally(late)
    }

    @Test("Who comes back after its place is lost replaces its former leaf, by itself too")
    func comingBackExternally() throws {
        let world = try World(3)
        let back = world.groups.removeLast()
        _ = back.keyPackage()
        let commit = try back.commitExternally(world.info, tree: world.tree, epoch: world.epoch)
        for group in world.groups {
            let change = try group.received(commit: commit.commit, from: back.id)
            #expect(change.added == [back.id] && change.removed.isEmpty && change.changedKeys.isEmpty)
        }
        try back.enterExternally()
        world.groups.append(back)
        try world.checkAgreement()
    }

    @Test("Another secret makes another proof")
    func proofs() {
        SodiumLibrary.initialize()
        let secret = GroupSecret()
        let key = Ed25519.KeyPair().publicKey.bytes
        #expect(secret.proof(for: key) != Self.otherSecret.proof(for: key))
        #expect(secret.proof(for: key).data.count == 64)
    }
}
