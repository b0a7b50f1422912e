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
}
