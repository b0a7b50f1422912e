import Chat
import Room
import SharedLog
import Sodium
import Testing

@testable import TermTalk

/// Limits of what a store, and other hosts, can make a host keep; and the clock.
@Suite struct StoreLimitTests {
    @Test("So many acknowledgements stand in an input, and no more")
    func acknowledgements() throws {
        let list = (0...UInt32(RoomInput.acknowledgementLimit)).map {
            RoomInput.Acknowledgement(link: $0, records: 1)
        }
        let most = RoomInput.acknowledged(Array(list.dropLast()))
        #expect(try RoomInput(bytes: most.bytes) == most)
        #expect(throws: (any Error).self) { try RoomInput(bytes: RoomInput.acknowledged(list).bytes) }
    }

    @Test("The longest message fits into an input, and no longer one")
    func messages() throws {
        let longest = [UInt8](repeating: 1, count: RoomLimits.groupMessageByteCount)
        let input = RoomInput.said(1, key: [2], way: 0, .first, type: 3, body: longest)
        #expect(try RoomInput(bytes: input.bytes) == input)
        let longer = RoomInput.said(1, key: [2], way: 0, .first, type: 3, body: longest + [1])
        #expect(throws: (any Error).self) { try RoomInput(bytes: longer.bytes) }
    }

    @Test("A room has so many hosts over its life")
    func hosts() {
        var table = SharedTable()
        for host in 1...UInt64(SharedTable.hostLimit + 1) { table.came(host) }
        #expect(table.number(of: UInt64(SharedTable.hostLimit)) == UInt32(SharedTable.hostLimit))
        #expect(table.number(of: UInt64(SharedTable.hostLimit + 1)) == nil)
        table.came(1)
        #expect(table.number(of: 1) == 1)
    }

    /// A host's part in a room, whose store takes nothing.
    private static func sharing() -> RoomSharing {
        RoomSharing(
            host: 1, terms: SharedTerms(RoomLimits(), hasPassword: false, isInviteOnly: false, timeToLive: nil),
            places: [],
            log: .init(
                append: { _, _ in false }, keep: { _ in }, isReady: { true }, waitingByteCount: { 0 },
                isKeeper: { false }))
    }

    @Test("Who is no member writes so much in all, and a member has so much under way, before more is judged")
    func messagesUnderWay() throws {
        let sharing = Self.sharing()
        let (visitor, member) = (LinkID(host: 1, number: 1), LinkID(host: 1, number: 2))
        for _ in 0..<RoomSharing.visitorMessages {
            #expect(sharing.takes(from: visitor, isMember: false))
            sharing.cameBack(visitor)
        }
        #expect(!sharing.takes(from: visitor, isMember: false))
        sharing.table.cameIn(member, try #require(MemberID("abcdef")))
        for _ in 0..<RoomSharing.memberMessages { #expect(sharing.takes(from: member, isMember: true)) }
        #expect(!sharing.takes(from: member, isMember: true))
        sharing.cameBack(member)
        #expect(sharing.takes(from: member, isMember: true) && !sharing.takes(from: member, isMember: true))
        // Another connection begins anew.
        _ = sharing.forget(visitor)
        #expect(sharing.takes(from: visitor, isMember: false))
    }

    @Test("While the store takes nothing, members are not read from, and past a bound nothing is taken")
    func bytesWaiting() {
        let sharing = Self.sharing()
        let link = LinkID(host: 1, number: 1)
        func write(until limit: Int) {
            let body = [UInt8](repeating: 0, count: (1 << 20) - 256)
            for _ in 0..<limit >> 20 { sharing.write(.said(1, key: [2], way: 0, .first, type: 3, body: body)) }
        }
        write(until: RoomSharing.congestedByteCount)
        #expect(!sharing.isCongested)
        write(until: 1 << 20)
        #expect(sharing.isCongested && sharing.takes(from: link, isMember: true))
        write(until: RoomSharing.waitingByteLimit - RoomSharing.congestedByteCount - (2 << 20))
        #expect(sharing.takes(from: link, isMember: true))
        write(until: 1 << 20)
        #expect(!sharing.takes(from: link, isMember: true))
    }

    @Test("A password has so many bytes")
    func password() {
        #expect(RedisPassword(SecretBytes(count: 0)) == nil)
        #expect(RedisPassword(SecretBytes(count: RedisPassword.byteLimit)) != nil)
        #expect(RedisPassword(SecretBytes(count: RedisPassword.byteLimit + 1)) == nil)
    }

    @Test("A store is tried again soon, then later and later, and soon again once it has answered")
    func retry() {
        var retry = StoreRetry()
        var pauses: [Duration] = []
        for _ in 0..<8 { pauses.append(retry.next()) }
        #expect(pauses.first == StoreRetry.firstPause && pauses.last == StoreRetry.longestPause)
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 <= $1 && $1 <= $0 * 2 })
        retry.answered()
        #expect(retry.next() == StoreRetry.firstPause)
    }

    @Test("The room's clock follows the furthest host, never goes back, and goes on between entries")
    func clock() {
        var clock = SharedClock()
        #expect(clock.time(local: .seconds(50)) == 0)
        clock.applied(5_000, local: .seconds(100))
        #expect(clock.now == .seconds(5) && clock.time(local: .seconds(101)) == 6_000)
        // Another host is behind.
        clock.applied(4_000, local: .seconds(102))
        #expect(clock.now == .seconds(5) && clock.time(local: .seconds(102)) == 7_000)
        clock.applied(20_000, local: .seconds(103))
        #expect(clock.time(local: .seconds(104)) == 21_000)
        #expect(clock.local(.seconds(25)) == .seconds(108))
        // Whatever an entry says can be reckoned with.
        clock.applied(.max, local: .seconds(105))
        #expect(clock.time(local: .seconds(105)) == SharedClock.longest)
    }
}
