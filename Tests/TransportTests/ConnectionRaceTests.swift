import EventLoop
import Testing
import Transport

@Suite struct ConnectionRaceTests {
    private static let (a4, b4) = (SocketAddress.ip("192.0.2.1", port: 1), SocketAddress.ip("192.0.2.2", port: 1))
    private static let (a6, b6) = (SocketAddress.ip("2001:db8::1", port: 1), SocketAddress.ip("2001:db8::2", port: 1))

    /// The attempts of a race in which nothing answers, with their times in milliseconds.
    private static func attempts(_ race: ConnectionRace) -> [(SocketAddress, Int)] {
        var race = race
        var attempts: [(SocketAddress, Int)] = []
        while let due = race.nextAttemptAt {
            guard let address = race.nextAttempt(now: due) else { return attempts }
            attempts.append((address, Int(due / .milliseconds(1))))
        }
        return attempts
    }

    @Test("Families take turns, a quarter of a second apart")
    func interleaves() {
        var race = ConnectionRace()
        race.found([Self.a6, Self.b6, Self.a4, Self.b4, Self.a4])
        let attempts = Self.attempts(race)
        #expect(attempts.map(\.0) == [Self.a6, Self.a4, Self.b6, Self.b4])
        #expect(attempts.map(\.1) == [0, 250, 500, 750])
    }

    @Test func failureBringsTheNextAtOnce() {
        var race = ConnectionRace()
        race.found([Self.a4, Self.b4])
        race.searchEnded()
        #expect(race.nextAttempt(now: .zero) == Self.a4)
        #expect(race.nextAttempt(now: .milliseconds(249)) == nil)
        race.failed(Self.a4, with: .refused)
        #expect(race.result == nil)
        #expect(race.nextAttempt(now: .milliseconds(10)) == Self.b4)
        race.failed(Self.b4, with: .unreachable)
        #expect(race.result == .refused, "the error that says most")
        race.failed(Self.b4, with: .timedOut)
        #expect(race.result == .refused, "an attempt ends once")
    }

    @Test func waitsForAddressesThatComeLater() {
        var race = ConnectionRace()
        #expect(race.nextAttemptAt == nil && race.result == nil)
        race.found([Self.a4])
        #expect(race.nextAttempt(now: .seconds(3)) == Self.a4)
        race.failed(Self.a4, with: .refused)
        #expect(race.result == nil)
        race.found([Self.a6])
        #expect(race.nextAttempt(now: .seconds(4)) == Self.a6)
        race.searchFailed(.nameNotFound)
        race.searchEnded()
        #expect(race.result == nil)
        race.failed(Self.a6, with: .timedOut)
        #expect(race.result == .refused)
    }

    @Test func nothingFound() {
        var race = ConnectionRace()
        race.searchEnded()
        #expect(race.result == .nameNotFound)
    }

    @Test("Sixteen addresses are tried, and not one more")
    func limit() {
        var race = ConnectionRace()
        race.found((0..<UInt16(ConnectionRace.addressLimit)).map { .ip("192.0.2.1", port: $0) })
        #expect(Self.attempts(race).count == 16)
        race.found([Self.a6])
        #expect(Self.attempts(race).map(\.0).contains(Self.a6) == false)
    }
}
