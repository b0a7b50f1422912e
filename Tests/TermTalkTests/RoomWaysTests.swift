import Testing
import Transport

@testable import TermTalk

struct RoomWaysTests {
    private static let (a, b, c) = (
        HostPort(host: "a", port: 1), HostPort(host: "b", port: 1), HostPort(host: "c", port: 1)
    )

    @Test func theWayThatWorkedIsFirst() {
        var ways = RoomWays([Self.a, Self.b, Self.c])
        var next = ways.next()
        #expect(next == [Self.a, Self.b, Self.c])
        ways.reached(Self.c)
        next = ways.next()
        #expect(next == [Self.c, Self.a, Self.b])
        next = ways.next()
        #expect(next == [Self.c, Self.a, Self.b])
    }

    @Test("Behind the way that worked the others are mixed, once each time that a stay has ended")
    func shares() {
        var mixed: [[HostPort]] = []
        var ways = RoomWays([Self.a, Self.b, Self.c]) {
            mixed.append($0)
            return $0.reversed()
        }
        var next = ways.next()
        #expect(next == [Self.a, Self.b, Self.c])
        ways.reached(Self.b)
        next = ways.next()
        #expect(next == [Self.b, Self.c, Self.a])
        next = ways.next()
        #expect(next == [Self.b, Self.c, Self.a])
        #expect(mixed == [[Self.a, Self.c]])
    }

    @Test func whereTheRoomHasMovedIsFirst() {
        var ways = RoomWays([Self.a, Self.b])
        ways.reached(Self.a)
        _ = ways.next()
        ways.put(first: Self.c)
        #expect(ways.next() == [Self.c, Self.a, Self.b])
        for port in 2..<UInt16(RoomWays<HostPort>.limit * 2) { ways.put(first: HostPort(host: "x", port: port)) }
        let next = ways.next()
        #expect(next.count == RoomWays<HostPort>.limit && next.first?.port == UInt16(RoomWays<HostPort>.limit * 2 - 1))
    }

    @Test func aSearchGoesOnAfterAWrongOneUpToALimit() {
        var ways = RoomWays<HostPort>([])
        var goesOn: [Bool] = []
        for port in 1...UInt16(RoomWays<HostPort>.limit) {
            let way = HostPort(host: "x", port: port)
            let isNew = ways.isWorthWhile(way)
            ways.reached(way)
            goesOn.append(ways.failed(mayFindMore: true))
            let isAgain = ways.isWorthWhile(way)
            #expect(isNew && isAgain == !goesOn[goesOn.count - 1], "\(port)")
        }
        #expect(goesOn == Array(repeating: true, count: RoomWays<HostPort>.limit - 1) + [false])
    }

    @Test func whatIsNotTheRoomIsLeftOutUntilAllHaveBeenTried() {
        var ways = RoomWays([Self.a, Self.b])
        _ = ways.next()
        ways.reached(Self.a)
        var isWorthWhile = ways.failed()
        #expect(isWorthWhile)
        var next = ways.next()
        #expect(next == [Self.b])
        ways.reached(Self.b)
        isWorthWhile = ways.failed()
        #expect(!isWorthWhile)
        next = ways.next()
        #expect(next == [Self.a, Self.b])
    }

    @Test func aWrongOneIsTriedAgainWhenNothingElseAnswers() {
        var ways = RoomWays([Self.a, Self.b])
        _ = ways.next()
        ways.reached(Self.a)
        var isWorthWhile = ways.failed()
        #expect(isWorthWhile)
        var next = ways.next()
        #expect(next == [Self.b])
        isWorthWhile = ways.failed()
        #expect(!isWorthWhile)
        next = ways.next()
        #expect(next == [Self.a, Self.b])
    }

    @Test func oneWayIsNeverLeftOut() {
        var ways = RoomWays([Self.a])
        _ = ways.next()
        ways.reached(Self.a)
        let isWorthWhile = ways.failed()
        #expect(!isWorthWhile)
        let next = ways.next()
        #expect(next == [Self.a])
    }

    @Test(
        "What the room says comes behind where it was, before what an invite said, and in the place of what it said before"
    )
    func told() {
        var ways = RoomWays([Self.a, Self.b])
        _ = ways.next()
        ways.reached(Self.b)
        ways.told([Self.c, Self.b])
        #expect(ways.isHearsay(Self.c) && !ways.isHearsay(Self.b))
        #expect(ways.others(than: Self.b) == [Self.c])
        var next = ways.next()
        #expect(next == [Self.b, Self.c, Self.a])
        // It went to the one that it was told of; that one is not forgotten while it is there.
        ways.reached(Self.c)
        ways.told([Self.b])
        #expect(ways.contains(Self.c))
        next = ways.next()
        #expect(next == [Self.c, Self.b, Self.a])
        ways.told([Self.b])
        #expect(!ways.contains(Self.c) && !ways.isHearsay(Self.c))
        next = ways.next()
        #expect(next == [Self.b, Self.a])
        ways.told([])
        #expect(ways.others(than: Self.b) == [Self.a])
    }

    @Test("However much a room says, no more is remembered than the limit, and nothing of an invite is lost")
    func toldTooMuch() {
        let limit = RoomWays<HostPort>.limit
        let many = (1...UInt16(limit)).map { HostPort(host: "x", port: $0) }
        var ways = RoomWays([Self.a])
        ways.told(Array(many.prefix(limit - 1)))
        var next = ways.next()
        #expect(next.count == limit && next.contains(many[limit - 2]))
        ways.told(many)
        next = ways.next()
        #expect(next.count == limit && next.first == Self.a && !next.contains(many[limit - 1]))
        for port in UInt16(100)..<200 { ways.told([HostPort(host: "x", port: port)]) }
        next = ways.next()
        #expect(next == [Self.a, HostPort(host: "x", port: 199)])
    }

    @Test("A thousand members that lose one of three hosts come to the other two in shares")
    func manyInShares() {
        var state: UInt64 = 1
        let random: () -> UInt64 = {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        var counts: [HostPort: Int] = [:]
        for _ in 0..<1_000 {
            var ways = RoomWays([Self.a]) { RoomWays.mixed($0, random: random) }
            ways.reached(Self.a)
            ways.told([Self.a, Self.b, Self.c])
            let next = ways.next()
            #expect(next.first == Self.a)
            counts[next[1], default: 0] += 1
        }
        #expect((450...550).contains(counts[Self.b] ?? 0) && (450...550).contains(counts[Self.c] ?? 0))
    }
}
