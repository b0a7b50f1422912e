import Chat
import EventLoop
import Room
import Testing
import TorController

@testable import TermTalk

@Suite struct TorRaceTests {
    /// A dial that ends when the test says so.
    private final class Attempt: Cancellable {
        let address: RoomAddress
        var completion: ((TorRace.Stream) -> Void)?
        var isCancelled = false

        init(_ address: RoomAddress, _ completion: @escaping (TorRace.Stream) -> Void) {
            self.address = address
            self.completion = completion
        }

        func cancel() {
            isCancelled = true
            completion = nil
        }
    }

    private final class World {
        let loop: EventLoop
        let addresses = (0..<3).map { _ in RoomAddress.onion(OnionKey().address, port: 1) }
        var attempts: [Attempt] = []
        var results: [Result<TorRace.Connection, ChatEvent.Notice>] = []
        private(set) var race: TorRace?

        init() throws {
            loop = try EventLoop(simulatedFrom: MonotonicTime(nanoseconds: 0))
            race = TorRace(addresses, loop: loop) { [unowned self] address, completion in
                let attempt = Attempt(address, completion)
                attempts.append(attempt)
                return attempt
            } completion: { [unowned self] in
                results.append($0)
            }
        }

        func at(_ seconds: Double, _ body: @escaping () -> Void) {
            loop.schedule(after: .seconds(seconds), body)
        }

        func succeed(_ index: Int) {
            attempts[index].completion?(.success(MemoryStream.makePair(loop: loop).0))
        }

        func fail(_ index: Int, _ code: NoticeCode) {
            attempts[index].completion?(.failure(.init(code, "failed")))
        }
    }

    @Test("One that takes long gets company, and the first that answers is taken")
    func beside() throws {
        let world = try World()
        world.at(19.9) { #expect(world.attempts.count == 1) }
        world.at(20.1) { #expect(world.attempts.count == 2) }
        world.at(25) { world.succeed(1) }
        world.loop.run()
        #expect(world.attempts.count == 2 && world.attempts[0].isCancelled)
        #expect(world.results.count == 1)
        #expect(try world.results.first?.get().address == world.addresses[1])
    }

    @Test("One that fails is followed by the next at once, and the first failure is told when all have failed")
    func inTurn() throws {
        let world = try World()
        world.at(1) { world.fail(0, .onionNotFound) }
        world.at(2) { world.fail(1, .connectionRefused) }
        world.at(3) {
            #expect(world.attempts.map(\.address) == world.addresses && world.results.isEmpty)
            world.fail(2, .connectionTimeout)
        }
        world.loop.run()
        #expect(world.results.count == 1)
        guard case .failure(let notice)? = world.results.first else { return #expect(Bool(false)) }
        #expect(notice.code == .onionNotFound)
    }

    @Test func calledOff() throws {
        let world = try World()
        world.at(25) { world.race?.cancel() }
        world.loop.run()
        #expect(world.attempts.count == 2 && world.attempts.allSatisfy(\.isCancelled) && world.results.isEmpty)
    }
}
