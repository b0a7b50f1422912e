import Chat
import Testing
import Wire

@testable import Room

@Suite struct RoomPostingTests {
    @Test("All get everything in one order, the sender too, and each message is delivered once")
    func oneOrder() throws {
        let network = RoomNetwork()
        let peers = try network.joined("a", "b", "c")
        for round in 0..<50 {
            for peer in peers { try network.say("\(peer) \(round)", peer) }
            _ = try network.step(upTo: 1 + round % 3)
        }
        try network.carry()
        for peer in peers {
            #expect(network.peers[peer].messages.map(\.sequence) == (1...150).map { UInt64($0) })
            #expect(network.peers[peer].texts == network.peers[peers[0]].texts)
            #expect(Set(network.peers[peer].delivered).count == 50)
            #expect(network.peers[peer].client.outboxCount == 0)
            #expect(network.peers[peer].messages.filter(\.isOwn).count == 50)
        }
    }

    @Test("Who comes later begins at the next number")
    func lateJoiner() throws {
        let network = RoomNetwork()
        let first = try network.joined("a")[0]
        for text in ["1", "2", "3"] { try network.say(text, first) }
        try network.carry()
        let late = try network.joined("b")[0]
        #expect(network.peers[late].admissions.map(\.nextSequence) == [4])
        try network.say("4", first)
        try network.carry()
        #expect(network.peers[late].messages.map(\.sequence) == [4])
    }

    @Test("A message that is sent again is confirmed and not repeated")
    func duplicates() throws {
        let network = RoomNetwork()
        let peers = try network.joined("a", "b")
        try network.say("once", peers[0])
        let post = try #require(network.peers[peers[0]].toHost.last)
        try network.receivedAtHost(post, from: peers[0])
        try network.receivedAtHost(post, from: peers[0])
        #expect(network.peers[peers[0]].toClient.count == 2)
        let id = try #require(try network.messageID(of: post))
        let answer = network.peers[peers[0]].toClient.last?.message
        #expect(answer == HostMessage.declined(id, .alreadyAccepted).encoded)
        network.peers[peers[0]].toHost = []
        try network.carry()
        #expect(network.peers[peers[1]].texts == ["once"])
        #expect(network.peers[peers[0]].delivered.count == 1)
        #expect(network.peers[peers[0]].client.outboxCount == 0)
    }

    @Test("Only an answer that comes without the message confirms it too")
    func confirmedByAnswer() throws {
        let network = RoomNetwork()
        let peers = try network.joined("a", "b")
        try network.say("before the break", peers[0])
        let post = try #require(network.peers[peers[0]].toHost.first)
        try network.receivedAtHost(post, from: peers[0])
        // The answer is lost with the connection, and the place too.
        network.breakLink(peers[0])
        network.timePassed(network.room.limits.absence)
        network.mendLink(peers[0])
        try network.carry()
        #expect(network.peers[peers[0]].client.isJoined)
        #expect(network.peers[peers[0]].delivered.count == 1)
        #expect(network.peers[peers[1]].texts == ["before the break"])
    }

    @Test("The latest 4,096 ids are remembered, and never more than twice as many")
    func rememberedIDs() throws {
        var limits = RoomLimits()
        limits.messageBurst = 1e9
        let network = RoomNetwork(limits: limits)
        let peer = try network.joined("a")[0]
        func isNew(_ number: Int) throws -> Bool {
            let before = network.peers[peer].toClient.count
            try network.receivedAtHost(
                MemberRequest.post(id: MessageID(UInt64(number)), epoch: network.epoch, content: []).encoded, from: peer
            )
            let answer = try #require(network.peers[peer].toClient.last?.message)
            #expect(network.peers[peer].toClient.count == before + 1)
            if case .posted = try HostMessage(type: answer.type, body: answer.body) { return true }
            return false
        }
        let count = 2 * RoomLimits.remembered
        for number in 1...count { try #require(try isNew(number)) }
        for number in count - RoomLimits.remembered + 1...count { #expect(try !isNew(number)) }
        #expect(try isNew(count - RoomLimits.remembered))
    }

    @Test("A private message reaches two members, and no number is spent on it")
    func privately() throws {
        let network = RoomNetwork()
        let peers = try network.joined("a", "b", "c")
        try network.say("psst", peers[0], to: "b")
        try network.say("by id", peers[1], to: try network.id(peers[0]).description)
        try network.say("all", peers[2])
        try network.carry()
        #expect(network.peers[peers[0]].texts == ["psst", "by id", "all"])
        #expect(network.peers[peers[1]].texts == ["psst", "by id", "all"])
        #expect(network.peers[peers[2]].texts == ["all"])
        #expect(network.peers[peers[0]].messages.map(\.sequence) == [nil, nil, 1])
        #expect(network.peers[peers[0]].messages.map(\.kind) == [.private, .private, .text])
        #expect(network.peers[peers[0]].delivered.count == 1)
        // Each sender hears that its receiver has it, and of nothing else.
        for (peer, text) in [(peers[0], "psst"), (peers[1], "by id")] {
            let id = try #require(network.peers[peer].messages.first { $0.text == text }?.id)
            let told = network.peers[peer].events.filter { if case .acknowledged = $0 { true } else { false } }
            #expect(told == [.acknowledged(id, count: 1, of: 1)])
        }
        #expect(throws: ChatEvent.Notice.self) { try network.say("x", peers[0], to: "nobody") }
    }

    @Test("A nick is found whatever its case, but the one as written comes first")
    func privatelyInAnyCase() throws {
        let network = RoomNetwork()
        let peers = try network.joined("a", "Chef")
        try network.say("psst", peers[0], to: "chef")
        try network.carry()
        #expect(network.peers[peers[1]].texts == ["psst"])
        let ids = [MemberID(entropy: 1), MemberID(entropy: 2)]
        let alike = [ids[0]: "Bob", ids[1]: "bob"]
        #expect(alike.key(named: "bob") { $0 } == ids[1])
        #expect(alike.key(named: "BOB") { $0 } == nil)
        #expect(alike.key(named: ids[0].description) { $0 } == ids[0])
        #expect([ids[0]: "bob", ids[1]: "bob"].key(named: "bob") { $0 } == nil)
    }

    @Test("A private message to who has just left, or to oneself, is declined")
    func privatelyToNobody() throws {
        let network = RoomNetwork()
        let peers = try network.joined("a", "b")
        try network.say("gone?", peers[0], to: "b")
        network.act(peers[1]) { client, actions in client.leave(actions: &actions) }
        let leave = network.peers[peers[1]].toHost.removeFirst()
        try network.receivedAtHost(leave, from: peers[1])
        try network.carry()
        #expect(network.peers[peers[0]].errors == [.noSuchMember])
        #expect(network.peers[peers[0]].client.outboxCount == 0)
        let error = #expect(throws: ChatEvent.Notice.self) { try network.say("me", peers[0], to: "a") }
        #expect(error?.code == .noSuchMember && error?.message.contains("is you") == true)
        #expect(network.peers[peers[0]].client.outboxCount == 0)
        // The host does not rely on it.
        let post = MemberRequest.privatePost(
            id: MessageID(9), epoch: network.epoch, to: try network.id(peers[0]), content: [1])
        try network.receivedAtHost(post.encoded, from: peers[0])
        let answer = network.peers[peers[0]].toClient.last?.message
        #expect(answer == HostMessage.declined(MessageID(9), .noSuchMember).encoded)
    }

    @Test("Content of the largest size is relayed, one byte more is declined")
    func contentLimit() throws {
        let network = RoomNetwork()
        let peers = try network.joined("a", "b")
        let receiver = try network.id(peers[1])
        for (count, code) in [
            (RoomLimits.contentByteCount, RoomCode?.none), (RoomLimits.contentByteCount + 1, .tooLarge),
        ] {
            for isPrivate in [false, true] {
                let id = MessageID(UInt64(count) << 1 | (isPrivate ? 1 : 0))
                let content = [UInt8](repeating: 1, count: count)
                let request: MemberRequest =
                    isPrivate
                    ? .privatePost(id: id, epoch: network.epoch, to: receiver, content: content)
                    : .post(id: id, epoch: network.epoch, content: content)
                try network.receivedAtHost(request.encoded, from: peers[0])
                let answer = try #require(network.peers[peers[0]].toClient.last?.message)
                let declined = try HostMessage(type: answer.type, body: answer.body) == .declined(id, .tooLarge)
                #expect(declined == (code != nil))
            }
        }
        #expect(network.peers[peers[1]].toClient.count == 2)
    }

    @Test("A text may have 65,536 bytes, and not one more")
    func textLimit() throws {
        let network = RoomNetwork()
        let peers = try network.joined("a", "b")
        let longest = String(repeating: "x", count: ChatLimits.textByteCount)
        try network.say(longest, peers[0])
        try network.carry()
        #expect(network.peers[peers[1]].texts == [longest])
        let thrown = #expect(throws: ChatEvent.Notice.self) { try network.say(longest + "x", peers[0]) }
        #expect(thrown?.code == .messageTooLarge)
        #expect(network.peers[peers[0]].client.outboxCount == 0)
    }

    @Test("Receipts come to the sender, at most twice a second")
    func receipts() throws {
        let network = RoomNetwork()
        let peers = try network.joined("a", "b", "c")
        network.timePassed(RoomLimits.epochTime)
        try network.say("1", peers[0])
        try network.carry()
        #expect(network.room.nextDeadline == network.now + RoomLimits.receiptInterval)
        try network.say("2", peers[0])
        try network.carry()
        #expect(network.peers[peers[0]].lastReceipts.isEmpty)
        network.timePassed(RoomLimits.receiptInterval)
        try network.carry()
        #expect(Array(network.peers[peers[0]].lastReceipts.values) == [[2, 2], [2, 2]])
        #expect(network.peers[peers[1]].lastReceipts.isEmpty)
        #expect(network.room.nextDeadline == nil)
    }

    @Test("When thousands of receipts change at once, they come in messages of a bounded size")
    func manyReceipts() throws {
        var limits = RoomLimits()
        limits.messageBurst = 1e9
        let network = RoomNetwork(limits: limits)
        let peers = try network.joined("a", "b")
        network.peers[peers[1]].isUp = false
        let count = 2 * RoomLimits.remembered - 1
        for number in 1...count {
            let id = MessageID(UInt64(number))
            network.peers[peers[0]].client.outbox.sent.insert(id)
            try network.receivedAtHost(
                MemberRequest.post(id: id, epoch: network.epoch, content: [0]).encoded, from: peers[0])
        }
        network.breakLink(peers[1])
        network.timePassed(RoomLimits.awayGrace)
        let largest = network.peers[peers[0]].toClient.compactMap(\.message).filter {
            $0.type == RoomMessageType.receipts
        }
        #expect(largest.count == (count + RoomLimits.receiptsPerMessage - 1) / RoomLimits.receiptsPerMessage)
        #expect(largest.allSatisfy { $0.body.count <= 14 * RoomLimits.receiptsPerMessage + 4 })
        try network.carry()
        #expect(network.peers[peers[0]].lastReceipts.count == count)
        #expect(network.peers[peers[0]].lastReceipts.values.allSatisfy { $0 == [0, 0] })
    }

    @Test("Too large a room counts no receipts")
    func receiptMembers() throws {
        for (count, isCounted) in [(ChatLimits.receiptMembers, true), (ChatLimits.receiptMembers + 1, false)] {
            var limits = RoomLimits()
            limits.members = 0
            let network = RoomNetwork(limits: limits)
            for _ in 0..<count { network.add() }
            try network.carry()
            try network.say("x", 0)
            try network.carry()
            network.timePassed(RoomLimits.receiptInterval)
            try network.carry()
            #expect(network.peers[0].lastReceipts.isEmpty == !isCounted)
        }
    }

    @Test("A member is paused exactly when it has sent more than it may, for as long as that takes")
    func messageRate() throws {
        let network = RoomNetwork()
        let peer = try network.joined("a")[0]
        // What told of the group is charged, too.
        network.timePassed(.seconds(1))
        let limits = network.room.limits
        for number in 1...Int(limits.messageBurst) {
            try network.receivedAtHost(
                MemberRequest.post(id: MessageID(UInt64(number)), epoch: network.epoch, content: []).encoded, from: peer
            )
        }
        #expect(network.peers[peer].pauses.isEmpty)
        try network.receivedAtHost(
            MemberRequest.post(id: MessageID(0), epoch: network.epoch, content: []).encoded, from: peer)
        #expect(network.peers[peer].pauses == [.seconds(1 / limits.messagesPerSecond)])
        // What was sent is taken nevertheless.
        #expect(network.peers[peer].toClient.count == Int(limits.messageBurst) + 1)

        try network.receivedAtHost(MemberRequest.changeNick("b").encoded, from: peer)
        #expect(
            network.peers[peer].pauses.last == .seconds((1 + RoomLimits.nickChangeCost) / limits.messagesPerSecond))
    }

    @Test("Bytes are limited as messages are, and the host like everybody")
    func byteRate() throws {
        let network = RoomNetwork()
        let peer = network.add(nick: "host", isHost: true)
        try network.carry()
        network.timePassed(.seconds(1))
        let limits = network.room.limits
        let size = 65_536
        for number in 0..<Int(limits.byteBurst) / size {
            try network.receivedAtHost(
                MemberRequest.post(
                    id: MessageID(UInt64(number)), epoch: network.epoch, content: .init(repeating: 0, count: size)
                ).encoded,
                from: peer)
        }
        #expect(network.peers[peer].pauses.isEmpty)
        try network.receivedAtHost(
            MemberRequest.post(id: MessageID(.max), epoch: network.epoch, content: .init(repeating: 0, count: size))
                .encoded, from: peer)
        #expect(network.peers[peer].pauses == [.seconds(Double(size) / limits.bytesPerSecond)])
    }
}

extension RoomNetwork {
    func messageID(of message: EncodedMessage) throws -> MessageID? {
        switch try MemberRequest(type: message.type, body: message.body) {
        case .post(let id, _, _), .privatePost(let id, _, _, _): id
        default: nil
        }
    }
}
