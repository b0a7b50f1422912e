import Chat
import Room
import SecureGroup
import Sodium
import Testing
import Wire

/// A host that does what it can against its members, who speak MLS: each attempt is refused or told of, with its own code.
@Suite struct HostileHostTests {
    @Test("Nobody is warned of an honest host, whatever members do")
    func honest() throws {
        let room = try HostileRoom("host", "alice", "bob")
        for round in 0..<6 {
            for peer in 0..<3 { try room.say("\(peer) \(round)", peer) }
            try room.pass(.seconds(4_000))
        }
        try room.say("psst", 1, to: "bob")
        try room.act(1) { client, actions in try client.changeNick(to: "alma", actions: &actions) }
        try room.say("renamed", 1)
        try room.join("carol")
        try room.say("late", 3)
        try room.act(2) { client, actions in client.leave(actions: &actions) }
        try room.carry()
        try room.say("gone", 0)
        try room.pass(.seconds(4_000))
        #expect(room.peers.allSatisfy { $0.warnings.isEmpty }, "\(room.peers.map(\.warnings))")
        #expect(room.peers[0].texts.suffix(3) == ["renamed", "late", "gone"])
        #expect(room.peers[3].texts == ["late", "gone"])
        #expect(room.peers[2].texts.contains("psst") && !room.peers[0].texts.contains("psst"))
        #expect(room.peers[0].group.members.count == 3)
        // Each has given itself new keys after coming in and after each hour.
        #expect(room.peers[0].group.epoch > 8)
    }

    @Test("Somebody whose key was searched until it has the id of one who has left")
    func sameID() throws {
        // The numbers were found by trying keys until two of them had the same 30 bits.
        func key(_ number: UInt32) throws -> Ed25519.KeyPair {
            let bytes = (0..<32).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0 % 4))) }
            return try Ed25519.KeyPair(seed: SecretBytes(copying: bytes.span))
        }
        let room = try HostileRoom("host", "alice")
        let bob = try room.join("bob", signingKey: key(4_915))
        try room.act(bob) { client, actions in client.leave(actions: &actions) }
        try room.carry()
        #expect(room.peers[1].warnings.isEmpty)
        let mallory = try room.join("bob", signingKey: key(77_155))
        #expect(room.peers[mallory].group.id == room.peers[bob].group.id)
        #expect(room.peers[mallory].client.isJoined)
        #expect(room.peers[0].warnings == [.groupKeyChanged])
        #expect(room.peers[1].warnings == [.groupKeyChanged])
        // Who has met only one of them cannot know.
        try room.join("carol")
        #expect(room.peers.last?.warnings == [])
    }

    @Test("A forged message: made up, altered, under another's name or another's number")
    func forged() throws {
        let room = try HostileRoom("host", "alice", "bob")
        let (alice, bob) = (room.peers[1].group.id, room.peers[2].group.id)
        try room.say("true", 1)
        guard case .posted(let number, _, let id, let age, let content)? = room.posts.last else { return }
        var altered = content
        altered[content.count / 2] ^= 1
        var next = number + 1
        for (from, id, content) in [
            (alice, MessageID(7), [1, 2, 3]), (alice, MessageID(8), altered), (bob, id, content),
            (room.peers[0].group.id, id, content), (alice, MessageID(9), content),
        ] where from != bob {
            try room.say(.posted(sequence: next, from: from, id: id, age: age, content: content), to: 2)
            next += 1
        }
        #expect(room.peers[2].warnings.count == 4)
        #expect(room.peers[2].warnings.allSatisfy { $0 == .groupForged || $0 == .groupReplay })
        #expect(room.peers[2].warnings.prefix(2) == [.groupForged, .groupForged])
        #expect(room.peers[2].texts == ["true"])
        // As bob's own, to bob.
        try room.say(.posted(sequence: next, from: bob, id: MessageID(3), age: age, content: content), to: 2)
        #expect(room.peers[2].warnings.last == .groupForged)
    }

    @Test("Another member's words under a name that did not say them")
    func otherName() throws {
        let room = try HostileRoom("host", "alice", "bob")
        let bob = room.peers[2].group.id
        room.tamper = { peer, message in
            guard peer == 0, case .posted(let number, _, let id, let age, let content) = message else {
                return [message]
            }
            return [.posted(sequence: number, from: bob, id: id, age: age, content: content)]
        }
        try room.say("alice says", 1)
        #expect(room.peers[0].warnings == [.groupForged])
        #expect(room.peers[0].texts.isEmpty)
    }

    @Test("A replay, under its number and under a new one")
    func replay() throws {
        let room = try HostileRoom("host", "alice", "bob")
        try room.say("once", 1)
        guard case .posted(let number, let from, let id, let age, let content)? = room.posts.last else { return }
        try room.say(.posted(sequence: number, from: from, id: id, age: age, content: content), to: 2)
        try room.say(.posted(sequence: number + 1, from: from, id: id, age: age, content: content), to: 2)
        #expect(room.peers[2].warnings == [.groupReplay, .groupReplay])
        #expect(room.peers[2].texts == ["once"])
        var whisper: HostMessage?
        room.tamper = { peer, message in
            if case .privatePosted = message, peer == 2 { whisper = message }
            return [message]
        }
        try room.say("psst", 1, to: "bob")
        try room.say(#require(whisper), to: 2)
        #expect(room.peers[2].warnings.count == 3 && room.peers[2].warnings.last == .groupReplay)
        #expect(room.peers[2].texts == ["once", "psst"])
    }

    @Test("A message withheld from one member shows with the next one, however the numbers are mended")
    func dropped() throws {
        let room = try HostileRoom("host", "alice", "bob")
        var dropped = false
        room.tamper = { peer, message in
            guard peer == 2, case .posted(let number, let from, let id, let age, let content) = message else {
                return [message]
            }
            guard dropped else {
                dropped = true
                return []
            }
            return [.posted(sequence: number - 1, from: from, id: id, age: age, content: content)]
        }
        try room.say("withheld", 1)
        try room.say("from who said it", 1)
        #expect(room.peers[2].warnings == [.groupFork])
        let before = room.peers[2].warnings.count
        try room.say("from who has seen it", 0)
        #expect(room.peers[2].warnings.count == before + 1 && room.peers[2].warnings.last == .groupFork)
        // With its number gone as well.
        let other = try HostileRoom("host", "alice", "bob")
        other.tamper = { peer, message in
            if peer == 2, case .posted(1, _, _, _, _) = message { [] } else { [message] }
        }
        try other.say("withheld", 1)
        try other.say("next", 0)
        #expect(other.peers[2].warnings.first == .groupGap)
    }

    @Test("Two messages in another order for one member")
    func reordered() throws {
        let room = try HostileRoom("host", "alice", "bob")
        var held: (MemberID, MessageID, [UInt8])?
        room.tamper = { peer, message in
            guard peer == 2, case .posted(let number, let from, let id, let age, let content) = message, number < 3
            else {
                return [message]
            }
            guard let first = held else {
                held = (from, id, content)
                return []
            }
            return [
                .posted(sequence: 1, from: from, id: id, age: age, content: content),
                .posted(sequence: 2, from: first.0, id: first.1, age: age, content: first.2),
            ]
        }
        try room.say("1", 1)
        try room.say("2", 0)
        #expect(room.peers[2].warnings == [.groupFork])
        try room.say("3", 1)
        #expect(room.peers[2].warnings == [.groupFork, .groupFork])
        // The others see it in what bob says.
        try room.say("4", 2)
        #expect(room.peers[0].warnings == [.groupFork])
        #expect(room.peers[1].warnings == [.groupFork])
    }

    @Test("A fork: the host withholds a Commit from one member, which is told and joins anew")
    func fork() throws {
        let room = try HostileRoom("host", "alice", "bob")
        var withheld = false
        room.tamper = { peer, message in
            guard peer == 2, case .committed = message, !withheld else { return [message] }
            withheld = true
            return []
        }
        try room.pass(.seconds(4_000))
        #expect(withheld)
        try room.say("in the new epoch", 0)
        let warnings = Set(room.peers[2].warnings)
        #expect(warnings.contains(.groupEpoch) || warnings.contains(.groupLost), "\(warnings)")
        #expect(room.peers[2].texts.isEmpty)
    }

    @Test("A Commit that is altered, repeated, made up, or of another sender is not followed")
    func commits() throws {
        for kind in 0..<4 {
            let room = try HostileRoom("host", "alice", "bob")
            let (host, bob) = (room.peers[0].group.id, room.peers[2].group.id)
            room.tamper = { peer, message in
                guard peer == 1, case .committed(let from, let floor, let joined, var commit) = message else {
                    return [message]
                }
                switch kind {
                case 0: commit[commit.count / 2] ^= 1
                case 1: return [message, message]
                case 2: commit = [1, 2, 3]
                default:
                    return [.committed(from: from == bob ? host : bob, floor: floor, joined: joined, commit: commit)]
                }
                return [.committed(from: from, floor: floor, joined: joined, commit: commit)]
            }
            let epoch = room.peers[1].group.epoch
            try room.act(0) { client, actions in
                client.now = .seconds(4_000)
                client.timePassed(actions: &actions)
            }
            // An update of the host's own participant, which bob's and alice's come before.
            try room.carry()
            if room.peers[0].group.epoch == epoch { try room.pass(.seconds(8_000)) }
            // The room does not take it back.
            try room.pass(.seconds(30))
            #expect(room.peers[1].warnings.contains(.groupLost), "\(kind)")
            #expect(room.peers[1].startOvers >= 1, "\(kind)")
        }
    }

    @Test("A ghost: somebody is let in of whom one member is not told")
    func ghost() throws {
        let room = try HostileRoom("host", "alice", "bob")
        room.tamper = { peer, message in
            guard peer == 1, case .committed(let from, let floor, _, let commit) = message else { return [message] }
            return [.committed(from: from, floor: floor, joined: [], commit: commit)]
        }
        try room.join("ghost")
        #expect(room.peers[1].warnings == [.groupGhost])
        #expect(room.peers[2].warnings.isEmpty)
        // Somebody who is said to be here and is not.
        let other = try HostileRoom("host", "alice")
        other.tamper = { peer, message in
            guard peer == 1, case .committed(let from, let floor, let joined, let commit) = message, !joined.isEmpty
            else {
                return [message]
            }
            var nobody = joined[0]
            nobody.id = MemberID(entropy: 99)
            return [.committed(from: from, floor: floor, joined: joined + [nobody], commit: commit)]
        }
        try other.join("carol")
        try other.pass(.seconds(61))
        #expect(other.peers[1].warnings == [.groupGhost])
    }

    @Test("Who has left and is kept in the group by the host is told of")
    func keptInTheGroup() throws {
        let room = try HostileRoom("host", "alice", "bob")
        room.tamper = { peer, message in
            if case .commitWanted = message { [] } else { [message] }
        }
        try room.act(2) { client, actions in client.leave(actions: &actions) }
        try room.carry()
        try room.pass(.seconds(61))
        #expect(room.peers[1].warnings == [.groupGhost])
        #expect(room.peers[0].warnings == [.groupGhost])
    }

    @Test("A Welcome of another room, of another creator, altered, or none at all lets nobody in")
    func welcomes() throws {
        let other = try HostileRoom("mallory", "eve")
        for kind in 0..<6 {
            let room = try HostileRoom("host", "alice")
            room.tamper = { peer, message in
                guard peer == 2, case .admitted(var admission) = message else { return [message] }
                switch kind {
                case 0: admission.welcome[admission.welcome.count / 2] ^= 1
                case 1: admission.welcome = [1]
                case 2: admission.epoch += 1
                case 3: admission.welcome = other.welcomeOfNobody()
                case 5:
                    // Alone in a group of its own, into which the host could then let whom it likes.
                    admission.welcome = []
                    admission.epoch = 0
                default: break
                }
                return [.admitted(admission)]
            }
            let bob = try room.join("bob", creator: kind == 4 ? Ed25519.KeyPair().publicKey : nil)
            #expect(room.peers[bob].refusal?.code == (kind >= 4 ? .groupCreator : .groupWelcome), "\(kind)")
            #expect(!room.peers[bob].client.isJoined)
        }
    }

    @Test("Who was invited into somebody's group does not begin one for the host")
    func noWelcome() throws {
        let room = try HostileRoom("host", "alice")
        room.tamper = { peer, message in
            guard peer == 2, case .admitted(var admission) = message else { return [message] }
            admission.welcome = []
            admission.epoch = 0
            return [.admitted(admission)]
        }
        let bob = try room.join("bob")
        #expect(room.peers[bob].refusal?.code == .groupCreator)
        #expect(!room.peers[bob].client.isJoined && room.peers[bob].group.members.isEmpty)
    }

    @Test("An order number that does not exist is no admission")
    func noOrderNumber() throws {
        let room = try HostileRoom("host", "alice")
        room.tamper = { peer, message in
            guard peer == 2, case .admitted(var admission) = message else { return [message] }
            admission.nextSequence = 0
            return [.admitted(admission)]
        }
        #expect(throws: RoomError.malformed) { try room.join("bob") }
    }

    @Test("Names that the host exchanges are told of")
    func nicks() throws {
        let room = try HostileRoom("host", "alice", "bob")
        let (alice, bob) = (room.peers[1].group.id, room.peers[2].group.id)
        try room.say(.nickChanged(alice, "x"), to: 0)
        try room.say(.nickChanged(bob, "alice"), to: 0)
        for number in 0..<6 { try room.say(.nickChanged(alice, "bob\(number)"), to: 0) }
        try room.say("hello", 1)
        #expect(room.peers[0].warnings == [.groupNick])
    }

    @Test("Random bytes in place of whatever the host sends end in warnings, refusals or errors")
    func randomBytes() throws {
        var seed: UInt64 = 1
        func random() -> UInt64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return seed >> 33
        }
        for _ in 0..<60 {
            let room = try HostileRoom("host", "alice", "bob")
            room.tamper = { peer, message in
                guard peer != 0, random() % 3 == 0 else { return [message] }
                let encoded = message.encoded
                guard !encoded.body.isEmpty else { return [message] }
                var body = encoded.body
                body[Int(random() % UInt64(body.count))] ^= UInt8(truncatingIfNeeded: random() | 1)
                return [(try? HostMessage(type: encoded.type, body: body)) ?? message]
            }
            do {
                try room.say("a", 1)
                try room.say("b", 0)
                try room.pass(.seconds(4_000))
                try room.say("c", 2, to: "alice")
                try room.join("carol")
            } catch is RoomError {
                // The connection of who got that is closed.
            }
        }
    }
}

extension HostileRoom {
    /// A Welcome for somebody else.
    func welcomeOfNobody() -> [UInt8] {
        let nobody = RoomGroup(creator: nil, time: 1)
        let commit = try? peers[0].group.commit(
            adding: [.init(id: nobody.id, keyPackage: nobody.keyPackage())], removing: [])
        peers[0].group.dropPendingCommit()
        return commit?.welcome ?? []
    }
}
