import Foundation
import Synchronization
import TestSupport
import Testing

/// A room of real processes that talk without a break while one fault after the other hits them.
final class FaultRun: Sendable {
    struct Options: Sendable {
        var seed: UInt64 = 1
        /// Messages of all people together, at least.
        var messages = 300
        var faults = 12
        /// No fault begins later.
        var seconds = 3_600.0
        /// Messages of all people together in a second.
        var pace = 60.0
    }

    /// Something that goes wrong.
    struct Fault: Sendable {
        var kind: String
        /// Who is cut off by it; the host stands for all.
        var affected: @Sendable (FaultRun) -> [String]
        var inject: @Sendable (FaultRun, inout SeededRandom) async throws -> Void
    }

    /// How long a fault may take to be over.
    static let patience = 400.0
    private static let beat = 0.1

    private let options: Options
    private let faults: [Fault]
    private let restart: @Sendable (String) async throws -> TermTalkProcess
    private let restartServer: (@Sendable () async throws -> TermTalkProcess)?
    private struct State {
        var server: TermTalkProcess
        var present: [String: FaultStay] = [:]
        var all: [FaultStay] = []
        var starts: [String: Int] = [:]
        var isOver = false
    }
    private let state: Mutex<State>
    /// Whether the process that serves the room has a participant, who is called "host" here.
    private let hasHost: Bool

    /// - Parameters:
    ///   - server: what serves the room; a person takes part in it, unless it is a relay.
    ///   - restart: starts a process for the person of that name; it is in the room when this returns.
    ///   - restartServer: serves a kept room again.
    init(
        _ options: Options, server: TermTalkProcess, isRelay: Bool = false, people: [String], faults: [Fault],
        restartServer: (@Sendable () async throws -> TermTalkProcess)? = nil,
        restart: @escaping @Sendable (String) async throws -> TermTalkProcess
    ) async throws {
        self.options = options
        self.faults = faults
        self.restart = restart
        self.restartServer = restartServer
        hasHost = !isRelay
        state = Mutex(State(server: server))
        if hasHost { arrived("host", server) }
        for person in people { try await arrive(person) }
    }

    // MARK: People

    private func arrive(_ person: String) async throws {
        arrived(person, try await restart(person))
    }

    private func arrived(_ person: String, _ process: TermTalkProcess) {
        state.withLock { state in
            state.starts[person, default: 0] += 1
            let stay = FaultStay(person: person, number: state.starts[person] ?? 0, process: process)
            state.present[person] = stay
            state.all.append(stay)
        }
    }

    /// The process of a person, or what serves the room.
    func process(of person: String) -> TermTalkProcess {
        state.withLock { $0.present[person]?.process ?? $0.server }
    }

    private func stay(_ person: String) throws -> FaultStay {
        try #require(state.withLock { $0.present[person] })
    }

    /// Somebody else, who hears what that person says: the host's participant, where there is one.
    private func partner(of person: String) throws -> FaultStay {
        let others = state.withLock { $0.present.filter { $0.key != person } }
        return try #require(others["host"] ?? others.min { $0.key < $1.key }?.value)
    }

    /// Ends what serves the room by that signal, and starts it again.
    func restartServer(by signal: Int32) async throws {
        let restartServer = try #require(restartServer)
        let server = state.withLock { $0.server }
        if hasHost { try stay("host").willEnd() }
        server.signal(signal)
        _ = try await server.result()
        let next = try await restartServer()
        state.withLock { $0.server = next }
        if hasHost { arrived("host", next) }
    }

    /// Kills the person's process and starts another one.
    func killAndRestart(_ person: String) async throws {
        let stay = try stay(person)
        stay.willEnd()
        stay.process.signal(SIGKILL)
        try await arrive(person)
    }

    /// Everybody says something, again and again, until the run is over and all messages are said.
    private func talk() async {
        let begin = ContinuousClock.now
        var said = 0
        var random = SeededRandom(seed: options.seed &+ 1)
        while true {
            let (people, isOver) = state.withLock { (Array($0.present.values), $0.isOver) }
            let goal = min(options.messages, Int((ContinuousClock.now - begin) / .seconds(1) * options.pace))
            // Before the end, some are kept for what is still to come.
            let due = isOver ? min(options.messages, said + 40) : min(goal, options.messages * 9 / 10)
            for _ in said..<max(said, due) { people[random.below(people.count)].say() }
            said = max(said, due)
            if isOver, said >= options.messages { return }
            try? await Task.sleep(for: .seconds(Self.beat))
        }
    }

    // MARK: Faults

    /// Runs to the end; what came of it.
    func run() async throws -> (FaultVerdict, RecoveryTimes) {
        var random = SeededRandom(seed: options.seed)
        var times = RecoveryTimes()
        async let talking: Void = talk()
        do {
            let deadline = ContinuousClock.now + .seconds(options.seconds)
            var deck: [Fault] = []
            for number in 1...options.faults where ContinuousClock.now < deadline {
                if deck.isEmpty { deck = faults.shuffled(using: &random) }
                let fault = deck.removeLast()
                let time = try await hit(fault, &random)
                times.add(fault.kind, time)
                print("fault \(number): \(fault.kind): \(Int(time / .milliseconds(1))) ms")
                try await Task.sleep(for: .milliseconds(100 + random.below(400)))
            }
        } catch {
            state.withLock { $0.isOver = true }
            await talking
            throw error
        }
        state.withLock { $0.isOver = true }
        await talking
        try await settle()
        return (FaultVerdict(stays: state.withLock { $0.all }), times)
    }

    /// Injects the fault; how long it takes until messages get through again, from and to those whom it cuts off.
    private func hit(_ fault: Fault, _ random: inout SeededRandom) async throws -> Duration {
        let begin = ContinuousClock.now
        try await fault.inject(self, &random)
        for person in fault.affected(self) {
            let (stay, partner) = (try stay(person), try partner(of: person))
            let (start, partnerStart) = (stay.process.eventCount, partner.process.eventCount)
            let text = stay.say()
            try await partner.process.event("message", from: max(0, partnerStart - 50), seconds: Self.patience) {
                $0.text == text
            }
            let answer = partner.say()
            try await stay.process.event("message", from: start, seconds: Self.patience) { $0.text == answer }
        }
        return ContinuousClock.now - begin
    }

    /// Until everybody who is there has heard everything.
    private func settle() async throws {
        let people = state.withLock { Array($0.present.values) }
        for (stay, text) in people.map({ (stay: $0, text: $0.say()) }) {
            // Nothing waits in its outbox.
            try await stay.process.event("message", seconds: Self.patience) { $0.text == text }
        }
        let end = people.first?.say()
        for stay in people {
            try await stay.process.event("message", seconds: Self.patience) { $0.text == end }
        }
    }
}
