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
