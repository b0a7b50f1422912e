import Chat
import TestSupport
import Wire

@testable import Room

/// What a kept room is read from.
let snapshotTargets = [
    FuzzTarget("room-snapshot", atMost: 2_048, seeds: snapshotSeeds, run: snapshot)
]

private let now = Duration.seconds(1_000)

private func snapshotSeeds() -> [[UInt8]] {
    var limits = RoomLimits()
    limits.asksHost = true
    var room = Room(limits: limits, closesAt: .seconds(2_000), book: PlainBook.self)
    var actions: [RoomAction] = []
    let ids = (1...3).map { MemberID(entropy: UInt32($0)) }
    let received = { (request: MemberRequest, slot: Int, isHost: Bool) -> Void in
        _ = try? room.received(
            type: request.encoded.type, body: request.encoded.body, from: LinkID(slot: slot), key: [UInt8(slot)],
            isHost: isHost, now: now, actions: &actions)
    }
    let empty = room.snapshot(now: now)
    received(.join(nick: "host", member: ids[0], keyPackage: [0, 0, 0, 1]), 0, true)
    received(.found(groupInfo: PlainGroup.info(epoch: 0, [ids[0]], [ids[0]])), 0, true)
    received(.join(nick: "alice", member: ids[1], keyPackage: [0, 0, 0, 2]), 1, false)
    room.decide(on: ids[1], refusal: nil, now: now, actions: &actions)
    var commit = GroupCommit(
        epoch: 0, added: [ids[1]], commit: PlainGroup.commit(epoch: 0, by: ids[0], adding: [ids[1]]), welcome: [1])
    commit.groupInfo = PlainGroup.info(epoch: 1, [ids[0], ids[1]], [ids[0]])
    received(.commit(commit), 0, true)
    received(.join(nick: "bob", member: ids[2], keyPackage: [0, 0, 0, 3]), 2, false)
    received(.post(id: MessageID(5), epoch: 1, content: [1, 2, 3]), 1, false)
    room.setTopic("cats", actions: &actions)
    room.linkLost(LinkID(slot: 1), now: now)
    let entry = RoomLog.Entry(
        message: HostMessage.privatePosted(from: ids[0], to: ids[1], id: MessageID(9), age: 7, content: [7]).encoded,
        audience: .one(ids[1]), records: 1, sequence: 0, tracking: 1)
    return [[0] + empty, [1] + room.snapshot(now: now), [2] + entry.encoded]
}

/// Whatever is read is a room, which lives on; and what is read of a log's entry is written again in the same way.
private func snapshot(_ input: [UInt8]) {
    guard let kind = input.first else { return }
    let bytes = Array(input.dropFirst())
    guard kind < 2 else {
        if let entry = try? RoomLog.Entry(encoded: bytes) {
            precondition(entry.encoded == bytes, "an entry has two encodings")
        }
        return
    }
    guard var room = try? Room(snapshot: bytes, limits: RoomLimits(), book: PlainBook.self, now: now) else { return }
    let again = room.snapshot(now: now)
    let copy = try? Room(snapshot: again, limits: RoomLimits(), book: PlainBook.self, now: now)
    precondition(copy?.snapshot(now: now) == again, "a room that was read cannot be written")
    var actions: [RoomAction] = []
    var slot = 0
    room.restarted(now: now) { _, _ in
        slot += 1
        return LinkID(slot: slot)
    }
    check(room)
    for time in [0, 10, 1_000, 100_000] {
        room.timePassed(now: now + .seconds(time), actions: &actions)
        for (link, id) in room.members.ofLink.sorted(by: { $0.key.slot < $1.key.slot }) {
            let request = MemberRequest.post(id: MessageID(UInt64(time)), epoch: room.group.epoch, content: [1]).encoded
            try? room.received(
                type: request.type, body: request.body, from: link, key: room.members[id]?.key ?? [],
                now: now + .seconds(time), actions: &actions)
            room.acknowledged(sequence: room.nextSequence - 1, by: link, now: now + .seconds(time))
        }
    }
    room.close(.ttl, actions: &actions)
}
