import Chat
import Sodium
import TestSupport
import Testing
import Wire

@testable import Room

@Suite struct MemberClientTests {
    private static let me = MemberID(entropy: 1)
    private static let other = MemberID(entropy: 2)

    /// A member `me` in a room that `other` has created.
    fileprivate struct Stay {
        var client: MemberClient
        var actions: [MemberClient.Action] = []
        let others: PlainGroup

        init(nick: String = "me", isJoined: Bool = true, nextSequence: UInt64 = 5) throws {
            SodiumLibrary.initialize()
            let engine = PlainGroup(id: me)
            others = PlainGroup(id: other)
            _ = others.keyPackage()
            try others.create()
            client = MemberClient(nick: nick, engine: engine)
            client.connected(actions: &actions)
            if isJoined {
                try hears(.admitted(admission(nextSequence: nextSequence)))
                actions = []
            }
        }

        /// The other one lets this member in.
        func admission(nextSequence: UInt64 = 5) throws -> HostMessage.RoomState {
            let commit = try others.commit(
                adding: [.init(id: me, keyPackage: PlainGroup(id: me).keyPackage())], removing: [])
            _ = try others.received(commit: commit.commit, from: other)
            return .init(
                member: me, secondsLeft: nil, nextSequence: nextSequence, epoch: others.epoch,
                members: [.init(id: me, isHost: false, nick: "me"), .init(id: other, isHost: true, nick: "other")],
                welcome: commit.welcome)
        }

        mutating func hears(_ message: HostMessage) throws {
            if case .admitted(let admission) = message, !admission.welcome.isEmpty, !client.isJoined {
                try hears(.tree(PlainGroup.tree(of: others.members)))
            }
            let encoded = message.encoded
            try client.received(type: encoded.type, body: encoded.body, actions: &actions)
        }

        /// What the other one says, having seen what this member has.
        func said(_ content: [UInt8], nick: String = "other", number: UInt64? = nil) -> [UInt8] {
            let envelope = Envelope(
                number: number ?? client.chain.number, chain: client.chain.value, nick: nick, content: content)
            return others.seal(envelope.encoded, id: MessageID(0))
        }

        mutating func hearsSaid(_ sequence: UInt64, _ content: [UInt8] = MessageContent(kind: .text, text: "x").encoded)
            throws
        {
            try hears(posted(sequence, content: said(content)))
        }

        var warnings: [NoticeCode] {
            actions.compactMap { if case .tell(.warning(let notice)) = $0 { notice.code } else { nil } }
        }
    }

    private static func posted(_ sequence: UInt64, from sender: MemberID = other, content: [UInt8]) -> HostMessage {
        .posted(sequence: sequence, from: sender, id: MessageID(sequence), age: 7, content: content)
    }

    @Test("A host that repeats a number, or leaves some out, is seen through")
    func order() throws {
        var stay = try Stay()
        try stay.hearsSaid(5)
        try stay.hearsSaid(6)
        try stay.hearsSaid(5)
        #expect(stay.warnings == [.groupReplay])
        try stay.hearsSaid(9)
        #expect(stay.warnings == [.groupReplay, .groupGap])
        guard case .tell(.warning(let notice)) = stay.actions.first(where: { $0.isWarning(.groupGap) }) else { return }
        #expect(notice.count == 2)
        try stay.hearsSaid(.max)
        try stay.hearsSaid(10)
        #expect(stay.warnings == [.groupReplay, .groupGap, .groupReplay])
    }

    @Test(
        "What a host may not say at this point is an error",
        arguments: [
            HostMessage.admitted(.init(member: me, secondsLeft: nil, nextSequence: 1, members: [])), .present([]),
            .refused(.full), .left(MemberID(entropy: 9), .quit), .nickChanged(MemberID(entropy: 9), "x"),
            .privatePosted(from: other, to: MemberID(entropy: 9), id: MessageID(1), age: 7, content: [0]),
        ])
    func outOfPlace(_ message: HostMessage) throws {
        var stay = try Stay()
        #expect(throws: RoomError.malformed) { try stay.hears(message) }
        #expect(stay.actions.isEmpty)
    }

    @Test("Before it is let in, a member hears only whether it is")
    func beforeAdmission() throws {
        for message in [
            HostMessage.receipts([]), Self.posted(1, content: [0]),
            .committed(from: Self.other, floor: 0, joined: [], commit: [1]), .commitDeclined(epoch: 0),
            .commitWanted(adding: [], removing: []),
        ] {
            var stay = try Stay(isJoined: false)
            #expect(throws: RoomError.malformed) { try stay.hears(message) }
        }
    }

    @Test("What cannot be shown keeps its place in the order")
    func unreadable() throws {
        var stay = try Stay()
        try stay.hearsSaid(5, [0xff])
        guard case .tell(.warning(let notice))? = stay.actions.first else {
            Issue.record("no warning")
            return
        }
        #expect(notice.code == .inputInvalid)
        try stay.hearsSaid(6)
        #expect(stay.actions.count == 2)
    }

    @Test("What is said before coming in, and what was not confirmed, is sent once it is in")
    func outbox() throws {
        var stay = try Stay(isJoined: false)
        try stay.client.say("early", kind: .text, actions: &stay.actions)
        #expect(stay.actions.count == 1)
        #expect(stay.client.outboxCount == 1)
        stay.actions = []
        try stay.hears(.admitted(stay.admission()))
        #expect(stay.actions.count == 2)
        let first = try #require(stay.posts.first)

        stay.actions = []
        stay.client.connected(actions: &stay.actions)
        #expect(!stay.client.isJoined)
        try stay.hears(.admitted(stay.admission()))
        // The same message, sealed anew.
        #expect(stay.posts.map(\.id) == [first.id])
        #expect(stay.posts.map(\.epoch) == [first.epoch + 1])
    }

    @Test("After the end nothing is sent or told any more")
    func ended() throws {
        var stay = try Stay()
        try stay.hears(.closing(.ttl))
        #expect(stay.actions == [.end(.ttl, refusal: nil)])
        stay.actions = []
        try stay.hears(Self.posted(5, content: [0]))
        try stay.client.say("x", kind: .text, actions: &stay.actions)
        stay.client.leave(actions: &stay.actions)
        stay.client.connected(actions: &stay.actions)
        #expect(stay.actions.isEmpty)
    }

    @Test("Members that were given other things are found out")
    func fork() throws {
        var stay = try Stay()
        try stay.hearsSaid(5)
        let before = stay.said(MessageContent(kind: .text, text: "before").encoded)
        try stay.hearsSaid(6)
        // Said before 6 was heard: nothing wrong with that.
        try stay.hears(Self.posted(7, content: before))
        #expect(stay.warnings.isEmpty)
        let number = stay.client.chain.number
        for (number, value) in [
            (number, MessageChain.Value(high: 1, low: 2)), (number + 1, stay.client.chain.value),
            (.max, .init(high: 0, low: 0)),
            (3, .init(high: 0, low: 0)),
        ] {
            let envelope = Envelope(
                number: number, chain: value, nick: "other", content: MessageContent(kind: .text, text: "x").encoded)
            let content = stay.others.seal(envelope.encoded, id: MessageID(0))
            try stay.hears(Self.posted(stay.client.chain.number + 1, content: content))
        }
        #expect(stay.warnings == Array(repeating: .groupFork, count: 4))
    }

    @Test("A host that exchanges names is found out, once for each name")
    func exchangedNames() throws {
        var stay = try Stay()
        let content = MessageContent(kind: .text, text: "x").encoded
        try stay.hears(.nickChanged(Self.other, "mallory"))
        try stay.hears(Self.posted(5, content: stay.said(content, nick: "other")))
        try stay.hears(Self.posted(6, content: stay.said(content, nick: "mallory")))
        #expect(stay.warnings.isEmpty)
        try stay.hears(Self.posted(7, content: stay.said(content, nick: "bob")))
        try stay.hears(Self.posted(8, content: stay.said(content, nick: "bob")))
        #expect(stay.warnings == [.groupNick])
    }

    @Test("A member that calls itself something new in each message is not remembered by all of it")
    func manyNames() throws {
        var stay = try Stay()
        let content = MessageContent(kind: .text, text: "x").encoded
        for number in 0..<100 {
            try stay.hears(
                Self.posted(5 + UInt64(number), content: stay.said(content, nick: "\(number)")))
        }
        #expect(stay.warnings == Array(repeating: .groupNick, count: 100))
        let kept = try #require(stay.client.members[Self.other]?.formerNicks)
        #expect(kept == ["96", "97", "98", "99"])
    }

    @Test("A room's messages are counted from 1: a host that lets in at 0 is refused, at the greatest number it is not")
    func firstNumber() throws {
        var stay = try Stay(isJoined: false)
        #expect(throws: RoomError.malformed) { try stay.hears(.admitted(stay.admission(nextSequence: 0))) }
        for first: UInt64 in [1, .max - 1, .max] {
            var stay = try Stay(nextSequence: first)
            try? stay.hearsSaid(first)
            try stay.client.say("x", kind: .text, actions: &stay.actions)
            #expect(stay.client.chain.number >= first - 1)
        }
    }

    @Test("A host that returns something else as ours, or says that we said something, is found out")
    func notOurs() throws {
        var stay = try Stay()
        try stay.client.say("x", kind: .text, actions: &stay.actions)
        let post = try #require(stay.posts.first)
        try stay.hears(.posted(sequence: 5, from: Self.me, id: post.id, age: 7, content: post.content + [0]))
        try stay.hears(.posted(sequence: 6, from: Self.me, id: MessageID(9), age: 7, content: post.content))
        #expect(stay.warnings == [.groupForged, .groupForged])
        #expect(stay.client.outboxCount == 1)
        try stay.hears(.posted(sequence: 7, from: Self.me, id: post.id, age: 7, content: post.content))
        #expect(stay.client.outboxCount == 0)
        #expect(stay.warnings.count == 2)
    }

    @Test("Who is in the group and not in the list, and the other way round, is told of")
    func ghosts() throws {
        var stay = try Stay()
        let ghost = MemberID(entropy: 7)
        let commit = try stay.others.commit(
            adding: [.init(id: ghost, keyPackage: PlainGroup(id: ghost).keyPackage())], removing: [])
        _ = try stay.others.received(commit: commit.commit, from: Self.other)
        try stay.hears(.committed(from: Self.other, floor: 0, joined: [], commit: commit.commit))
        #expect(stay.warnings == [.groupGhost])
        let another = MemberID(entropy: 8)
        let empty = try stay.others.commit(adding: [], removing: [])
        _ = try stay.others.received(commit: empty.commit, from: Self.other)
        try stay.hears(
            .committed(
                from: Self.other, floor: 0, joined: [.init(id: another, isHost: false, nick: "x")], commit: empty.commit
            ))
        // It may come in again, if the Commit that had let it in was undone.
        stay.client.now += GroupUpkeep.unlistedTime - .nanoseconds(1)
        stay.client.timePassed(actions: &stay.actions)
        #expect(stay.warnings == [.groupGhost])
        stay.client.now += .nanoseconds(1)
        stay.client.timePassed(actions: &stay.actions)
        #expect(stay.warnings == [.groupGhost, .groupGhost])
    }

    @Test("Who has left is to be removed from the group within a time")
    func notRemoved() throws {
        var stay = try Stay()
        try stay.hears(.left(Self.other, .quit))
        stay.client.now = GroupUpkeep.unlistedTime - .nanoseconds(1)
        stay.client.timePassed(actions: &stay.actions)
        #expect(stay.warnings.isEmpty)
        stay.client.now = GroupUpkeep.unlistedTime
        stay.client.timePassed(actions: &stay.actions)
        #expect(stay.warnings == [.groupGhost])
    }

    @Test("Who is away cannot know whether the one who left was removed, and counts from when it is back")
    func notRemovedWhileAway() throws {
        var stay = try Stay()
        try stay.hears(.left(Self.other, .quit))
        stay.client.connectionLost()
        stay.client.now = GroupUpkeep.unlistedTime * 3
        stay.client.timePassed(actions: &stay.actions)
        #expect(stay.warnings.isEmpty)
        stay.client.caughtUp(actions: &stay.actions)
        stay.client.now += GroupUpkeep.unlistedTime - .nanoseconds(1)
        stay.client.timePassed(actions: &stay.actions)
        #expect(stay.warnings.isEmpty)
        stay.client.now += .nanoseconds(1)
        #expect(stay.client.nextDeadline == stay.client.now)
        stay.client.timePassed(actions: &stay.actions)
        #expect(stay.warnings == [.groupGhost])
    }

    @Test("A Commit that cannot be followed makes the member join anew, if the room does not take it back")
    func lost() throws {
        var stay = try Stay()
        try stay.hears(.committed(from: Self.other, floor: 0, joined: [], commit: Array(repeating: 0, count: 40)))
        let report = MemberRequest.cannotFollow(epoch: stay.client.engine.epoch + 1).encoded
        #expect(stay.warnings == [.groupForged] && stay.actions.last == .send(report))
        _ = try stay.client.say("x", kind: .text, actions: &stay.actions)
        // Over another connection it says so again, and nothing of its own.
        stay.client.connectionLost()
        stay.client.now += GroupUpkeep.undoPatience
        stay.client.timePassed(actions: &stay.actions)
        stay.actions = []
        stay.client.caughtUp(actions: &stay.actions)
        #expect(stay.actions == [.send(report)])
        stay.client.now += GroupUpkeep.undoPatience - .nanoseconds(1)
        stay.client.timePassed(actions: &stay.actions)
        #expect(stay.actions == [.send(report)])
        stay.client.now += .nanoseconds(1)
        #expect(stay.client.nextDeadline == stay.client.now)
        stay.client.timePassed(actions: &stay.actions)
        #expect(stay.warnings.last == .groupLost)
        #expect(stay.actions.last == .startOver)
        #expect(!stay.client.isJoined)
    }

    @Test("Receipts, and answers, for what was never sent are an error, as are receipts of more than there are")
    func receiptsOfNothing() throws {
        var stay = try Stay()
        let id = try #require(try stay.client.say("x", kind: .text, actions: &stay.actions))
        try stay.hears(.receipts([.init(id: id, count: 0, of: 3), .init(id: id, count: 3, of: 3)]))
        try stay.hears(.declined(MessageID(0), .nickTaken))
        stay.actions = []
        for message in [
            HostMessage.receipts([.init(id: MessageID(9), count: 9, of: 9)]),
            .receipts([.init(id: id, count: 9, of: 3)]), .declined(MessageID(9), .away),
            .declined(MessageID(9), .alreadyAccepted), .declined(MessageID(9), .slow),
        ] {
            #expect(throws: RoomError.malformed) { try stay.hears(message) }
        }
        #expect(stay.actions.isEmpty)
        try stay.hears(.declined(id, .tooLarge))
        #expect(stay.client.outboxCount == 0)
    }

    @Test("What was sent is remembered as long as the host counts receipts for it, and no longer")
    func sentIDs() throws {
        var stay = try Stay()
        for number in 1...UInt64(Outbox.sentIDsRemembered) + 1 { stay.client.outbox.sent.insert(MessageID(number)) }
        #expect(throws: RoomError.malformed) { try stay.hears(.receipts([.init(id: MessageID(1), count: 1, of: 1)])) }
        try stay.hears(.receipts([.init(id: MessageID(2), count: 1, of: 1)]))
    }

    @Test("Who comes in is among those who are there")
    func admittedWithoutOneself() throws {
        var stay = try Stay(isJoined: false)
        var admission = try stay.admission()
        admission.members.removeFirst()
        #expect(throws: RoomError.malformed) { try stay.hears(.admitted(admission)) }
        #expect(!stay.client.isJoined)
    }

    @Test("A Commit that the room did not take is given up, and told; others can be made after it")
    func commitNotTaken() throws {
        var stay = try Stay()
        let candidate = MemberID(entropy: 7)
        let wanted = HostMessage.commitWanted(
            adding: [.init(id: candidate, keyPackage: PlainGroup(id: candidate).keyPackage())], removing: [])
        try stay.hears(wanted)
        #expect(stay.client.engine.hasPendingCommit)
        stay.client.wasNotTaken(type: RoomMessageType.post, actions: &stay.actions)
        #expect(stay.client.engine.hasPendingCommit && stay.warnings.isEmpty)
        stay.client.wasNotTaken(type: RoomMessageType.commit, actions: &stay.actions)
        #expect(!stay.client.engine.hasPendingCommit && stay.warnings == [.messageTooLarge])
        try stay.hears(wanted)
        #expect(stay.client.engine.hasPendingCommit)
        stay.client.wasNotTaken(type: RoomMessageType.commit, actions: &stay.actions)
        stay.client.wasNotTaken(type: RoomMessageType.commit, actions: &stay.actions)
        #expect(stay.warnings == [.messageTooLarge, .messageTooLarge])
    }

    @Test("A host may claim 65,536 members, and not one more")
    func believedMembers() throws {
        var stay = try Stay(isJoined: false)
        let part = 1_024
        for start in stride(from: 0, to: RoomLimits.membersBelieved, by: part) {
            try stay.hears(
                .present(
                    (start..<start + part).map { .init(id: MemberID(entropy: UInt32($0)), isHost: false, nick: "n") }))
        }
        #expect(throws: RoomError.malformed) {
            try stay.hears(.present([.init(id: Self.other, isHost: false, nick: "n")]))
        }
    }
}

extension MemberClient.Action {
    fileprivate func isWarning(_ code: NoticeCode) -> Bool {
        if case .tell(.warning(let notice)) = self { notice.code == code } else { false }
    }
}

extension MemberClientTests.Stay {
    fileprivate var posts: [(id: MessageID, epoch: UInt64, content: [UInt8])] {
        actions.compactMap { action in
            guard case .send(let message) = action,
                case .post(let id, let epoch, let content)? = try? MemberRequest(type: message.type, body: message.body)
            else { return nil }
            return (id, epoch, content)
        }
    }

    @Test("Whom a host lists for a moment, again and again, is told of and forgotten")
    func reported() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        let alice = try network.id(peers[0])
        for number in 0..<20 {
            let ghost = MemberID(entropy: UInt32(number))
            let commit = try network.peers[peers[0]].client.engine.commit(adding: [], removing: [])
            let told = [
                HostMessage.committed(
                    from: alice, floor: 0, joined: [.init(id: ghost, isHost: false, nick: "ghost")],
                    commit: commit.commit),
                HostMessage.left(ghost, .quit),
            ]
            for message in told {
                try network.act(peers[1]) { client, actions in
                    try client.received(
                        type: message.encoded.type, body: message.encoded.body, actions: &actions)
                    client.now += GroupUpkeep.unlistedTime
                    client.timePassed(actions: &actions)
                }
            }
            _ = try network.peers[peers[0]].client.engine.received(commit: commit.commit, from: alice)
            #expect(network.peers[peers[1]].client.upkeep.reported.count <= 1)
        }
        let warnings = network.peers[peers[1]].events.count { if case .warning = $0 { true } else { false } }
        #expect(warnings == 20)
    }
}
