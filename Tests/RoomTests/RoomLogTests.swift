import Chat
import TestSupport
import Testing
import Wire

@testable import Room

@Suite struct RoomLogTests {
    private static let ada = MemberID(entropy: 1)
    private static let bob = MemberID(entropy: 2)

    private func message(_ text: String) -> EncodedMessage { EncodedMessage(type: 0x25, body: Array(text.utf8)) }

    private func isDone(_ log: RoomLog, _ reader: inout RoomLog.Reader) -> Bool { !log.hasMore(&reader) }

    private func hasPlace(_ log: RoomLog, _ member: MemberID) -> Bool {
        var log = log
        return log.resume(member, after: 0) != nil
    }

    /// What a reader sends, `atOnce` messages a turn.
    private func read(_ log: RoomLog, _ reader: inout RoomLog.Reader, atOnce: Int = .max) -> [String] {
        var texts: [String] = []
        while log.hasMore(&reader) {
            var messages: [EncodedMessage] = []
            log.read(reader, limit: .max, into: &messages)
            let sent = messages.prefix(atOnce)
            texts += sent.map { String(decoding: $0.body, as: UTF8.self) }
            log.advance(&reader, by: sent.count)
        }
        return texts
    }

    @Test("Each reads what is for all and what is for it, in one order", arguments: [1, 2, .max])
    func audiences(atOnce: Int) {
        var log = RoomLog(byteLimit: 1_000_000)
        log.append(message("before"), for: .all, records: 1)
        var ada = log.open(Self.ada, records: 0)
        log.append(message("1"), for: .all, records: 1, sequence: 1)
        var bob = log.open(Self.bob, records: 0)
        log.append(message("for ada"), for: .one(Self.ada), records: 1)
        log.append(message("for bob"), for: .one(Self.bob), records: 1)
        log.append(message("2"), for: .all, records: 1, sequence: 2)
        log.append(message("for bob again"), for: .one(Self.bob), records: 1)
        #expect(read(log, &ada, atOnce: atOnce) == ["1", "for ada", "2"])
        #expect(read(log, &bob, atOnce: atOnce) == ["for bob", "2", "for bob again"])
        #expect(isDone(log, &ada) && isDone(log, &bob))
    }

    @Test("Who has come in since it was said reads what is for those who have")
    func epochs() throws {
        var log = RoomLog(byteLimit: 1_000_000)
        var ada = log.open(Self.ada, records: 0, epoch: 3)
        var bob = log.open(Self.bob, records: 0, epoch: 4)
        log.append(message("whole"), for: .upTo(epoch: 3), records: 5, sequence: 1)
        log.append(message("number"), for: .after(epoch: 3), records: 1, sequence: 1)
        log.append(EncodedMessage(type: RoomMessageType.committed, body: []), for: .all, records: 1)
        log.append(message("2"), for: .upTo(epoch: 4), records: 1, sequence: 2)
        #expect(read(log, &ada) == ["whole", "", "2"])
        #expect(read(log, &bob) == ["number", "", "2"])
        // The numbers of one tell it nothing of what the other gets, and how far each has followed the group is known.
        let records = (log.acknowledged(5, by: Self.ada), log.acknowledged(1, by: Self.bob))
        #expect(records == (1, 1))
        #expect(log.epoch(of: Self.ada) == 3 && log.epoch(of: Self.bob) == 4)
        let rest = (log.acknowledged(7, by: Self.ada), log.acknowledged(3, by: Self.bob))
        #expect(rest == (2, 2))
        #expect(log.epoch(of: Self.ada) == 4 && log.epoch(of: Self.bob) == 5)
    }

    @Test("A reader that is done reads nothing behind its end")
    func end() {
        var log = RoomLog(byteLimit: 1_000_000)
        var ada = log.open(Self.ada, records: 0)
        log.append(message("goodbye"), for: .all, records: 1)
        ada.end = log.end
        log.append(message("later"), for: .all, records: 1)
        #expect(read(log, &ada) == ["goodbye"])
    }

    @Test("Acknowledging tells the highest number in the room's order, and counts what is for others not at all")
    func acknowledging() {
        var log = RoomLog(byteLimit: 1_000_000)
        _ = log.open(Self.ada, records: 10)
        log.append(message("for bob"), for: .one(Self.bob), records: 1)
        log.append(message("1"), for: .all, records: 1, sequence: 1)
        log.append(message("long"), for: .all, records: 3, sequence: 2)
        log.append(message("for ada"), for: .one(Self.ada), records: 1)
        let result1 = log.acknowledged(10, by: Self.ada)
        #expect(result1 == 0)
        let result2 = log.acknowledged(11, by: Self.ada)
        #expect(result2 == 1)
        // A part of a message is not the message.
        let result3 = log.acknowledged(13, by: Self.ada)
        #expect(result3 == 0)
        let result4 = log.acknowledged(15, by: Self.ada)
        #expect(result4 == 2)
        let result5 = log.acknowledged(14, by: Self.ada)
        #expect(result5 == nil, "less than before")
        let result6 = log.acknowledged(16, by: Self.ada)
        #expect(result6 == nil, "more than was said")
        let result7 = log.acknowledged(1, by: Self.bob)
        #expect(result7 == nil, "nobody's place")
    }

    @Test("Who comes back goes on behind what it has received, also in the middle of a message")
    func resuming() throws {
        var log = RoomLog(byteLimit: 1_000_000)
        _ = log.open(Self.ada, records: 4)
        log.append(message("1"), for: .all, records: 1, sequence: 1)
        log.append(message("for bob"), for: .one(Self.bob), records: 1)
        log.append(message("long"), for: .all, records: 3, sequence: 2)
        log.append(message("3"), for: .all, records: 1, sequence: 3)
        let result18 = log.resume(Self.ada, after: 7)
        let position = try #require(result18)
        #expect(position.partOfNext == 2)
        #expect(position.waiting == 2)
        #expect(position.sequence == 1)
        var reader = position.reader
        #expect(read(log, &reader) == ["long", "3"])
        let result19 = log.resume(Self.ada, after: 9)
        let all = try #require(result19)
        #expect(all.waiting == 0 && all.partOfNext == 0 && all.sequence == 3)
        var done = all.reader
        #expect(isDone(log, &done))
        let result8 = log.resume(Self.ada, after: 10)
        #expect(result8 == nil, "never said")
        let result9 = log.resume(Self.ada, after: 8)
        #expect(result9?.records == 9, "it has acknowledged more")
        #expect(result9?.waiting == 0 && result9?.partOfNext == 0)
        let result10 = log.resume(Self.bob, after: 0)
        #expect(result10 == nil, "nobody's place")
    }

    @Test("What is for others only is no gap for a reader, also when it is dropped")
    func droppedForOthers() {
        var log = RoomLog(byteLimit: 10_000)
        var ada = log.open(Self.ada, records: 0)
        log.append(message("1"), for: .all, records: 1)
        #expect(read(log, &ada) == ["1"])
        for _ in 0..<300 { log.append(message("for bob"), for: .one(Self.bob), records: 1) }
        _ = log.acknowledged(1, by: Self.ada)
        let lost = log.trim()
        #expect(lost == [] && log.heldByteCount == 0)
        #expect(isDone(log, &ada))
        log.append(message("2"), for: .all, records: 1)
        #expect(read(log, &ada) == ["2"])
    }

    @Test("Who gets nothing, while others fill the log in private, neither holds it up nor loses its place")
    func privateFlood() {
        var log = RoomLog(byteLimit: 10_000)
        var ada = log.open(Self.ada, records: 0)
        _ = log.open(Self.bob, records: 0)
        log.append(message("1"), for: .all, records: 1)
        #expect(read(log, &ada) == ["1"])
        _ = log.acknowledged(1, by: Self.ada)
        for number in 1...3_000 {
            log.append(message("for bob"), for: .one(Self.bob), records: 1)
            _ = log.acknowledged(UInt32(number), by: Self.bob)
            let lost = log.trim()
            #expect(lost == [])
        }
        log.append(message("2"), for: .all, records: 1)
        #expect(read(log, &ada) == ["2"])
    }

    @Test("What is to be told when it has arrived is told once, and by itself")
    func tracking() {
        var log = RoomLog(byteLimit: 1_000_000)
        _ = log.open(Self.ada, records: 0)
        log.append(message("1"), for: .one(Self.ada), records: 1, tracking: 7)
        log.append(message("2"), for: .all, records: 1, sequence: 1)
        log.append(message("3"), for: .one(Self.ada), records: 1, tracking: 0)
        _ = log.acknowledged(1, by: Self.ada)
        let first = log.takeArrived()
        #expect(first == [7])
        let sequence = log.acknowledged(3, by: Self.ada)
        #expect(sequence == 1)
        let second = log.takeArrived()
        #expect(second == [0])
        let third = log.takeArrived()
        #expect(third.isEmpty)
    }

    @Test("What does not arrive any more is told once, whether its place was closed or the log dropped it")
    func lost() {
        var log = RoomLog(byteLimit: 20 * (1 + RoomLog.entryCost))
        for member in [Self.ada, Self.bob] { _ = log.open(member, records: 0) }
        log.append(message("1"), for: .one(Self.ada), records: 1, tracking: 1)
        log.append(message("2"), for: .one(Self.ada), records: 1, tracking: 2)
        log.append(message("3"), for: .one(Self.bob), records: 1, tracking: 3)
        _ = log.acknowledged(1, by: Self.ada)
        log.close(Self.ada)
        let closed = log.takeLost()
        #expect(closed.map(\.number) == [2] && closed.map(\.member) == [Self.ada])
        _ = log.open(Self.ada, records: 0)
        for number in UInt64(4)..<24 {
            let member = number.isMultiple(of: 2) ? Self.ada : Self.bob
            log.append(message("x"), for: .one(member), records: 1, tracking: number)
        }
        // 3 is dropped, and with bob's place all that waits behind it.
        let gone = log.trim()
        #expect(gone == [Self.bob])
        let dropped = log.takeLost()
        #expect(dropped.map(\.number) == [3] + stride(from: 5, to: 24, by: 2))
        #expect(dropped.allSatisfy { $0.member == Self.bob })
        #expect(log.takeLost().isEmpty)
    }

    @Test("Record numbers wrap")
    func wrapping() throws {
        var log = RoomLog(byteLimit: 1_000_000)
        _ = log.open(Self.ada, records: .max - 1)
        for _ in 0..<4 { log.append(message("x"), for: .all, records: 1) }
        let result11 = log.acknowledged(.max, by: Self.ada)
        #expect(result11 == 0)
        let result20 = log.resume(Self.ada, after: 1)
        let position = try #require(result20)
        #expect(position.waiting == 1)
    }

    @Test("What nobody needs any more is dropped, and a member that is away keeps what it needs")
    func trimming() throws {
        var log = RoomLog(byteLimit: 1_000_000)
        _ = log.open(Self.ada, records: 0)
        _ = log.open(Self.bob, records: 0)
        for number in 1...1_000 {
            log.append(message("x"), for: .all, records: 1, sequence: UInt64(number))
            _ = log.acknowledged(UInt32(number), by: Self.ada)
            let result12 = log.trim()
            #expect(result12 == [])
        }
        #expect(log.heldByteCount == 1_000 * (1 + RoomLog.entryCost))
        let position = log.resume(Self.bob, after: 0)
        #expect(try #require(position).waiting == 1_000)
        log.close(Self.bob)
        for _ in 0..<1_000 { log.append(message("x"), for: .one(Self.bob), records: 1) }
        let result13 = log.trim()
        #expect(result13 == [])
        _ = log.acknowledged(1_000, by: Self.ada)
        for _ in 0..<2_000 { log.append(message("x"), for: .all, records: 1) }
        _ = log.acknowledged(3_000, by: Self.ada)
        let result14 = log.trim()
        #expect(result14 == [])
        #expect(log.heldByteCount == 0)
    }

    @Test("What all have is dropped at once when it is large, and when there is time for it")
    func trimmingByBytes() {
        var log = RoomLog(byteLimit: 10_000_000)
        _ = log.open(Self.ada, records: 0)
        let long = EncodedMessage(type: 0x25, body: [UInt8](repeating: 1, count: 30_000))
        for count in 1...3 as ClosedRange<UInt32> {
            log.append(long, for: .all, records: 1)
            _ = log.acknowledged(count, by: Self.ada)
            #expect(log.trim().isEmpty)
            #expect(log.heldByteCount == (count == 3 ? 0 : Int(count) * (30_000 + RoomLog.entryCost)))
        }
        log.append(long, for: .all, records: 1)
        #expect(log.trim(isIdle: true).isEmpty && log.heldByteCount > 0, "not acknowledged")
        _ = log.acknowledged(4, by: Self.ada)
        #expect(log.trim().isEmpty && log.heldByteCount > 0)
        #expect(log.trim(isIdle: true).isEmpty && log.heldByteCount == 0)
    }

    @Test("Who has no place any more gets what there is for it, but for what is past the bound")
    func leaving() {
        var log = RoomLog(byteLimit: 200_000)
        _ = log.open(Self.ada, records: 0)
        var bob = log.open(Self.bob, records: 0)
        let long = EncodedMessage(type: 0x25, body: [UInt8](repeating: 1, count: 70_000))
        log.append(long, for: .all, records: 1)
        log.append(message("removed"), for: .one(Self.bob), records: 1)
        log.end(&bob)
        log.close(Self.bob)
        log.append(message("left"), for: .all, records: 1)
        _ = log.acknowledged(3, by: Self.ada)
        #expect(log.trim(isIdle: true, readers: [bob]).isEmpty)
        var later = bob
        #expect(read(log, &bob).count == 2 && isDone(log, &bob))
        #expect(log.trim(isIdle: true, readers: [bob]).isEmpty && log.heldByteCount == 0)
        for _ in 0..<3 { log.append(long, for: .all, records: 1) }
        #expect(log.trim(readers: [later]) == [Self.ada])
        #expect(isDone(log, &later))
    }

    @Test(
        "Who leaves gets what there is for it, though what was for others is gone meanwhile", arguments: [false, true])
    func leavingBehindOthers(closes: Bool) {
        var log = RoomLog(byteLimit: 200_000)
        _ = log.open(Self.ada, records: 0)
        var bob = log.open(Self.bob, records: 0)
        log.append(message("psst"), for: .one(Self.ada), records: 1)
        _ = log.acknowledged(1, by: Self.ada)
        #expect(log.trim(isIdle: true).isEmpty && log.heldByteCount == 0)
        log.append(message("removed"), for: .one(Self.bob), records: 1)
        log.end(&bob)
        if closes { log.close(Self.bob) }
        log.append(message("left"), for: .all, records: 1)
        #expect(log.trim(isIdle: true, readers: [bob]).isEmpty)
        #expect(read(log, &bob) == ["removed"] && isDone(log, &bob))
    }

    @Test("At its bound the log drops the oldest, and who needed that loses its place")
    func bound() {
        var log = RoomLog(byteLimit: 10 * (100 + RoomLog.entryCost))
        let long = message(String(repeating: "x", count: 100))
        _ = log.open(Self.bob, records: 0)
        for _ in 0..<5 { log.append(long, for: .all, records: 1) }
        var ada = log.open(Self.ada, records: 0)
        for _ in 0..<5 { log.append(long, for: .all, records: 1) }
        let result15 = log.trim()
        #expect(result15 == [], "at the bound")
        log.append(long, for: .all, records: 1)
        let result16 = log.trim()
        #expect(result16 == [Self.bob], "one past it")
        #expect(!hasPlace(log, Self.bob) && hasPlace(log, Self.ada))
        #expect(log.heldByteCount == 10 * (100 + RoomLog.entryCost))
        #expect(read(log, &ada).count == 6)
        for _ in 0..<10 { log.append(long, for: .all, records: 1) }
        var stale = ada
        log.append(long, for: .all, records: 1)
        let result17 = log.trim()
        #expect(result17 == [Self.ada])
        #expect(isDone(log, &stale))
        var nothing: [EncodedMessage] = []
        log.read(stale, limit: .max, into: &nothing)
        log.advance(&stale, by: 1)
        #expect(nothing.isEmpty)
    }

    @Test(
        "However the log is read, acknowledged and resumed, a member gets its entries once and in order",
        arguments: 0..<20)
    func random(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var log = RoomLog(byteLimit: 1_000_000)
        var reader = log.open(Self.ada, records: 0)
        var expected: [String] = []
        var received: [String] = []
        for step in 0..<400 {
            switch random.below(4) {
            case 0:
                let isOther = random.below(2) == 0
                log.append(message("\(step)"), for: isOther ? .one(Self.bob) : .one(Self.ada), records: 1)
                if !isOther { expected.append("\(step)") }
            case 1:
                log.append(message("\(step)"), for: .all, records: 1)
                expected.append("\(step)")
            case 2:
                var messages: [EncodedMessage] = []
                log.read(reader, limit: 1 + random.below(8), into: &messages)
                received += messages.map { String(decoding: $0.body, as: UTF8.self) }
                log.advance(&reader, by: messages.count)
            default:
                // The connection breaks, with some of what was sent still on its way.
                let result21 = log.resume(Self.ada, after: UInt32(received.count))
                let position = try #require(result21)
                reader = position.reader
                #expect(Int(position.waiting) == expected.count - received.count)
            }
            _ = log.trim()
        }
        received += read(log, &reader)
        #expect(received == expected)
    }

    @Test("Past its bound the log drops what all could have read, and nothing else")
    func unreadable() {
        var log = RoomLog(byteLimit: 1_000)
        _ = log.open(Self.ada, records: 0)
        for _ in 0..<4 { log.append(message(String(repeating: "x", count: 900)), for: .all, records: 1) }
        log.readableEnd = 2
        let received = log.acknowledged(2, by: Self.ada)
        let gone = log.trim()
        #expect(received == 0 && gone.isEmpty)
        #expect(log.start == 2 && log.end == 4)
        log.readableEnd = .max
        let later = log.trim()
        #expect(later == [Self.ada])
        #expect(log.start == 3)
    }
}
