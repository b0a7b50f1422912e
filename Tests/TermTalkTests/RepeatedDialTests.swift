import EventLoop
import Testing
import TorController

@testable import TermTalk

@Suite struct RepeatedDialTests {
    /// A dial that ends when the test says so.
    private final class Attempt: Cancellable {
        var completion: RepeatedDial.Completion?
        var isCancelled = false

        func cancel() {
            isCancelled = true
            completion = nil
        }
    }

    private final class World {
        let loop: EventLoop
        var attempts: [Attempt] = []
        var results: [Result<any ByteStream, TorError>] = []
        private(set) var dial: RepeatedDial?

        init() throws {
            loop = try EventLoop(simulatedFrom: MonotonicTime(nanoseconds: 0))
            dial = RepeatedDial(loop: loop, attempts: 3, stagger: .seconds(10)) { [unowned self] completion in
                let attempt = Attempt()
                attempt.completion = completion
                attempts.append(attempt)
                return attempt
            } completion: { [unowned self] in
                results.append($0)
            }
        }

        /// Runs `body` after so many seconds of made-up time.
        func at(_ seconds: Double, _ body: @escaping () -> Void) {
            loop.schedule(after: .seconds(seconds), body)
        }

        var isSuccess: Bool { if case .success? = results.first { true } else { false } }
    }

    @Test("One that takes long gets company, the first that succeeds is taken, and the others are called off")
    func stagger() throws {
        let world = try World()
        world.at(9.9) { #expect(world.attempts.count == 1) }
        world.at(10.1) { #expect(world.attempts.count == 2) }
        world.at(15) { world.attempts[1].completion?(.success(MemoryStream.makePair(loop: world.loop).0)) }
        world.loop.run()
        #expect(world.attempts.count == 2)
        #expect(world.isSuccess)
        #expect(world.results.count == 1)
        #expect(world.attempts[0].isCancelled)
    }

    @Test("A timeout begins another one at once, and the last one is the result")
    func timeouts() throws {
        let world = try World()
        world.at(1) { world.attempts[0].completion?(.failure(.connectionTimeout)) }
        world.at(2) {
            #expect(world.attempts.count == 2)
            world.attempts[1].completion?(.failure(.connectionTimeout))
        }
        world.at(3) {
            #expect(world.attempts.count == 3)
            #expect(world.results.isEmpty)
            world.attempts[2].completion?(.failure(.connectionTimeout))
        }
        world.loop.run()
        #expect(world.attempts.count == 3)
        #expect(world.results.count == 1)
    }

    @Test("Never more than allowed at once; while one runs, timeouts of the others are not the result")
    func limit() throws {
        let world = try World()
        world.at(100) {
            #expect(world.attempts.count == 3)
            world.attempts[0].completion?(.failure(.connectionTimeout))
            world.attempts[2].completion?(.failure(.connectionTimeout))
            #expect(world.results.isEmpty)
            world.attempts[1].completion?(.success(MemoryStream.makePair(loop: world.loop).0))
        }
        world.loop.run()
        #expect(world.attempts.count == 3)
        #expect(world.isSuccess)
    }

    @Test("Anything other than a timeout is final, and so is being called off")
    func finality() throws {
        let refused = try World()
        refused.at(11) { refused.attempts[0].completion?(.failure(.connectionRefused)) }
        refused.loop.run()
        #expect(refused.results.count == 1)
        #expect(refused.attempts.count == 2)
        #expect(refused.attempts[1].isCancelled)

        let cancelled = try World()
        cancelled.at(11) { cancelled.dial?.cancel() }
        cancelled.loop.run()
        #expect(cancelled.attempts.count == 2)
        #expect(cancelled.attempts.allSatisfy { $0.isCancelled })
        #expect(cancelled.results.isEmpty)
    }
}
