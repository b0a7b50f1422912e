import Chat
import Room
import Sodium
import TestSupport

@testable import SharedLog
@testable import TermTalk

/// What a Redis says, what stands in a shared log once it is opened, and what a room over it is told.
let sharedLogTargets = [
    FuzzTarget("redis", atMost: 1_024, seeds: redisSeeds, run: redis),
    FuzzTarget("shared-log", atMost: 1_024, seeds: sharedLogSeeds, run: sharedLog),
    FuzzTarget("shared-room", atMost: 2_048, seeds: sharedRoomSeeds, run: sharedRoom),
]

private func redisSeeds() -> [[UInt8]] {
    let head = String(repeating: "0a", count: LogHead.byteCount)
    let status = ["ab:cd", "3-7", head, "1", "5.0/1", "5.0", "3-7:\(head)/2"]
    let entries = ["3-7", "3-6", "x\r\ny", "3-7", ""]
    return [status, entries, ["REFUSED"]].flatMap { words in
        let bulk = words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
        let text = words.count == 1 ? bulk : "*\(words.count)\r\n\(bulk)"
        return (0..<4).map { kind in [kind] + Array("\(text)-LOADING\r\n:1\r\n".utf8) }
    }
}

/// The first byte says what was asked for; the same bytes at once and in two pieces mean the same.
private func redis(_ input: [UInt8]) {
    guard let kind = input.first else { return }
    let commands: [StoreCommand] = [
        .status, .read(after: .origin, limit: 5), .load,
        .keep(token: StoreToken("a"), epochHead: .origin, position: .origin, snapshot: [], trimming: nil),
    ]
    let command = commands[Int(kind) % commands.count]
    let bytes = Array(input.dropFirst())
    let whole = answers(to: command, [bytes])
    let pieces = answers(to: command, [Array(bytes.prefix(bytes.count / 2)), Array(bytes.dropFirst(bytes.count / 2))])
    // What comes behind an answer may break the stream off before it is handed over.
    precondition(whole.isEmpty || whole == pieces, "an answer depends on how it arrives")
    guard let reply = whole.first, case .reply(let reply) = reply else { return }
    var replica = LogReplica(host: 1, creating: false)
    let key = [UInt8](repeating: 1, count: LogSeal.keyByteCount)
    let seal = LogSeal(key: SecretBytes(copying: key.span))
    _ = replica.connected()
    _ = replica.received(reply, coding: seal)
    _ = replica.received(reply, coding: seal)
}

private func answers(to command: StoreCommand, _ pieces: [[UInt8]]) -> [RedisSession.Event] {
    var (session, _) = RedisSession.begin(room: "r", user: nil, password: nil)
    let hash = String(repeating: "a", count: 40)
    let hashes = RedisScript.allCases.map { _ in "$40\r\n\(hash)\r\n" }.joined()
    precondition((try? session.received(Array(hashes.utf8))) == [.ready])
    _ = session.send(command)
    var events: [RedisSession.Event] = []
    for piece in pieces {
        do throws(RedisError) {
            events += try session.received(piece)
        } catch {
            break
        }
        // One answer is all that was asked for.
        if !events.isEmpty { return Array(events.prefix(1)) }
    }
    return events
}

private func sharedLogSeeds() -> [[UInt8]] {
    let writer = WriterID(host: 5, incarnation: 6)
    let place = LogPlace(position: LogPosition(epoch: 1, number: 2), head: LogHead(high: 3, low: 4))
    let opening = LogEntry.opened(EpochOpening(before: .origin, token: StoreToken("a:b"), opener: writer, round: 1))
    let contents: [LogContent] = [
        .hello(instead: nil), .hello(instead: writer), .beat, .gone(writer, after: 8), .input(4, [1, 2, 3]),
    ]
    let entries = contents.map { content in
        LogEntry.written(
            WrittenEntry(writer: writer, number: 1, epochHead: place.head, seen: place, time: 9, content: content))
    }
    var state = LogState()
    for (number, entry) in ([opening] + entries.prefix(1)).enumerated() {
        let position = LogPosition(epoch: 1, number: UInt64(number))
        guard state.isContinued(by: entry, at: position) else { continue }
        _ = state.apply(entry, at: position, head: place.head)
    }
    let snapshot = LogSnapshot(state: state, room: [7, 7])
    return ([opening] + entries).map { [0] + $0.bytes } + [[1] + snapshot.bytes]
}

/// What is read is written as it was.
private func sharedLog(_ input: [UInt8]) {
    let bytes = input.dropFirst()
    if input.first == 1 {
        guard let snapshot = try? LogSnapshot(bytes: bytes) else { return }
        precondition((try? LogSnapshot(bytes: snapshot.bytes[...])) == snapshot, "a snapshot reads otherwise")
    } else if let entry = try? LogEntry(bytes: bytes) {
        precondition(entry.bytes == Array(bytes), "an entry was written otherwise")
    }
}

private var relayLimits: RoomLimits {
    var limits = RoomLimits()
    limits.isRelay = true
    return limits
}

private func sharedRoomSeeds() -> [[UInt8]] {
    let key = [UInt8](repeating: 3, count: 32)
    let terms = SharedTerms(relayLimits, hasPassword: true, isInviteOnly: false, timeToLive: .seconds(60))
    let inputs: [RoomInput] = [
        .began(terms), .said(1, key: key, way: -1, .first, type: 1, body: [1, 2, 3]),
        .said(1, key: key, way: 0, .group([5, 6]), type: 1, body: []), .returned(2, key: key, session: 3, received: 4),
        .opened(2, records: 9), .acknowledged([.init(link: 1, records: 2), .init(link: 2, records: 3)]), .lost(7),
        .cutOff(8), .fellBehind(9), .ended(.moderatorEnded), .listens(hostPlaces),
    ]
    var table = SharedTable()
    table.began(terms)
    table.came(11)
    table.listens(1, at: hostPlaces)
    _ = table.spoke(LinkID(host: 1, number: 4))
    let room = Room(limits: relayLimits, closesAt: .seconds(60), book: PlainBook.self)
    return inputs.map { [0] + $0.bytes } + [[1] + SharedSnapshot.bytes(of: room, table, now: .seconds(1))]
}

/// What is read is what was written.
private func sharedRoom(_ input: [UInt8]) {
    let bytes = Array(input.dropFirst())
    if input.first == 1 {
        guard let snapshot = try? SharedSnapshot(bytes: bytes, limits: relayLimits, book: PlainBook.self) else {
            return
        }
        let now = Duration.milliseconds(Int64(snapshot.time))
        let again = SharedSnapshot.bytes(of: snapshot.room, snapshot.table, now: now)
        precondition(
            (try? SharedSnapshot(bytes: again, limits: relayLimits, book: PlainBook.self))?.table == snapshot.table,
            "a snapshot reads otherwise")
    } else if let read = try? RoomInput(bytes: bytes) {
        precondition((try? RoomInput(bytes: read.bytes)) == read, "an input reads otherwise")
    }
}
