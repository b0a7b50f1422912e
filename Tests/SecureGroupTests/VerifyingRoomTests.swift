import Chat
import Room
import SecureGroup
import Sodium
import Testing

/// What people compare, in rooms with real groups: it shows who is in between, and that nobody is.
@Suite struct VerifyingRoomTests {
    private static let cheap = Argon2id.Cost(passes: 1, memory: 8 * 1_024)

    private static func words(_ room: HostileRoom, _ peer: Int) throws -> [String] {
        try room.peers[peer].client.roomWords().words(cost: cheap)
    }

    private static func check(_ room: HostileRoom, _ peer: Int, _ name: String) throws {
        try room.act(peer) { client, actions in try client.check(name, actions: &actions) }
        try room.carry()
    }

    private static func shown(_ room: HostileRoom, _ peer: Int) -> [String]? {
        room.peers[peer].events.reversed().lazy.compactMap {
            if case .verification(.check(let check)) = $0, check.state == .compare { check.words } else { nil }
        }.first
    }

    private static func fingerprint(of name: String, _ room: HostileRoom, _ peer: Int) throws -> String {
        let overview = room.peers[peer].client.overview(epoch: 0, words: [])
        let member = try #require(overview.members.first { $0.info.nick == name })
        return try #require(member.fingerprint).description
    }

    @Test("In an honest room all have the same words, which change with the epoch; checks go through the host unseen")
    func honest() throws {
        let room = try HostileRoom("host", "alice", "bob")
        let words = try Self.words(room, 0)
        #expect(words.count == 6)
        for peer in 1...2 { #expect(try Self.words(room, peer) == words) }
        for peer in 0...2 {
            #expect(try Self.fingerprint(of: "bob", room, peer) == Self.fingerprint(of: "bob", room, 2))
        }
        try Self.check(room, 1, "bob")
        #expect(Self.shown(room, 1) != nil && Self.shown(room, 1) == Self.shown(room, 2))
        #expect(Self.shown(room, 0) == nil)
        // A check goes on when the group changes meanwhile: it is for keys.
        room.now += .seconds(60)
        try room.act(2) { client, actions in try client.check("host", actions: &actions) }
        try room.join("carol")
        try room.carry()
        #expect(Self.shown(room, 2) == Self.shown(room, 0) && Self.shown(room, 0) != nil)
        #expect(try Self.words(room, 0) != words)
        for peer in 1...3 { #expect(try Self.words(room, peer) == Self.words(room, 0)) }
        #expect(room.peers.allSatisfy { $0.warnings.isEmpty })
    }

    @Test("The host makes up, repeats and withholds what belongs to a check: no mark, no false words")
    func hostileHost() throws {
        let room = try HostileRoom("host", "alice", "bob")
        room.tamper = { peer, message in
            guard peer == 2, case .privatePosted(_, to: room.peers[2].group.id, _, _, _) = message else {
                return [message]
            }
            return [message, message]
        }
        try Self.check(room, 1, "bob")
        // Each came twice, and was taken once.
        #expect(Self.shown(room, 1) == Self.shown(room, 2) && Self.shown(room, 1) != nil)
        #expect(room.peers[2].warnings == [.groupReplay, .groupReplay])
        room.tamper = { peer, message in
            if case .privatePosted = message, peer == 1 { [] } else { [message] }
        }
        room.now += .seconds(60)
        let before = Self.shown(room, 1)
        try Self.check(room, 1, "host")
        #expect(Self.shown(room, 1) == before)
        try room.pass(.seconds(121))
        #expect(room.peers[1].warnings == [.verifyEnded])
        #expect(room.peers[1].client.memberList.allSatisfy { !$0.isVerified })
    }

    @Test(
        "Somebody between two people, under the name of the other at each: room words, fingerprints and checks differ")
    func inBetween() throws {
        // Two groups, as the host would have to make them: in each the other one is the host's.
        let left = try HostileRoom("host", "alice", "bob")
        let right = try HostileRoom("host", "alice", "bob")
        let (alice, bob) = (1, 2)
        #expect(try Self.words(left, alice) != Self.words(right, bob))
        #expect(try Self.fingerprint(of: "bob", left, alice) != Self.fingerprint(of: "bob", right, bob))
        try Self.check(left, alice, "bob")
        try Self.check(right, 1, "bob")
        let (atAlice, atBob) = (Self.shown(left, alice), Self.shown(right, bob))
        #expect(atAlice != nil && atBob != nil && atAlice != atBob)
    }

    @Test("Another one under the name of a verified member has no mark")
    func otherOne() throws {
        let room = try HostileRoom("host", "alice", "bob")
        try Self.check(room, 1, "bob")
        try room.act(1) { client, actions in
            try client.answerCheck("bob", isSame: true, actions: &actions)
        }
        func verified() -> [String] { room.peers[1].client.memberList.filter(\.isVerified).map(\.nick) }
        #expect(verified() == ["bob"])
        try room.act(2) { client, actions in client.leave(actions: &actions) }
        try room.carry()
        try room.join("bob")
        #expect(room.peers[1].client.memberList.map(\.nick) == ["host", "alice", "bob"])
        #expect(verified().isEmpty)
    }
}
