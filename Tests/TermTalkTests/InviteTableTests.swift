import SecureSession
import Sodium
import Testing

@testable import TermTalk

@Suite struct InviteTableTests {
    private let room = InviteSecret()

    /// `#expect` calls nothing that changes a value.
    private final class Book {
        var table: InviteTable
        var present: Set<[UInt8]> = []

        init(_ room: InviteSecret) { table = InviteTable(room: room) }

        func make(uses: Int? = nil, lifetime: Duration? = nil, now: Duration = .zero) -> InviteTable.Entry? {
            table.make(uses: uses, lifetime: lifetime, now: now)
        }

        func revoke(_ number: Int) -> Bool { table.revoke(number: number) != nil }

        func tidy(_ now: Duration = .zero) -> Int { table.tidy(now: now) { present.contains($0) }.count }

        func join(_ secret: InviteSecret, _ key: UInt8) {
            present.insert([key])
            table.joined(with: secret, key: [key])
        }

        func tries(_ secret: InviteSecret) -> Bool { table.secrets.contains { $0 === secret } }
    }

    @Test func onceIsOnce() throws {
        let book = Book(room)
        let entry = try #require(book.make(uses: 1, lifetime: nil, now: .zero))
        #expect(entry.number == 2)
        #expect(book.table.mayJoin(with: entry.secret, now: .zero))
        book.join(entry.secret, 1)
        #expect(!book.table.mayJoin(with: entry.secret, now: .zero))
        // Still tried: who came with it may have to come back.
        #expect(book.tidy() == 0)
        #expect(book.tries(entry.secret))
        #expect(!book.table.mayJoin(with: entry.secret, now: .zero))
        #expect(book.table.entries.map(\.number) == [1])
        // The last few are remembered, so that who shows one is told that it is used.
        book.present = []
        #expect(book.tidy() == 0)
        #expect(book.tries(entry.secret))
        // To tor it is worth nothing any more.
        #expect(!book.table.secretsInUse.contains { $0 === entry.secret })
        for _ in 0..<InviteTable.maximumRemembered {
            #expect(book.tidy() == 0)
            #expect(book.revoke(try #require(book.make()).number))
        }
        #expect(book.tidy() == 1)
        #expect(!book.tries(entry.secret))
    }

    @Test func whoHoldsWhatIsRevoked() throws {
        let book = Book(room)
        let entry = try #require(book.make(uses: 5))
        book.join(room, 1)
        book.join(entry.secret, 2)
        book.join(entry.secret, 3)
        #expect(book.table.revoke(number: 99) == nil)
        #expect(book.table.revoke(whatIsKnownTo: [2]).sorted { $0[0] < $1[0] } == [[1], [2], [3]])
        #expect(book.table.revoke(number: InviteTable.roomNumber) == [])
    }

    @Test func usesAreCountedByKeys() throws {
        let book = Book(room)
        let entry = try #require(book.make(uses: 3, lifetime: nil, now: .zero))
        for key: UInt8 in [1, 1, 2, 1] { book.join(entry.secret, key) }
        #expect(book.table.entries.last?.usesLeft == 1)
        #expect(book.table.entries.last?.used == 2)
        book.join(entry.secret, 3)
        #expect(!book.table.mayJoin(with: entry.secret, now: .zero))
    }

    @Test func whoIsOnTheWayInCounts() throws {
        let book = Book(room)
        let entry = try #require(book.make(uses: 2, lifetime: nil, now: .zero))
        #expect(book.table.mayJoin(with: entry.secret, others: 1, now: .zero))
        #expect(!book.table.mayJoin(with: entry.secret, others: 2, now: .zero))
        book.join(entry.secret, 1)
        #expect(book.table.mayJoin(with: entry.secret, others: 0, now: .zero))
        #expect(!book.table.mayJoin(with: entry.secret, others: 1, now: .zero))
        #expect(book.table.mayJoin(with: room, others: 1_000, now: .zero))
    }

    /// Who comes back with another invite knows both.
    @Test func allInvitesOfAMemberAreRevoked() throws {
        let book = Book(room)
        let first = try #require(book.make(uses: 5))
        let second = try #require(book.make(uses: 5))
        let third = try #require(book.make(uses: 5))
        book.join(first.secret, 1)
        book.join(second.secret, 1)
        book.table.revoke(whatIsKnownTo: [1])
        #expect(!book.table.mayJoin(with: first.secret, now: .zero))
        #expect(!book.table.mayJoin(with: second.secret, now: .zero))
        #expect(book.table.mayJoin(with: third.secret, now: .zero))
        book.present = []
        #expect(book.tidy() == 0)
        #expect(book.tries(first.secret) && book.tries(second.secret) && book.tries(room))
    }

    @Test func anInviteExpires() throws {
        let book = Book(room)
        let entry = try #require(book.make(uses: nil, lifetime: .seconds(10), now: .seconds(5)))
        #expect(book.table.nextExpiry == .seconds(15))
        #expect(book.table.mayJoin(with: entry.secret, now: .seconds(15) - .nanoseconds(1)))
        #expect(!book.table.mayJoin(with: entry.secret, now: .seconds(15)))
        #expect(book.tidy(.seconds(15)) == 0)
        #expect(book.tries(entry.secret) && book.table.entries.count == 1)
        #expect(book.table.nextExpiry == nil)
    }

    @Test func membersSurviveRevocation() throws {
        let book = Book(room)
        let entry = try #require(book.make(uses: nil, lifetime: nil, now: .zero))
        book.join(entry.secret, 1)
        #expect(book.revoke(entry.number))
        #expect(!book.revoke(entry.number))
        #expect(book.tidy() == 0)
        #expect(book.tries(entry.secret))
        #expect(!book.table.mayJoin(with: entry.secret, now: .zero))
    }

    @Test func theRoomsInviteIsReplaced() {
        let book = Book(room)
        #expect(book.revoke(InviteTable.roomNumber))
        #expect(book.table.room?.secret !== room)
        #expect(!book.table.mayJoin(with: room, now: .zero))
        #expect(book.table.entries.map(\.number) == [1])
    }

    @Test func whatARemovedMemberKnowsIsWorthless() throws {
        let book = Book(room)
        let entry = try #require(book.make(uses: 5, lifetime: nil, now: .zero))
        let other = try #require(book.make(uses: 5, lifetime: nil, now: .zero))
        book.join(entry.secret, 1)
        book.join(room, 2)
        book.table.revoke(whatIsKnownTo: [1])
        #expect(!book.table.mayJoin(with: entry.secret, now: .zero))
        #expect(!book.table.mayJoin(with: room, now: .zero))
        #expect(book.table.mayJoin(with: other.secret, now: .zero))
        let second = try #require(book.table.room?.secret)
        book.table.revoke(whatIsKnownTo: [2])
        #expect(!book.table.mayJoin(with: second, now: .zero))
        #expect(book.table.mayJoin(with: other.secret, now: .zero))
        #expect(book.table.room != nil)
    }

    @Test func invitesAreBounded() {
        let book = Book(room)
        for _ in 1..<InviteTable.maximum {
            let made = book.make(uses: nil, lifetime: nil, now: .zero)
            #expect(made != nil)
        }
        let oneMore = book.make(uses: nil, lifetime: nil, now: .zero)
        #expect(oneMore == nil)
        #expect(book.table.secrets.count == InviteTable.maximum)
    }

    @Test func secretsThatAreHeldAreBounded() throws {
        let book = Book(room)
        var first: InviteSecret?
        for number in 0...InviteTable.maximumHeld {
            let entry = try #require(book.make(uses: 1, lifetime: nil, now: .zero))
            first = first ?? entry.secret
            book.join(entry.secret, UInt8(number))
            #expect(book.tidy() == (number == InviteTable.maximumHeld ? 1 : 0))
        }
        #expect(book.table.secrets.count == 1 + InviteTable.maximumHeld)
        #expect(!book.tries(try #require(first)))
    }
}
