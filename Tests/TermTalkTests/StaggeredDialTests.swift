import EventLoop
import TestSupport
import Testing

@testable import TermTalk

@Suite struct StaggeredDialTests {
    private enum Failure: Error {
        case first, second, third, final
    }

    /// A dial that ends when the test says so.
    private final class Attempt: Cancellable {
        let way: String
        var completion: ((StaggeredDial<String, Failure>.Attempt) -> Void)?
        var isCancelled = false

        init(_ way: String, _ completion: @escaping (StaggeredDial<String, Failure>.Attempt) -> Void) {
            self.way = way
            self.completion = completion
        }

        func cancel() {
            isCancelled = true
            completion = nil
        }
    }

    private final class World {
        let loop: EventLoop
        var attempts: [Attempt] = []
        var results: [Result<StaggeredDial<String, Failure>.Connection, Failure>] = []
        private(set) var dial: StaggeredDial<String, Failure>?

        init() throws {
            loop = try EventLoop(simulatedFrom: MonotonicTime(nanoseconds: 0))
            dial = StaggeredDial(["a", "b", "c"], stagger: .seconds(10), loop: loop, isFinal: { $0 == .final }) {
                [unowned self] way, completion in
                let attempt = Attempt(way, completion)
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

        func succeed(_ index: Int) {
            attempts[index].completion?(.success(MemoryStream.makePair(loop: loop).0))
        }

        func fail(_ index: Int, _ failure: Failure) {
            attempts[index].completion?(.failure(failure))
        }

        /// The way that was taken.
        var way: String? { try? results.first?.get().way }
        var failure: Failure? { if case .failure(let failure)? = results.first { failure } else { nil } }
    }

    @Test("One that takes long gets company, the first that succeeds is taken, and the others are called off")
    func beside() throws {
        let world = try World()
        world.at(9.9) { #expect(world.attempts.count == 1) }
        world.at(10.1) { #expect(world.attempts.count == 2) }
        world.at(15) { world.succeed(1) }
        world.loop.run()
        #expect(world.attempts.count == 2 && world.attempts[0].isCancelled)
        #expect(world.results.count == 1 && world.way == "b")
    }

    @Test("One that fails is followed by the next at once, and the first failure is told when all have failed")
    func inTurn() throws {
        let world = try World()
        world.at(1) { world.fail(0, .first) }
        world.at(2) { world.fail(1, .second) }
        world.at(3) {
            #expect(world.attempts.map(\.way) == ["a", "b", "c"] && world.results.isEmpty)
            world.fail(2, .third)
        }
        world.loop.run()
        #expect(world.attempts.count == 3 && world.results.count == 1 && world.failure == .first)
    }

    @Test("Never more than there are ways; while one runs, failures of the others are not the result")
    func limit() throws {
        let world = try World()
        world.at(100) {
            #expect(world.attempts.count == 3)
            world.fail(0, .first)
            world.fail(2, .third)
            #expect(world.results.isEmpty)
            world.succeed(1)
        }
        world.loop.run()
        #expect(world.attempts.count == 3 && world.results.count == 1 && world.way == "b")
    }

    @Test("What is final ends it at once, and is what is told")
    func finality() throws {
        let world = try World()
        world.at(1) { world.fail(0, .first) }
        world.at(12) {
            #expect(world.attempts.count == 3)
            world.fail(1, .final)
        }
        world.loop.run()
        #expect(world.results.count == 1 && world.failure == .final && world.attempts[2].isCancelled)
    }

    @Test func calledOff() throws {
        let world = try World()
        world.at(11) { world.dial?.cancel() }
        world.loop.run()
        #expect(world.attempts.count == 2 && world.attempts.allSatisfy(\.isCancelled) && world.results.isEmpty)
    }
}
