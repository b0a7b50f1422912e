import Chat
import SecureGroup
import Sodium
import TestSupport
import Wire

@testable import Room

/// What members and hosts say to each other, and the state machines that hear it.
let roomTargets = [
    FuzzTarget("member-request", atMost: 1_024, seeds: memberRequestSeeds, run: memberRequest),
    FuzzTarget("host-message", atMost: 1_024, seeds: hostMessageSeeds, run: hostMessage),
    FuzzTarget(
        "content", atMost: 512,
        seeds: {
            let content = MessageContent(kind: .action, text: "waves").encoded
            let part = [UInt8](repeating: 1, count: CheckMessage.partByteCount)
            return [
                content, EnvelopeContent.check(.answer(part, to: part)).encoded,
                Envelope(number: 7, chain: .init(high: 1, low: 2), nick: "alice", content: content).encoded,
            ]
        }, run: content),
    FuzzTarget("room", atMost: 1_024, seeds: roomSeeds, run: room),
    FuzzTarget("member-client", atMost: 1_024, seeds: memberClientSeeds, run: memberClient),
]

private let ids = (0..<4).map { MemberID(entropy: UInt32($0)) }

// MARK: Messages

private func memberRequestSeeds() -> [[UInt8]] {
    let requests: [MemberRequest] = [
        .join(nick: "alice", member: ids[0], keyPackage: [1, 2, 3]), .changeNick("bob"), .leave,
        .post(id: MessageID(1), epoch: 2, content: [0, 104, 105]),
        .privatePost(id: MessageID(1), epoch: 2, to: ids[1], content: [1]),
        .commit(
            GroupCommit(epoch: 1, added: [ids[1]], removed: [ids[2]], refused: [ids[3]], commit: [1], welcome: [2])),
    ]
    return requests.map { [$0.encoded.type] + $0.encoded.body }
}

/// What is understood has one encoding, and means the same again.
private func memberRequest(_ input: [UInt8]) {
    guard let type = input.first, let request = try? MemberRequest(type: type, body: Array(input.dropFirst())) else {
        return
    }
    let encoded = request.encoded
    precondition((try? MemberRequest(type: encoded.type, body: encoded.body)) == request, "\(request)")
}

let hostPlaces: [HostPlace] = [
    .onion(OnionPlace(key: Array(0..<32), port: 12_345)),
    HostPlace.DirectPlace(host: "relay.example", port: 1).map { .direct($0) },
    HostPlace.DirectPlace(host: "2001:db8::1", port: 65_535).map { .direct($0) },
].compactMap(\.self)

private func hostMessageSeeds() -> [[UInt8]] {
    let entries = ids.prefix(2).map {
        HostMessage.RoomState.Entry(
            id: $0, isHost: $0 == ids[0], nick: "nick\($0)", awaySince: $0 == ids[1] ? 60 : nil)
    }
    let messages: [HostMessage] = [
        .present(entries),
        .admitted(.init(member: ids[1], secondsLeft: 300, nextSequence: 4, epoch: 2, members: entries, welcome: [9])),
        .refused(.full), .committed(from: ids[0], floor: 0, joined: entries, commit: [1, 2]),
        .commitWanted(adding: [GroupCandidate(id: ids[1], keyPackage: [3])], removing: [ids[2]]),
        .commitDeclined(epoch: 3), .left(ids[1], .kicked), .away(ids[1], since: 60), .back(ids[1]),
        .nickChanged(ids[1], "carol"),
        .posted(sequence: 4, from: ids[1], id: MessageID(8), age: 7, content: [0, 104]),
        .privatePosted(from: ids[0], to: ids[1], id: MessageID(9), age: 7, content: [0, 104]),
        .receipts([.init(id: MessageID(8), count: 1, of: 2)]), .declined(MessageID(8), .slow), .closing(.ttl),
        .removed(.banned, "bye"), .topicChanged("cats"), .lockChanged(true), .extended(60), .waiting,
        .hosts(hostPlaces),
    ]
    return messages.map { [$0.encoded.type] + $0.encoded.body }
}

private func hostMessage(_ input: [UInt8]) {
    guard let type = input.first, let message = try? HostMessage(type: type, body: Array(input.dropFirst())) else {
        return
    }
    let encoded = message.encoded
    precondition((try? HostMessage(type: encoded.type, body: encoded.body)) == message, "\(message)")
}

private func content(_ input: [UInt8]) {
    if let content = try? EnvelopeContent(decoding: input) {
        precondition(content.encoded == input, "content has two encodings")
    }
    if let envelope = try? Envelope(decoding: input) {
        precondition((try? Envelope(decoding: envelope.encoded)) == envelope, "an envelope changes")
    }
}

// MARK: The room at its host

private func roomSeeds() -> [[UInt8]] {
    // Links 0 to 2 join; the one that is asked commits, and then they talk.
    let join = { (link: UInt8) in
        FuzzOutput.make { seed in
            seed.add(0, link, link)
            seed.add(shortPiece: [97 + link])
            seed.add(link)
        }
    }
    let answer: [UInt8] = [2, 0, 0]
    let post = { (link: UInt8) in [1, link, 10 + link, 0, 0, 3, 0, 104, 105] as [UInt8] }
    let whisper: [UInt8] = [1, 1, 9, 0, 1, 2, 2, 0, 104]
    let entered = join(0) + join(1) + answer + join(2) + answer
    let time: [UInt8] = [5, 0, 200]
    let endings: [[UInt8]] = [
        post(1) + post(2) + whisper + [9, 1, 0, 1] + time,
        // Its link breaks, and it goes on over another one; then it is overrun, and comes back.
        [4, 1, 6, 0, 1, 1, 1, 10, 1] + join(1) + answer,
        [3, 1, 0x13, 2, 1, 120, 7, 2, 8, 1, 1] + time + post(0),
        [11, 1] + join(3) + [11, 0] + join(3) + [2, 0, 3, 2, 0, 9] + time,
    ]
    return endings.map { [0, 1] + entered + $0 } + [[1, 0] + join(0) + answer + join(1) + [12, 0, 1] + answer + time]
}

/// Members that ask for anything, links that break, time that passes, a host that moderates: the room's tables stay in step.
private func room(_ bytes: [UInt8]) {
    var input = FuzzInput(bytes)
    var limits = RoomLimits()
    limits.members = 5
    limits.asksHost = input.byte() & 1 != 0
    var room = Room(limits: limits, closesAt: input.byte() & 1 != 0 ? .seconds(3_600) : nil, book: PlainBook.self)
    var now = Duration.seconds(1)
    var wanted: (link: LinkID, candidates: [GroupCandidate], removals: [MemberID])?
    while !input.isEmpty {
        var actions: [RoomAction] = []
        do {
            let operation = input.byte()
            let link = LinkID(slot: input.number(below: 8))
            // Most links have a key of their own, so that some members come in twice.
            let key = [UInt8(link.slot % 6)]
            switch operation % 14 {
            case 0:
                let id = input.memberID()
                let request = MemberRequest.join(
                    nick: input.text(), member: id, keyPackage: [UInt8(id.wireValue), input.byte()]
                ).encoded
                try room.received(
                    type: request.type, body: request.body, from: link, key: key, isHost: link.slot == 0, now: now,
                    actions: &actions)
            case 1:
                let id = MessageID(UInt64(input.byte()))
                let epoch = room.group.epoch &- UInt64(input.byte() % 4)
                let request =
                    input.byte() & 1 == 0
                    ? MemberRequest.post(id: id, epoch: epoch, content: input.shortPiece())
                    : .privatePost(id: id, epoch: epoch, to: input.memberID(), content: input.shortPiece())
                try room.received(
                    type: request.encoded.type, body: request.encoded.body, from: link, key: key, now: now,
                    actions: &actions)
            case 2:
                guard let asked = wanted else { break }
                wanted = nil
                let choice = input.byte()
                var commit = GroupCommit(
                    epoch: room.group.epoch, added: asked.candidates.map(\.id), removed: asked.removals, commit: [1],
                    welcome: asked.candidates.isEmpty ? [] : [2])
                if choice & 1 != 0 { commit.refused = [commit.added.popLast()].compactMap { $0 } }
                if choice & 2 != 0 { commit.commit = [] }
                if choice & 4 != 0 { commit.added.append(input.memberID()) }
                if choice & 8 != 0 { commit.removed.append(input.memberID()) }
                if !commit.commit.isEmpty, let sender = room.member(at: asked.link) {
                    commit.commit = PlainGroup.commit(
                        epoch: commit.epoch, by: sender, adding: commit.added, removing: commit.removed)
                    let after = Set(room.group.book?.members ?? []).subtracting(commit.removed).union(commit.added)
                    commit.groupInfo = PlainGroup.info(
                        epoch: commit.epoch &+ 1, after, (room.group.book as? PlainBook)?.roles ?? [])
                }
                let request = MemberRequest.commit(commit).encoded
                try room.received(
                    type: request.type, body: request.body, from: asked.link, key: key, now: now, actions: &actions)
            case 3:
                try room.received(
                    type: input.byte(), body: input.shortPiece(), from: link, key: key, now: now, actions: &actions)
            case 4: room.linkLost(link, now: now)
            case 5: now += .seconds(Int(input.byte()) * 8)
            case 6:
                _ = room.resumed(
                    session: input.memberID().wireValue, key: [input.byte() % 6],
                    link: LinkID(slot: 8 + input.number(below: 4)), now: now, actions: &actions)
            case 7: room.cutOff(link, now: now, actions: &actions)
            case 8: room.expel(input.memberID(), banned: link.slot & 1 != 0, reason: "x", now: now, actions: &actions)
            case 9: room.acknowledged(sequence: input.uint64(), by: link, now: now)
            case 10: room.overrun(link, now: now)
            case 11: room.setLocked(link.slot & 1 != 0, actions: &actions)
            case 12:
                room.decide(
                    on: input.memberID(), refusal: link.slot & 1 != 0 ? .denied : nil, now: now, actions: &actions)
            default: room.hostWasAway(for: .seconds(Int(input.byte())))
            }
        } catch {
            // The owner closes the link, and says so.
            let link = LinkID(slot: 0)
            room.cutOff(link, now: now, actions: &actions)
            room.linkGone(link)
        }
        room.timePassed(now: now, actions: &actions)
        for action in actions {
            switch action {
            case .send(let link, let message):
                if case .commitWanted(let candidates, let removals)? = try? HostMessage(
                    type: message.type, body: message.body)
                {
                    wanted = (link, candidates, removals)
                } else if case .admitted(let admission)? = try? HostMessage(type: message.type, body: message.body),
                    admission.welcome.isEmpty, let id = room.member(at: link)
                {
                    let request = MemberRequest.found(groupInfo: PlainGroup.info(epoch: 0, [id], [id])).encoded
                    var more: [RoomAction] = []
                    try? room.received(
                        type: request.type, body: request.body, from: link, key: room.members[id]?.key ?? [], now: now,
                        actions: &more)
                }
            case .release(let link): room.linkGone(link)
            default: break
            }
        }
        check(room)
        room = throughSnapshot(room, now: now)
    }
}

/// A room that is written and read is the same; it goes on as the one that was read.
private func throughSnapshot(_ room: Room, now: Duration) -> Room {
    let bytes = room.snapshot(now: now)
    do {
        let copy = try Room(snapshot: bytes, limits: room.limits, book: PlainBook.self, now: now)
        precondition(copy.snapshot(now: now) == bytes, "a room has two snapshots")
        return copy
    } catch {
        preconditionFailure("a room's snapshot is not one: \(error)")
    }
}

func check(_ room: Room) {
    precondition(room.awayCount == room.members.values.count { $0.absence != nil }, "the count of those away is wrong")
    precondition(room.members.ofKey.count == room.members.count, "a key without a member")
    precondition(
        room.names.ofNick.count == room.members.count + room.group.joiners.newcomerCount, "a nick that nobody has")
    precondition(room.names.ofID.count == room.names.ofNick.count, "an id that nobody has")
    for (link, id) in room.members.ofLink {
        precondition(room.members[id]?.link == link, "a link of nobody")
    }
    for (id, member) in room.members {
        precondition(room.names.ofNick[member.nick.skeleton] == id, "a member without its nick")
        precondition(member.link.map { room.members.ofLink[$0] == id } ?? true, "a member without its link")
        precondition(member.link != nil || member.absence != nil, "a member without a link is away")
    }
    precondition(room.limits.members >= room.members.count || room.members.values.contains(where: \.isHost), "too many")
}

// MARK: A member

private func memberClientSeeds() -> [[UInt8]] {
    let admitted: [UInt8] = [0, 0, 5, 0, 1, 97, 0]
    let say: [UInt8] = [2, 2, 104, 105]
    let raw = { (message: HostMessage) in
        FuzzOutput.make {
            $0.add(1, message.encoded.type); $0.add(piece: message.encoded.body)
        }
    }
    return [
        [0] + admitted + say + [3, 0, 5, 5, 200, 4] + say + [7, 0, 6, 1, 0, 9, 2, 1, 2],
        [1] + admitted + say + raw(.posted(sequence: 5, from: ids[1], id: MessageID(3), age: 7, content: [1, 2])) + [
            5, 200,
        ],
        [0] + admitted + raw(.committed(from: ids[1], floor: 0, joined: [], commit: [UInt8](repeating: 0, count: 20))),
        [0] + raw(.waiting) + admitted + raw(.topicChanged("cats")) + raw(.receipts([])) + [6],
        [0] + admitted
            + raw(.commitWanted(adding: [GroupCandidate(id: ids[1], keyPackage: [0, 0, 0, 1])], removing: []))
            + [4, 8, 0, 9, 3],
    ]
}

/// A host that says anything to a member that is in the room, alone or with others.
private func memberClient(_ bytes: [UInt8]) {
    var input = FuzzInput(bytes)
    let engine: any GroupEngine =
        input.byte() & 1 == 0 ? PlainGroup(id: ids[0]) : RoomGroup(creator: nil, time: 1_000_000)
    var client = MemberClient(nick: "fuzz", engine: engine, random: { 7 })
    var actions: [MemberClient.Action] = []
    client.connected(actions: &actions)
    var sent: [EncodedMessage] = []
    while !input.isEmpty {
        do {
            let message: HostMessage
            switch input.byte() % 9 {
            case 0:
                message = .admitted(
                    .init(
                        member: engine.id, secondsLeft: nil, nextSequence: input.uint64(),
                        epoch: UInt64(input.byte()), members: [.init(id: engine.id, isHost: false, nick: input.text())],
                        welcome: input.shortPiece()))
            case 1:
                try client.received(type: input.byte(), body: input.piece(), actions: &actions)
                continue
            case 2:
                _ = try? client.say(input.text(), kind: .text, actions: &actions)
                continue
            case 3:
                // What was said last comes back.
                guard let last = sent.last(where: { $0.type == RoomMessageType.post }),
                    case .post(let id, _, let content)? = try? MemberRequest(type: last.type, body: last.body)
                else { continue }
                message = .posted(sequence: input.uint64(), from: engine.id, id: id, age: 7, content: content)
            case 4:
                // So does a Commit.
                guard let last = sent.last(where: { $0.type == RoomMessageType.commit }),
                    case .commit(let commit)? = try? MemberRequest(type: last.type, body: last.body)
                else { continue }
                message = .committed(
                    from: engine.id, floor: 0,
                    joined: commit.added.map { .init(id: $0, isHost: false, nick: input.text()) },
                    commit: commit.commit)
            case 5:
                client.now += .seconds(Int(input.byte()) * 30)
                client.timePassed(actions: &actions)
                continue
            case 6:
                client.connected(actions: &actions)
                continue
            case 7:
                message = .posted(
                    sequence: input.uint64(), from: input.memberID(), id: MessageID(input.uint64()),
                    age: UInt32(truncatingIfNeeded: input.uint64()), content: input.shortPiece())
            default: message = .declined(MessageID(input.uint64()), RoomCode(rawValue: input.byte() % 24) ?? .slow)
            }
            try client.received(type: message.encoded.type, body: message.encoded.body, actions: &actions)
        } catch {
            return
        }
        for case .send(let message) in actions { sent.append(message) }
        actions = []
        if client.isJoined {
            precondition(client.id == engine.id, "a member with an id that is not its own")
        }
    }
}
