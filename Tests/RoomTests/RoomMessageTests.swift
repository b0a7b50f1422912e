import Chat
import Sodium
import TestSupport
import Testing
import Wire

@testable import Room

@Suite struct RoomMessageTests {
    static let alice = MemberID(entropy: 0x1234_5678)
    static let bob = MemberID(entropy: 0x3fff_ffff)
    static let entry = HostMessage.RoomState.Entry(id: alice, isHost: true, nick: "Zoë")

    static let requests: [MemberRequest] = [
        .join(nick: "", member: bob, keyPackage: []),
        .join(nick: String(repeating: "n", count: MemberRequest.nickLimit), member: bob, keyPackage: [1, 2]),
        .post(id: MessageID(.max), epoch: 1, content: []),
        .post(id: MessageID(1), epoch: .max, content: Array(0...255)),
        .privatePost(id: MessageID(7), epoch: 3, to: bob, content: [1, 2]), .changeNick("ålice"), .leave,
        .moderate(MessageID(.max), .expel(bob, isBanned: true, keepsInvites: false, reason: "ö")),
        .moderate(MessageID(7), .expel(bob, isBanned: false, keepsInvites: true, reason: "")),
        .moderate(MessageID(7), .lock(true)), .moderate(MessageID(7), .topic("cats")),
        .moderate(MessageID(7), .slow(seconds: 0)), .moderate(MessageID(7), .extend(seconds: 90)),
        .moderate(MessageID(7), .end),
        .commit(GroupCommit(epoch: 0, commit: [])),
        .commit(
            GroupCommit(epoch: 7, refused: [alice], commit: [1, 2], welcome: [3])),
        .found(groupInfo: []), .found(groupInfo: [1, 2]),
        .secret(for: MemberID(entropy: 7), sealed: [UInt8](repeating: 5, count: RoomLimits.sealedSecretByteCount)),
        .register(
            presharedKey: SecretContent(copying: [UInt8](repeating: 9, count: RoomLimits.presharedKeyByteCount).span)),
    ]

    static let hostMessages: [HostMessage] = [
        .present([]), .present([entry, .init(id: bob, isHost: false, nick: "", awaySince: .max)]),
        .admitted(.init(member: bob, secondsLeft: nil, nextSequence: 1, members: [entry])),
        .admitted(.init(member: bob, secondsLeft: 300, age: 9, nextSequence: .max, members: [])),
        .admitted(
            .init(
                member: bob, secondsLeft: 300, nextSequence: .max, missedPrivately: 4, members: [], welcome: [1, 2, 3])),
        .committed(from: alice, floor: 0, joined: [entry], commit: [1, 2]),
        .committed(from: bob, floor: 0, joined: [], commit: []),
        .commitWanted(adding: [], removing: []),
        .commitWanted(
            adding: [.init(id: alice, keyPackage: [1]), .init(id: bob, keyPackage: [])], removing: [alice]),
        .commitDeclined(epoch: 3), .refused(.full), .left(alice, .banned), .away(alice, since: 7), .back(bob),
        .nickChanged(bob, "b"),
        .posted(sequence: 9, from: alice, id: MessageID(3), age: 7, content: [0]),
        .posted(sequence: 9, from: alice, id: MessageID(3), age: .max, content: []),
        .closing(.moderatorEnded),
        .privatePosted(from: alice, to: bob, id: MessageID(3), age: 7, content: [0, 1]),
        .receipts([]), .receipts([.init(id: MessageID(5), count: 1, of: .max, missed: 3)]),
        .declined(MessageID(0), .nickTaken), .moderated(MessageID(7)), .closing(.ttl), .removed(.banned, "too loud"),
        .removed(.kicked, ""),
        .topicChanged("cats"), .topicChanged(""), .inviteRevoked, .moved(OnionPlace(key: Array(0..<32), port: 1)),
        .hosts([]), .hosts([.onion(OnionPlace(key: Array(0..<32), port: 1))]),
        .lockChanged(true), .lockChanged(false),
        .extended(3_600), .waiting,
        .settled(floor: 3), .passed(sequence: 9, digest: [UInt8](repeating: 7, count: 32)),
        .tree([]), .tree([1, 2]), .groupInfo(epoch: 3, [4]), .registered,
        .secretWanted(GroupCandidate(id: MemberID(entropy: 7), keyPackage: [1, 2])),
        .secret(from: MemberID(entropy: 7), sealed: [UInt8](repeating: 5, count: RoomLimits.sealedSecretByteCount)),
    ]

    @Test("A member's request reads as it was written", arguments: requests)
    func request(_ request: MemberRequest) throws {
        let encoded = request.encoded
        #expect(try MemberRequest(type: encoded.type, body: encoded.body) == request)
    }

    @Test("A host's message reads as it was written", arguments: hostMessages)
    func hostMessage(_ message: HostMessage) throws {
        let encoded = message.encoded
        #expect(try HostMessage(type: encoded.type, body: encoded.body) == message)
    }

    @Test("A message with less or more bytes is no message, or another one")
    func wrongLengths() {
        for encoded in Self.requests.map(\.encoded) {
            let whole = try? MemberRequest(type: encoded.type, body: encoded.body)
            for count in encoded.body.indices {
                let cut = try? MemberRequest(type: encoded.type, body: Array(encoded.body.prefix(count)))
                #expect(cut == nil || (cut != whole && Self.endsWithContent(encoded.type)), "cut at \(count)")
            }
            let longer = try? MemberRequest(type: encoded.type, body: encoded.body + [0])
            #expect(longer == nil || Self.endsWithContent(encoded.type))
        }
        for encoded in Self.hostMessages.map(\.encoded) {
            let whole = try? HostMessage(type: encoded.type, body: encoded.body)
            for count in encoded.body.indices {
                let cut = try? HostMessage(type: encoded.type, body: Array(encoded.body.prefix(count)))
                #expect(cut == nil || (cut != whole && Self.endsWithContent(encoded.type)), "cut at \(count)")
            }
            let longer = try? HostMessage(type: encoded.type, body: encoded.body + [0])
            #expect(longer == nil || Self.endsWithContent(encoded.type))
        }
    }

    /// Content goes on to the end of its message.
    private static func endsWithContent(_ type: UInt8) -> Bool {
        [
            RoomMessageType.post, RoomMessageType.privatePost, RoomMessageType.posted, RoomMessageType.privatePosted,
            RoomMessageType.commit, RoomMessageType.committed, RoomMessageType.admitted, RoomMessageType.found,
            RoomMessageType.tree, RoomMessageType.groupInfo, RoomMessageType.secretWanted,
        ].contains(type)
    }

    @Test("Whatever bytes come, decoding ends in a message that encodes again, or in an error")
    func randomBytes() throws {
        var random = SeededRandom(seed: 1)
        var decoded = 0
        for _ in 0..<10_000 {
            let type = UInt8(random.below(64))
            let body = random.bytes(random.below(40))
            if let request = try? MemberRequest(type: type, body: body) {
                decoded += 1
                let again = request.encoded
                #expect(try MemberRequest(type: again.type, body: again.body) == request)
            }
            if let message = try? HostMessage(type: type, body: body) {
                decoded += 1
                let again = message.encoded
                #expect(try HostMessage(type: again.type, body: again.body) == message)
            }
        }
        #expect(decoded > 100)
    }

    @Test("A nick of a request may have 256 bytes, and no more")
    func nickLimit() {
        let longer = String(repeating: "n", count: MemberRequest.nickLimit + 1)
        let join = MemberRequest.join(nick: longer, member: Self.bob, keyPackage: [])
        for encoded in [join.encoded, MemberRequest.changeNick(longer).encoded] {
            #expect(throws: RoomError.malformed) { try MemberRequest(type: encoded.type, body: encoded.body) }
        }
    }

    @Test("A text may have 65,536 bytes, must be UTF-8, and is of a known kind")
    func content() throws {
        let longest = MessageContent(kind: .action, text: String(repeating: "x", count: ChatLimits.textByteCount))
        #expect(try MessageContent(decoding: longest.encoded) == longest)
        for bad in [longest.encoded + [120], [], [2, 65], [0, 0xff], [0, 0xc3]] {
            #expect(throws: RoomError.malformed) { try MessageContent(decoding: bad) }
        }
    }

    @Test("Codes that a later version may send are read as the nearest of ours")
    func unknownCodes() throws {
        #expect(try HostMessage(type: RoomMessageType.refused, body: [200]) == .refused(.unspecified))
        #expect(try HostMessage(type: RoomMessageType.closing, body: [200]) == .closing(.lost))
        #expect(
            try HostMessage(
                type: RoomMessageType.left, body: HostMessage.left(Self.bob, .quit).encoded.body.dropLast() + [200])
                == .left(Self.bob, .lost))
    }
}
