import Chat
import Sodium
import Testing

@testable import MLS
@testable import Room
@testable import SecureGroup

/// A relay that does what it can to get into its room, or to lead members elsewhere.
@Suite struct HostileRelayTests {
    @Test("Nobody is warned of an honest relay, whoever comes, goes, and comes in while nobody is there")
    func honest() throws {
        let room = try HostileRoom("alice", "bob", "carol", isRelay: true)
        #expect(room.peers.map(\.invitesShown) == [1, 0, 0])
        for round in 0..<3 {
            for peer in 0..<3 { try room.say("\(peer) \(round)", peer) }
            try room.pass(.seconds(4_000))
        }
        try room.say("psst", 1, to: "carol")
        for peer in 0..<3 { room.breakLink(peer) }
        let dave = try room.join("dave")
        try room.say("anybody?", dave)
        for peer in 0..<3 { try room.mendLink(peer) }
        for peer in 0..<4 { try room.say("\(peer)", peer) }
        try room.pass(.seconds(4_000))
        #expect(room.peers.allSatisfy { $0.warnings.isEmpty }, "\(room.peers.map(\.warnings))")
        for peer in 0..<4 { #expect(room.peers[peer].texts.suffix(5) == ["anybody?", "0", "1", "2", "3"]) }
        for peer in 0..<4 { try room.act(peer) { client, actions in client.leave(actions: &actions) } }
        try room.carry()
        let erin = try room.join("erin")
        #expect(room.peers[erin].group.members == [room.peers[erin].group.id])
        #expect(room.peers[erin].warnings.isEmpty && room.peers[erin].refusal == nil)
    }

    @Test("Somebody with the group's invite does not believe that there is no group")
    func noGroup() throws {
        let room = try HostileRoom("alice", isRelay: true)
        room.tamper = { peer, message in
            guard peer == 1, case .admitted(var admission) = message else { return [message] }
            admission.welcome = []
            admission.epoch = 0
            return [.admitted(admission)]
        }
        let bob = try room.join("bob")
        #expect(room.peers[bob].refusal?.code == .groupCreator)
        #expect(!room.peers[bob].client.isJoined)
    }

    @Test("A Welcome of the relay's own group is refused, as often as it comes, and then the joiner gives up")
    func ownGroup() throws {
        let room = try HostileRoom("alice", isRelay: true)
        // All is as in a room, but that nobody knows the secret.
        let proof = Extension(type: GroupSecret.proofExtension, data: [UInt8](repeating: 1, count: 64))
        var joiner = GroupCandidate(id: room.peers[0].group.id, keyPackage: [])
        room.utter = { peer, request in
            if case .join(_, let id, let keyPackage) = request { joiner = .init(id: id, keyPackage: keyPackage) }
            return request
        }
        room.tamper = { peer, message in
            switch message {
            case .commitWanted, .refused:
                // The relay lets in the joiner itself.
                let relay = RawGroup(extensions: [proof])
                guard let (welcome, tree) = relay.welcome([joiner]) else {
                    Issue.record("no Welcome")
                    return []
                }
                let admission = HostMessage.RoomState(
                    member: joiner.id, secondsLeft: nil, nextSequence: 1, epoch: 1,
                    members: [
                        .init(id: relay.id, isHost: false, nick: "alice"),
                        .init(id: joiner.id, isHost: false, nick: "bob"),
                    ],
                    welcome: welcome)
                room.whisper(.tree(tree), to: 1)
                room.whisper(.admitted(admission), to: 1)
                return []
            default:
                return [message]
            }
        }
        let bob = try room.join("bob")
        for number in 1..<MemberClient.welcomesTried {
            // Perhaps another member lets it in.
            #expect(room.peers[bob].startOvers == number && room.peers[bob].refusal == nil)
            try room.joinAnew(bob)
        }
        #expect(room.peers[bob].refusal?.code == .groupCreator && !room.peers[bob].client.isJoined)
    }

    @Test("A member's Welcome without the group's secret: the joiner comes again, and another member lets it in")
    func otherWelcome() throws {
        let room = try HostileRoom("alice", "carol", isRelay: true)
        var welcome: [UInt8]?
        room.utter = { peer, request in
            switch request {
            case .join(_, let id, let keyPackage) where welcome == nil:
                let candidate = GroupCandidate(id: id, keyPackage: keyPackage)
                guard let package = PublicRoomGroup.keyPackage(of: candidate) else { return request }
                let alice = room.peers[0].group
                welcome = try? alice.withGroup { (group) throws(MLSError) in
                    defer { group.dropPendingCommit() }
                    return try group.commit([.add(package)], forcesPath: false, includesTree: false, at: nil).welcome
                }
                return request
            case .commit(var commit) where peer == 0 && !commit.welcome.isEmpty:
                commit.welcome = welcome ?? []
                return .commit(commit)
            default:
                return request
            }
        }
        let bob = try room.join("bob")
        try #require(welcome?.isEmpty == false)
        #expect(room.peers[bob].startOvers == 1 && room.peers[bob].refusal == nil)
        try room.joinAnew(bob)
        #expect(room.peers[bob].client.isJoined && room.peers[bob].startOvers == 1)
        try room.say("in", bob)
        #expect(room.peers[1].texts == ["in"])
    }

    @Test("The relay's own KeyPackage is not added, whatever id and proof it comes with")
    func ownKeyPackage() throws {
        let room = try HostileRoom("alice", "bob", isRelay: true)
        let relay = RoomGroup(trust: .secret(GroupSecret()), time: 1_000_000)
        let before = room.peers[0].group.epoch
        try room.say(
            .commitWanted(adding: [.init(id: relay.id, keyPackage: relay.keyPackage())], removing: []), to: 0)
        #expect(room.peers.allSatisfy { $0.group.epoch == before && $0.group.members.count == 2 })
        #expect(!room.peers[0].group.hasPendingCommit)
    }

    @Test("A Commit that is made up, also as of somebody who comes in by itself, is told of and followed by nobody")
    func ownCommit() throws {
        let room = try HostileRoom("alice", "bob", isRelay: true)
        let relay = RoomGroup(trust: .secret(GroupSecret()), time: 1_000_000)
        // A group of the relay's, from which it makes an external Commit as well as it can.
        let other = RoomGroup(trust: .first, time: 1_000_000)
        _ = other.keyPackage()
        try other.create()
        let insider = RoomGroup(trust: .secret(try #require(other.secret)), time: 1_000_000)
        _ = insider.keyPackage()
        let commit = try insider.commitExternally(other.groupInfo, tree: other.publicTree, epoch: 0)
        _ = relay.keyPackage()
        #expect(throws: GroupError.cannotJoin) {
            try relay.commitExternally(other.groupInfo, tree: other.publicTree, epoch: 0)
        }
        try room.say(
            .committed(
                from: insider.id, floor: 0, joined: [.init(id: insider.id, isHost: false, nick: "mallory")],
                commit: commit.commit),
            to: 1)
        #expect(room.peers[1].warnings.count == 1 && room.peers[1].startOvers == 0)
        try room.pass(.seconds(30))
        try #require(room.peers[1].warnings.count == 2)
        #expect([.groupForged, .groupEpoch].contains(room.peers[1].warnings[0]))
        #expect(room.peers[1].warnings[1] == .groupLost && room.peers[1].startOvers == 1)
        #expect(!room.peers[1].group.members.contains(insider.id))
    }

    @Test("A Commit with a wrong tag, which no relay can see, is undone, and the others go on where they were")
    func unfollowable() throws {
        let room = try HostileRoom("alice", "bob", "carol", isRelay: true)
        let epoch = room.peers[0].group.epoch
        var spoilt: [UInt8]?, whole: [UInt8]?
        room.utter = { peer, request in
            guard peer == 1, case .commit(var commit) = request, !commit.commit.isEmpty, spoilt == nil else {
                return request
            }
            whole = commit.commit
            commit.commit[commit.commit.count - 1] ^= 1
            spoilt = commit.commit
            return .commit(commit)
        }
        // It follows its own.
        room.tamper = { peer, message in
            guard peer == 1, let whole, case .committed(let from, let floor, let joined, spoilt) = message else {
                return [message]
            }
            return [.committed(from: from, floor: floor, joined: joined, commit: whole)]
        }
        room.now = .seconds(4_000)
        try room.act(1) { client, actions in client.timePassed(actions: &actions) }
        try room.carry()
        try #require(spoilt != nil)
        let undone = room.broadcasts.contains {
            if case .undone(epoch, by: room.peers[1].group.id) = $0 { true } else { false }
        }
        #expect(undone)
        for peer in [0, 2] {
            #expect(room.peers[peer].warnings == [.groupForged, .groupUndone, .groupUndone])
            #expect(room.peers[peer].startOvers == 0 && room.peers[peer].group.epoch == epoch)
        }
        #expect(room.peers[1].startOvers == 1)
        try room.say("still here", 0)
        #expect(room.peers[2].texts == ["still here"])
    }

    @Test(
        "Who is listed as the host's own participant is none: a moderator that sends somebody out changes the secret all the same"
    )
    func hostThatIsNone() throws {
        let room = try HostileRoom("alice", "bob", isRelay: true)
        room.tamper = { _, message in
            guard case .committed(let from, let floor, let joined, let commit) = message else { return [message] }
            let listed = joined.map { HostMessage.RoomState.Entry(id: $0.id, isHost: true, nick: $0.nick) }
            return [.committed(from: from, floor: floor, joined: listed, commit: commit)]
        }
        for nick in ["carol", "dave"] { try room.join(nick) }
        let old = try #require(room.peers[0].group.secret?.mark)
        try room.expel(3, by: 0)
        try room.pass(.seconds(20))
        #expect(room.peers[0].group.secret?.mark != old && room.peers[1].group.secret?.mark != old)
        #expect(room.peers[0].client.memberList.allSatisfy { !$0.isHost })
    }

    @Test("With somebody who was sent out the relay takes nobody back to a secret of before, at once or later")
    func takingBackTheSecret() throws {
        let room = try HostileRoom("alice", "bob", "carol", "dave", isRelay: true)
        let old = try #require(room.peers[1].group.secret?.mark)
        try room.expel(3, by: 0)
        try room.pass(.seconds(20))
        let mark = try #require(room.peers[1].group.secret?.mark)
        #expect(mark != old && room.peers[0].group.secret?.mark == mark)
        // What was said of the room's Commits is not true.
        try room.say(.undone(epoch: 1, by: room.peers[0].group.id), to: 1)
        #expect(room.peers[1].startOvers == 1 && room.peers[1].group.secret?.mark == mark)
        // Who was sent out has kept the group of then, where the other one is still in.
        room.utter = { peer, request in
            guard peer == 1, case .join(_, let id, let keyPackage) = request,
                let sealed = room.peers[3].group.sealedSecret(for: .init(id: id, keyPackage: keyPackage))
            else { return request }
            room.whisper(.secret(from: room.peers[3].group.id, sealed: sealed), to: 1)
            return request
        }
        try room.joinAnew(1)
        #expect(room.peers[1].group.secret?.mark == mark && room.peers[1].client.isJoined)
        try room.say("here", 1)
        #expect(room.peers[2].texts == ["here"])
    }

    @Test("Nor does it with an honest member that is behind: what this one tells has been given up")
    func takingBackBySomebodyBehind() throws {
        let room = try HostileRoom("alice", "bob", "carol", "dave", isRelay: true)
        let old = try #require(room.peers[1].group.secret?.mark)
        // Carol hears nothing of the new secret.
        room.tamper = { [unowned room] peer, message in
            if peer == 2, case .committed = message, room.room.group.book?.secretGeneration == 1 {
                []
            } else {
                [message]
            }
        }
        try room.expel(3, by: 0)
        try room.pass(.seconds(20))
        let mark = try #require(room.peers[1].group.secret?.mark)
        #expect(mark != old && room.peers[2].group.secret?.mark == old)
        try room.say(.undone(epoch: 1, by: room.peers[0].group.id), to: 1)
        #expect(room.peers[1].startOvers == 1 && room.peers[1].group.secret?.mark == mark)
        var hasTold = false
        room.utter = { peer, request in
            guard peer == 1, case .join(_, let id, let keyPackage) = request,
                let sealed = room.peers[2].group.sealedSecret(for: .init(id: id, keyPackage: keyPackage))
            else { return request }
            hasTold = true
            room.whisper(.secret(from: room.peers[2].group.id, sealed: sealed), to: 1)
            return request
        }
        try room.joinAnew(1)
        #expect(hasTold && room.peers[1].group.secret?.mark == mark && room.peers[1].client.isJoined)
        try room.say("here", 1)
        #expect(room.peers[0].texts == ["here"])
    }

    @Test("A member that tells wrong secrets keeps nobody out who has lost the group: others are believed then")
    func wrongSecrets() throws {
        let room = try HostileRoom("alice", "carol", "bob", "dave", isRelay: true)
        let (alice, bob) = (room.peers[0].group, 2)
        room.tamper = { peer, message in
            if peer == bob, case .committed = message { [] } else { [message] }
        }
        try room.expel(3, by: 0)
        try room.pass(.seconds(20))
        let mark = try #require(alice.secret?.mark)
        #expect(room.peers[bob].group.secret?.mark != mark)
        room.tamper = { [$1] }
        var joiner: GroupCandidate?
        var wrong: [GroupProofKeys.Mark] = []
        room.utter = { peer, request in
            switch request {
            case .join(_, let id, let keyPackage) where peer == bob:
                joiner = GroupCandidate(id: id, keyPackage: keyPackage)
                return request
            case .secret(let id, _) where peer == 0:
                let right = alice.secret
                defer { alice.secrets.current = right }
                let other = GroupSecret()
                alice.secrets.current = other
                guard let sealed = joiner.flatMap(alice.sealedSecret) else { return request }
                wrong.append(other.mark)
                return .secret(for: id, sealed: sealed)
            default:
                return request
            }
        }
        try room.joinAnew(bob)
        #expect(wrong.count == 1 && room.peers[bob].group.secret?.mark == wrong[0])
        #expect(!room.peers[bob].client.isJoined && room.peers[bob].refusal == nil)
        room.now += RoomLimits.secretInterval
        try room.joinAnew(bob)
        #expect(wrong.count == 2 && room.peers[bob].client.isJoined)
        #expect(room.peers[bob].group.secret?.mark == mark)
        try room.say("back", bob)
        #expect(room.peers[1].texts == ["back"])
    }

    @Test("An old GroupInfo leads to a Commit that the members refuse, and tell of")
    func oldGroupInfo() throws {
        let room = try HostileRoom("alice", "bob", isRelay: true)
        let (old, tree) = (room.peers[0].group.groupInfo, room.peers[0].group.publicTree)
        let epoch = room.peers[0].group.epoch
        try room.pass(.seconds(4_000))
        #expect(room.peers[0].group.epoch > epoch)
        let late = RoomGroup(trust: .secret(try #require(room.peers[0].group.secret)), time: 1_000_000)
        _ = late.keyPackage()
        let commit = try late.commitExternally(old, tree: tree, epoch: epoch)
        try room.say(.committed(from: late.id, floor: 0, joined: [], commit: commit.commit), to: 1)
        #expect(room.peers[1].warnings.first == .groupEpoch)
        #expect(!room.peers[1].group.members.contains(late.id))
    }

    @Test("Whoever has made the group moderates always, and is told so when somebody takes that back")
    func creatorModerates() throws {
        let room = try HostileRoom("alice", "bob", isRelay: true)
        try room.pass(.seconds(61))
        try room.act(0) { client, actions in try client.moderate(.deop("alice"), actions: &actions) }
        try room.carry()
        #expect(room.peers[0].client.isModerator && room.peers[0].errors == [.notPermitted])
    }

    @Test("Whom the relay lists and who is not in the group is told of, as is whom it does not list")
    func ghosts() throws {
        let room = try HostileRoom("alice", "bob", isRelay: true)
        for peer in 0..<2 { room.breakLink(peer) }
        room.tamper = { peer, message in
            guard case .committed(let from, _, _, let commit) = message else { return [message] }
            // Nobody is to know of the one who came in by itself.
            return [.committed(from: from, floor: 0, joined: [], commit: commit)]
        }
        _ = try room.join("carol")
        try room.mendLink(1)
        try room.pass(.seconds(61))
        #expect(room.peers[1].warnings == [.groupGhost])
    }
}
