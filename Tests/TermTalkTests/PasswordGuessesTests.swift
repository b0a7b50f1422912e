import SecureSession
import Sodium
import Testing

@testable import TermTalk

@Suite struct PasswordGuessesTests {
    private let open = PasswordGuesses.Entrance(nil)

    /// `#expect` calls nothing that changes a value.
    private final class Book {
        private var guesses = PasswordGuesses()

        func mayBegin(at door: PasswordGuesses.Entrance, now: Duration) -> Bool { guesses.mayBegin(at: door, now: now) }
        func mayTry(at door: PasswordGuesses.Entrance, now: Duration) -> Bool { guesses.mayTry(at: door, now: now) }
        func wasWrong(at door: PasswordGuesses.Entrance, now: Duration) -> (count: Int, delay: Duration) {
            guesses.wasWrong(at: door, now: now)
        }
        func forget(_ invite: InviteSecret) { guesses.forget(invite) }
    }

    @Test func secondWrongOneIsFreeAndTheThirdCosts() {
        let guesses = Book()
        for count in 1...2 {
            #expect(guesses.wasWrong(at: open, now: .zero) == (count, .zero))
            #expect(guesses.mayTry(at: open, now: .zero))
        }
        #expect(guesses.wasWrong(at: open, now: .zero) == (3, .seconds(1)))
        #expect(!guesses.mayTry(at: open, now: .milliseconds(999)))
        #expect(!guesses.mayBegin(at: open, now: .milliseconds(999)))
        #expect(guesses.mayTry(at: open, now: .seconds(1)))
        #expect(guesses.mayBegin(at: open, now: .seconds(1)))
    }

    @Test func theDelayDoublesUpToItsLimit() {
        let guesses = Book()
        var delays: [Int64] = []
        for _ in 0..<70 {
            delays.append(guesses.wasWrong(at: open, now: .zero).delay.components.seconds)
        }
        #expect(delays.prefix(11) == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60])
        #expect(delays.dropFirst(8).allSatisfy { $0 == 60 })
    }

    /// How many passwords somebody who never pauses can try in a day.
    @Test func guessesOfADay() {
        let guesses = Book()
        var now = Duration.zero
        var count = 0
        while now < .seconds(86_400) {
            #expect(guesses.mayTry(at: open, now: now))
            now += max(guesses.wasWrong(at: open, now: now).delay, .milliseconds(1))
            count += 1
        }
        #expect((1_000...1_450).contains(count))
    }

    @Test func timeForgives() {
        let guesses = Book()
        for _ in 0..<5 { _ = guesses.wasWrong(at: open, now: .zero) }
        // Ten minutes: one is forgotten, and this is the fifth again.
        #expect(guesses.wasWrong(at: open, now: .seconds(600)) == (5, .seconds(4)))
        // A long time: all are.
        #expect(guesses.wasWrong(at: open, now: .seconds(86_400)) == (1, .zero))
        #expect(guesses.wasWrong(at: open, now: .seconds(86_400)) == (2, .zero))
    }

    @Test func eachDoorCountsForItself() {
        let guesses = Book()
        let first = InviteSecret()
        let second = InviteSecret()
        for _ in 0..<10 { _ = guesses.wasWrong(at: open, now: .zero) }
        #expect(!guesses.mayTry(at: open, now: .zero))
        #expect(guesses.mayTry(at: .init(first), now: .zero))
        for _ in 0..<4 { _ = guesses.wasWrong(at: .init(first), now: .zero) }
        #expect(!guesses.mayTry(at: .init(first), now: .zero))
        #expect(guesses.mayTry(at: .init(second), now: .zero))
        guesses.forget(first)
        #expect(guesses.mayTry(at: .init(first), now: .zero))
    }

    @Test func exchangesHaveARate() {
        let guesses = Book()
        let limits = PasswordGuesses.Limits()
        for _ in 0..<Int(limits.exchangeBurst) {
            #expect(guesses.mayBegin(at: open, now: .zero))
        }
        #expect(!guesses.mayBegin(at: open, now: .zero))
        #expect(guesses.mayBegin(at: .init(InviteSecret()), now: .zero))
        let one = Duration.seconds(1) / limits.exchangesPerSecond
        #expect(guesses.mayBegin(at: open, now: one))
        #expect(!guesses.mayBegin(at: open, now: one))
    }
}
