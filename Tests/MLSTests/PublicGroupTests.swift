import Sodium
import TestSupport
import Testing
import Wire

@testable import MLS

/// What a delivery service follows of a group, beside its members.
@Suite struct PublicGroupTests {
    private static let room = GroupConfiguration(
        encryptsHandshake: false,
        leafNodePolicy: LeafNodePolicy(time: nil, profile: Client.profile))

    /// Somebody with a key, in the group or on the way.
    fileprivate final class Client {
        static let suite = CipherSuite.x25519ChaChaPoly
        static let proof = ExtensionType(rawValue: 0xF771)
        static let profile = LeafNodeProfile(
            credential: .basic(identity: []),
            capabilities: Capabilities(cipherSuites: [suite.identifier], extensions: [proof]), extensions: [proof],
            byteCount: 512)
        static let keyName: [UInt8] = [7]
        static let key = SecretBytes(randomCount: 32)

        let signingKey: Ed25519.KeyPair
        private(set) var package: OwnKeyPackage
        var member: TestMember?

        init(_ signingKey: consuming Ed25519.KeyPair = Ed25519.KeyPair()) {
            self.signingKey = signingKey
            package = Self.newPackage(self.signingKey.clone())
        }

        static func newPackage(_ key: consuming Ed25519.KeyPair) -> OwnKeyPackage {
            OwnKeyPackage(
                suite: suite, credential: profile.credential, signingKey: key,
                lifetime: Lifetime(notBefore: 0, notAfter: 2_592_000), capabilities: profile.capabilities,
                leafExtensions: [Extension(type: proof, data: Random.bytes(64))])
        }

        static var preSharedKeys: PreSharedKeys {
            var keys = PreSharedKeys()
            keys.addExternal(key.clone(), identifier: keyName)
            return keys
        }

        static var keyID: PreSharedKeyID {
            PreSharedKeyID(source: .external(identifier: keyName), nonce: Random.bytes(32))
        }

        func member(or issue: Comment = "not in") throws -> TestMember { try #require(member, issue) }

        func join(_ welcome: [UInt8], tree: [UInt8]) throws {
            member = TestMember(
                try Group(
                    joining: welcome, with: package, suite: Self.suite, tree: tree,
                    configuration: PublicGroupTests.room, preSharedKeys: Self.preSharedKeys))
        }

        func external(_ info: [UInt8], tree: [UInt8], resyncs: Bool = false) throws -> ExternalJoin {
            try ExternalJoin(
                groupInfo: info, as: package, suite: Self.suite, tree: tree, replacesOwnKey: resyncs,
                identifiers: [Self.keyID], configuration: PublicGroupTests.room, preSharedKeys: Self.preSharedKeys)
        }

        func commit(_ proposals: [Proposal], forcesPath: Bool = true) throws -> OutgoingCommit {
            try member().group.commit(proposals, forcesPath: forcesPath, includesTree: false, at: nil)
        }

        func groupInfo(allowsExternalCommit: Bool = true, includesTree: Bool = false) throws -> [UInt8] {
            try member().group.groupInfo(
                allowsExternalCommit: allowsExternalCommit, includesTree: includesTree)
        }

        var context: GroupContext? { member?.group.context }
        var encodedTree: [UInt8]? { member?.group.encodedTree() }
        var members: [Member]? { member?.group.members }
    }

    /// Members of a group, and the one that follows it.
    fileprivate final class World {
        var clients: [Client]
        var service: PublicGroup

        init(_ count: Int = 1) throws {
            SodiumLibrary.initialize()
            let creator = Client()
            creator.member = TestMember(
                try Group(
                    creating: [UInt8](repeating: 1, count: 16), as: Client.newPackage(creator.signingKey.clone()),
                    suite: Client.suite, configuration: PublicGroupTests.room, preSharedKeys: Client.preSharedKeys))
            clients = [creator]
            service = try PublicGroup(
                groupInfo: creator.groupInfo(includesTree: true), suite: Client.suite,
                policy: PublicGroupTests.room.leafNodePolicy)
            for _ in 1..<max(count, 1) {
                let joiner = Client()
                try deliver(try clients[clients.count - 1].commit([.add(joiner.package.keyPackage)]), to: [joiner])
            }
        }

        /// The service takes a Commit, and so does everybody; then all have the same.
        func deliver(
            _ outgoing: OutgoingCommit, to joiners: [Client] = [], external: (Client, TestMember)? = nil
        ) throws {
            let staged = try service.stage(outgoing.commit)
            service = staged.group
            let removed = Set(staged.effects.removed.map(\.signatureKey))
            for client in clients where client !== external?.0 {
                let effects = try client.member().take(outgoing.commit)
                #expect(effects.added == staged.effects.added && effects.removed == staged.effects.removed)
                #expect(effects.committer == staged.effects.committer && effects.epoch == staged.effects.epoch)
                #expect(effects.preSharedKeys == staged.effects.preSharedKeys)
            }
            clients.removeAll { removed.contains($0.signingKey.publicKey.bytes) && $0 !== external?.0 }
            for joiner in joiners { try joiner.join(#require(outgoing.welcome), tree: service.tree.encoded) }
            clients += joiners
            if let (client, member) = external {
                client.member = member
                if !clients.contains(where: { $0 === client }) { clients.append(client) }
            }
            for client in clients {
                #expect(client.context == service.context && client.encodedTree == service.tree.encoded)
                #expect(client.members == service.members)
            }
        }

        func refusal(_ bytes: [UInt8]) -> MLSError? {
            do throws(MLSError) {
                _ = try service.stage(bytes)
                return nil
            } catch {
                return error
            }
        }
    }

    // MARK: Whatever happens

    @Test("After each Commit that members make, tree, context and members are theirs", arguments: [UInt64](1...6))
    func randomCommits(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let world = try World()
        var done: [Int: Int] = [:]
        for _ in 0..<60 {
            let actor = world.clients[random.below(world.clients.count)]
            let kind =
                world.clients.count < 3 ? random.below(2) : world.clients.count > 14 ? 3 : random.below(7)
            try step(kind, world, actor, &random)
            done[kind, default: 0] += 1
            let info = try world.clients[random.below(world.clients.count)].groupInfo()
            #expect(try world.service.check(groupInfo: info).leafNode.encoded.count < 512)
        }
        #expect(done.count == 7, "\(done)")
    }

    private func step(_ kind: Int, _ world: World, _ actor: Client, _ random: inout SeededRandom) throws {
        let others = world.clients.filter { $0 !== actor }.shuffled(using: &random)
        let joiners = (0...random.below(3)).map { _ in Client() }
        let adds = joiners.map { Proposal.add($0.package.keyPackage) }
        switch kind {
        case 0: try flipAndDeliver(actor.commit(adds, forcesPath: false), to: joiners, world, &random)
        case 1:
            try flipAndDeliver(actor.commit(adds + [.preSharedKey(Client.keyID)]), to: joiners, world, &random)
        case 2: try flipAndDeliver(actor.commit([]), world, &random)
        case 3:
            let leaves = try others.prefix(1 + random.below(2)).map { try $0.member().leaf }
            try flipAndDeliver(actor.commit(leaves.map(Proposal.remove)), world, &random)
        case 4:
            let leaf = try #require(others.first).member().leaf
            try flipAndDeliver(
                actor.commit([.remove(leaf)] + adds + [.preSharedKey(Client.keyID)]), to: joiners, world, &random)
        default:
            // Somebody comes in, or comes back, by itself.
            let back = kind == 5 ? nil : others.first
            let client = Client(back?.signingKey.clone() ?? Ed25519.KeyPair())
            let join = try client.external(
                actor.groupInfo(), tree: world.service.tree.encoded, resyncs: back != nil)
            let outgoing = OutgoingCommit(
                commit: join.commit, welcome: nil, effects: try world.effects(of: join.commit))
            #expect(outgoing.effects.isExternal && outgoing.effects.removed.count == (back == nil ? 0 : 1))
            try world.deliver(outgoing, external: (client, TestMember(join.accepted())))
        }
    }

    /// No bit of it may be another one.
    private func flipAndDeliver(
        _ outgoing: OutgoingCommit, to joiners: [Client] = [], _ world: World, _ random: inout SeededRandom
    ) throws {
        for _ in 0..<3 {
            // Behind that come the two tags, which only members can check.
            let bit = random.below(8 * (outgoing.commit.count - 67))
            #expect(world.refusal(outgoing.commit.flippingBit(bit)) != nil, "bit \(bit)")
        }
        try world.deliver(outgoing, to: joiners)
    }

    // MARK: What is refused

    @Test("What a member signs and is not in order is refused, each for its reason")
    func hostileCommits() throws {
        let world = try World(5)
        let (actor, other) = (world.clients[1], world.clients[2])
        let outgoing = try actor.commit([])
        let commit = try outgoing.commit.commitInside()
        func refusal(_ change: (inout Commit) throws -> Void) throws -> MLSError? {
            var changed = commit
            try change(&changed)
            return world.refusal(try actor.member().group.forge(.commit(changed)))
        }
        #expect(try refusal { _ in } == nil)
        #expect(try refusal { $0.path = nil } == .proposal(.missingPath))
        #expect(try refusal { $0.path?.nodes.removeLast() } == .tree(.wrongPathLength))
        #expect(
            try refusal { $0.path?.nodes[0].encryptedPathSecret.append(HPKECiphertext(kemOutput: [], ciphertext: [])) }
                == .tree(.wrongCiphertextCount))
        #expect(
            try refusal { $0.path?.nodes[0].encryptedPathSecret[0].ciphertext = [UInt8](repeating: 0, count: 100_000) }
                == .tree(.wrongCiphertextLength))
        #expect(
            try refusal { $0.path?.nodes[0].encryptionKey = X25519.PrivateKey().publicKey.bytes }
                == .tree(.invalidParentHash))
        #expect(try refusal { $0.path?.leafNode.extensions = [] } == .tree(.notOfProfile))
        let own = try actor.member().leaf
        #expect(try refusal { $0.proposals = [.proposal(.remove(own))] } == .proposal(.removesCommitter))
        #expect(
            try refusal { $0.proposals = [.proposal(.remove(LeafIndex(rawValue: 99)))] } == .tree(.noSuchMember))
        #expect(try refusal { $0.proposals = [.reference([1])] } == .proposal(.unknownReference))
        let twice = try other.member().group.member(at: other.member().leaf)?.leafNode
        let double = KeyPackage(cipherSuite: Client.suite.identifier, initKey: [], leafNode: try #require(twice))
        #expect(try refusal { $0.proposals = [.proposal(.add(double))] } != nil)
        #expect(world.refusal(try other.member().group.forge(.proposal(.remove(own)))) == .misuse)
        #expect(world.refusal([1, 2, 3]) != nil)
        #expect(world.refusal(outgoing.commit) == nil, "and none of that has changed anything")
    }

    @Test("A Commit that nobody can follow is taken, and undone: the value of before is the group of before")
    func undoing() throws {
        let world = try World(4)
        let before = world.service
        let outgoing = try world.clients[1].commit([])
        var commit = try outgoing.commit.commitInside()
        for node in commit.path?.nodes.indices ?? 0..<0 {
            for index in commit.path?.nodes[node].encryptedPathSecret.indices ?? 0..<0 {
                commit.path?.nodes[node].encryptedPathSecret[index].ciphertext[0] ^= 1
            }
        }
        let junk = try world.clients[1].member().group.forge(.commit(commit))
        world.service = try world.service.stage(junk).group
        for index in [0, 2, 3] { #expect(try world.clients[index].member().refusal(junk) != nil) }
        #expect(world.refusal(try world.clients[0].commit([]).commit) == .wrongEpoch)
        world.service = before
        try world.clients[0].member().group.dropPendingCommit()
        try world.clients[1].member().group.dropPendingCommit()
        try world.deliver(world.clients[0].commit([]))
    }

    @Test("A GroupInfo is of this epoch, signed by a member, and says nothing more")
    func groupInfos() throws {
        let world = try World(3)
        let good = try world.clients[1].groupInfo()
        #expect(try world.service.check(groupInfo: good).leaf == world.clients[1].member().leaf)
        func refusal(_ bytes: [UInt8]) -> MLSError? {
            do throws(MLSError) {
                _ = try world.service.check(groupInfo: bytes)
                return nil
            } catch {
                return error
            }
        }
        for bit in 0..<8 * good.count { #expect(refusal(good.flippingBit(bit)) != nil, "bit \(bit)") }
        #expect(refusal(try world.clients[1].groupInfo(includesTree: true)) == .cannotJoin)
        #expect(refusal(try world.clients[1].groupInfo(allowsExternalCommit: false)) == .cannotJoin)
        // In order in every way, but nobody could come in by it.
        guard case .groupInfo(let info) = try MLSMessage(checkingLengthOf: good) else { throw MLSError.misuse }
        let usable = try info.externalKey()
        for key in [
            [UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31), Array(usable.dropLast()), [],
        ] {
            var data = ByteWriter()
            data.writeVector(key)
            let useless = GroupInfo(
                context: info.context, extensions: [Extension(type: .externalPub, data: data.bytes)],
                confirmationTag: info.confirmationTag, signer: info.signer, suite: world.service.tree.suite,
                key: world.clients[1].signingKey)
            #expect(refusal(MLSMessage.groupInfo(useless).encoded) != nil, "\(key)")
        }
        // Signed by a member, with the epoch's tag, and about something else.
        for change: (inout GroupContext) -> Void in [
            { $0.epoch += 1 }, { $0.treeHash[0] ^= 1 }, { $0.confirmedTranscriptHash[0] ^= 1 },
            { $0.extensions.append(Extension(type: .init(rawValue: 0xf7ff), data: [])) },
        ] {
            var context = info.context
            change(&context)
            let other = GroupInfo(
                context: context, extensions: info.extensions, confirmationTag: info.confirmationTag,
                signer: info.signer, suite: world.service.tree.suite, key: world.clients[1].signingKey)
            #expect(refusal(MLSMessage.groupInfo(other).encoded) == .wrongEpoch)
        }
        try world.deliver(world.clients[0].commit([]))
        #expect(refusal(good) == .wrongEpoch)
    }

    @Test("Whether somebody could be added is known as members know it")
    func wouldAccept() throws {
        let world = try World(3)
        let joiner = Client()
        #expect(world.service.wouldAccept(joiner.package.keyPackage))
        let again = Client(world.clients[2].signingKey.clone())
        #expect(!world.service.wouldAccept(again.package.keyPackage))
        let leaf = try world.clients[2].member().leaf
        #expect(world.service.wouldAccept(again.package.keyPackage, replacing: leaf))
        #expect(!world.service.wouldAccept(joiner.package.keyPackage, replacing: LeafIndex(rawValue: 77)))
        #expect(!world.service.wouldAccept(TestRoom.keyPackage().keyPackage))
    }

    @Test("Commits have the length that they can have at most, or less")
    func lengths() throws {
        let world = try World(9)
        for proposals in [[], [Proposal.remove(try world.clients[8].member().leaf)]] {
            let outgoing = try world.clients[0].commit(proposals)
            #expect(outgoing.commit.count <= world.service.commitByteLimit(proposals: 16 * proposals.count))
            try world.clients[0].member().group.dropPendingCommit()
        }
        #expect(world.service.commitByteLimit(proposals: 5) == 5 + 1_024 + 512 + 14 * 40 + 9 * 82)
    }

    @Test("What the tree knows of its keys is what is in it, whatever was done to it", arguments: [UInt64](1...3))
    func countedKeys(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let world = try World(3)
        for _ in 0..<25 {
            try step(
                world.clients.count < 3 ? 1 : random.below(7), world,
                world.clients[random.below(world.clients.count)], &random)
            let tree = world.service.tree
            let leaves = tree.members.compactMap { tree[$0] }
            let keys = leaves.map(\.encryptionKey) + tree.occupiedParents.compactMap { tree.encryptionKey(of: $0) }
            #expect(keys.allSatisfy { tree.encryptionKeys[$0] == 1 } && tree.encryptionKeys.count == keys.count)
            #expect(leaves.allSatisfy { tree.signatureKeys[$0.signatureKey] == 1 })
            #expect(tree.signatureKeys.count == leaves.count && tree.memberCount == leaves.count)
        }
    }
}

extension PublicGroupTests.World {
    fileprivate func effects(of commit: [UInt8]) throws -> CommitEffects { try service.stage(commit).effects }
}

extension TestMember {
    /// A Commit, of one's own or of another.
    fileprivate func take(_ bytes: [UInt8]) throws -> CommitEffects {
        switch try group.receive(bytes) {
        case .ownCommit: return try group.applyPendingCommit()
        case .commit(let staged):
            let effects = staged.effects
            try group.apply(staged)
            return effects
        default: throw UnexpectedMessage()
        }
    }
}

extension [UInt8] {
    /// The Commit in a PublicMessage.
    fileprivate func commitInside() throws -> Commit {
        guard case .publicMessage(let message) = try MLSMessage(decoding: self),
            case .commit(let commit) = message.content.body
        else { throw UnexpectedMessage() }
        return commit
    }
}
