import Sodium
import Testing

@testable import Room

@Suite struct MemberClientTests {
    private static let me = MemberID(entropy: 1)
    private static let other = MemberID(entropy: 2)

    private struct Stay {
        var client: MemberClient
        var actions: [MemberClient.Action] = []

        init(nick: String = "me", isJoined: Bool = true) throws {
            SodiumLibrary.initialize()
            client = MemberClient(nick: nick, cipher: HostTrustingGroup())
            client.connected(actions: &actions)
            if isJoined {
                try hears(
                    .admitted(
                        .init(
                            member: me, secondsLeft: nil, nextSequence: 5,
                            members: [
                                .init(id: me, isHost: false, nick: "me"), .init(id: other, isHost: true, nick: "other"),
                            ])))
                actions = []
            }
        }

        mutating func hears(_ message: HostMessage) throws {
            let encoded = message.encoded
            try client.received(type: encoded.type, body: encoded.body, actions: &actions)
        }
    }

    private static func posted(_ sequence: UInt64, from sender: MemberID = other, content: [UInt8]) -> HostMessage {
        .posted(sequence: sequence, from: sender, id: MessageID(sequence), content: content)
    }

    @Test("A host that leaves out, repeats or swaps a number is not believed", arguments: [4, 6, .max] as [UInt64])
    func order(_ wrong: UInt64) throws {
        var stay = try Stay()
        let content = MessageContent(kind: .text, text: "x").encoded
        try stay.hears(Self.posted(5, content: content))
        try stay.hears(Self.posted(6, content: content))
        #expect(throws: RoomError.malformed) { try stay.hears(Self.posted(wrong, content: content)) }
        try stay.hears(Self.posted(7, content: content))
    }

    @Test(
        "What a host may not say at this point is an error",
        arguments: [
            HostMessage.admitted(.init(member: me, secondsLeft: nil, nextSequence: 1, members: [])), .present([]),
            .refused(.full), .left(MemberID(entropy: 9), .quit), .nickChanged(MemberID(entropy: 9), "x"),
            .privatePosted(from: other, to: MemberID(entropy: 9), id: MessageID(1), content: [0]),
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
            .joined(.init(id: Self.other, isHost: false, nick: "x")),
        ] {
            var stay = try Stay(isJoined: false)
            #expect(throws: RoomError.malformed) { try stay.hears(message) }
        }
    }

    @Test("What cannot be shown keeps its place in the order")
    func unreadable() throws {
        var stay = try Stay()
        try stay.hears(Self.posted(5, content: [0xff]))
        guard case .tell(.warning(let notice))? = stay.actions.first else {
            Issue.record("no warning")
            return
        }
        #expect(notice.code == .inputInvalid)
        try stay.hears(Self.posted(6, content: MessageContent(kind: .text, text: "x").encoded))
        #expect(stay.actions.count == 2)
    }

    @Test("What is said before coming in, and what was not confirmed, is sent once it is in")
    func outbox() throws {
        var stay = try Stay(isJoined: false)
        try stay.client.say("early", kind: .text, actions: &stay.actions)
        #expect(stay.actions == [.send(MemberRequest.join(nick: "me").encoded)])
        #expect(stay.client.outboxCount == 1)
        stay.actions = []
        let admission = HostMessage.admitted(
            .init(
                member: Self.me, secondsLeft: nil, nextSequence: 1,
                members: [.init(id: Self.me, isHost: false, nick: "me")]))
        try stay.hears(admission)
        #expect(stay.actions.count == 2)
        let post = stay.actions.last

        stay.actions = []
        stay.client.connected(actions: &stay.actions)
        #expect(!stay.client.isJoined)
        try stay.hears(admission)
        #expect(stay.actions.last == post)
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
