import Chat
import EventLoop
import Foundation
import Room
import TestSupport
import Testing

@testable import TermTalk

/// Hundreds of rooms in made-up time, each with its own faults. A run that fails names its seed; TERMTALK_SEED=… runs that
/// one alone, and TERMTALK_RUNS=… more of them or fewer. Keys are random in each run, and in rooms with real groups the ids of
/// members. All else is the seed's, if SWIFT_DETERMINISTIC_HASHING=1 keeps the order of dictionaries: TERMTALK_TRACES=FILE
/// then writes a line for each of the other rooms, a hash of all that happened, and no change of the code's form changes one.
@Suite(.serialized) struct RoomFaultSimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["TERMTALK_SEED"].flatMap { UInt64($0) }
    private static let runs = environment["TERMTALK_RUNS"].flatMap { Int($0) } ?? 400
    private static let traces = environment["TERMTALK_TRACES"]
    private static let shards = 2
    /// What a room may take, in turns of its loop, and in made-up time once everything works again. They take a tenth of it.
    private static let turns = 20_000
    private static let patience = Duration.seconds(3_600)

    @Test("Nothing is lost, repeated or reordered, and who came back too late is told how much it has missed")
    func faults() async throws {
        if let seed = Self.seed {
            let outcome = try Self.run(seed)
            print("simulation: seed \(seed): \(outcome.complaints.isEmpty ? "all is well" : "\(outcome.complaints)")")
            #expect(outcome.complaints.isEmpty)
            return
        }
        let outcomes = try await withThrowingTaskGroup(of: [SimulationOutcome].self) { group in
            for shard in 0..<Self.shards {
                group.addTask {
                    try await onOwnThread {
                        try stride(from: shard, to: Self.runs, by: Self.shards).map { try Self.run(UInt64($0 + 1)) }
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        var faults: [String: Int] = [:]
        for outcome in outcomes {
            faults.merge(outcome.faults, uniquingKeysWith: +)
            if !outcome.complaints.isEmpty {
                Issue.record("TERMTALK_SEED=\(outcome.seed): \(outcome.complaints.prefix(3))")
            }
        }
        if let traces = Self.traces {
            let lines = outcomes.compactMap(\.trace).sorted().joined(separator: "\n")
            try lines.write(toFile: traces, atomically: true, encoding: .utf8)
        }
        let total = outcomes.reduce(into: (messages: 0, told: 0, missed: 0, hours: 0.0)) {
            $0.messages += $1.messages
            $0.told += $1.told
            $0.missed += $1.missed
            $0.hours += $1.hours
        }
        print(
            """
            simulation: \(outcomes.count) runs, \(Int(total.hours)) hours of made-up time, \(total.messages) messages, \
            \(total.told) deliveries, \(total.missed) told as missed, at most \(outcomes.map(\.turns).max() ?? 0) turns, faults \(faults.sorted { $0.key < $1.key })
            """)
        #expect(total.missed > 0)
        #expect(faults.count >= 11)
    }

    static func run(_ seed: UInt64) throws -> SimulationOutcome {
        weak var loop: EventLoop?
        var outcome: SimulationOutcome
        do {
            let world = try SimulatedRoom(seed: seed)
            loop = world.loop
            outcome = try run(seed, in: world)
        }
        if loop != nil { outcome.complaints.append("its loop, or what holds it, is never freed") }
        return outcome
    }

    private static func run(_ seed: UInt64, in world: SimulatedRoom) throws -> SimulationOutcome {
        if Self.seed != nil { world.trace = { print($0) } }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var lineCount = 0
        if traces != nil, !world.hasRealGroup {
            world.trace = { line in
                lineCount += 1
                for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            }
        }
        world.loop.simulatedTurnsLeft = turns
        let begin = world.loop.now
        for _ in 0..<2 + world.random.below(3) { try world.addMember() }
        var steps = 10 + world.random.below(40)
        var failure: (any Error)?
        func step() {
            guard steps > 0 else {
                world.heal()
                world.loop.schedule(after: .seconds(5)) { settle(deadline: world.loop.now + patience) }
                return
            }
            steps -= 1
            do {
                try world.somethingHappens()
            } catch {
                failure = error
                world.loop.stop()
            }
            let pause = [1, 50, 1_000, 20_000][world.random.below(4)] * (1 + world.random.below(10)) / 2
            world.loop.schedule(after: .milliseconds(pause)) { step() }
        }
        var judgement: [String] = []
        var isJudged = false
        var waited = 0
        func settle(deadline: MonotonicTime) {
            guard world.isSettled || world.loop.now >= deadline else {
                // Something that everybody has to hear, also who has heard nothing yet.
                if waited.isMultiple(of: 60) { world.sayAsHost() }
                waited += 1
                world.loop.schedule(after: .seconds(1)) { settle(deadline: deadline) }
                return
            }
            judgement = world.isSettled ? [] : ["lost: something is still missing after \(patience)"]
            judgement += SimulationVerdict.complaints(of: world)
            isJudged = true
            let present = world.alive
            world.closeHost()
            world.loop.schedule(after: .seconds(60)) {
                for stay in present where stay.ending?.reason != .hostQuit {
                    judgement.append(
                        "\(stay.name) did not hear that the host closed: \(String(describing: stay.ending))")
                }
                if world.hostClosed != .hostQuit { judgement.append("the host did not close") }
                world.loop.stop()
            }
        }
        step()
        world.loop.run()
        if let failure { throw failure }
        if world.loop.simulatedTurnsLeft == 0 {
            judgement.insert("lost: not over after \(turns) turns", at: 0)
            if !isJudged { judgement += SimulationVerdict.complaints(of: world) }
        }
        return SimulationOutcome(
            seed: seed, complaints: judgement, faults: world.faultCounts, messages: world.hostTexts.count,
            told: world.stays.reduce(0) { $0 + $1.told.count }, missed: world.stays.reduce(0) { $0 + $1.missedCount },
            hours: (world.loop.now - begin) / .seconds(3_600), turns: turns - world.loop.simulatedTurnsLeft,
            trace: lineCount > 0 ? "\(String(format: "%06d", Int(seed))) \(lineCount) \(hash)" : nil)
    }
}

/// What came of one run.
struct SimulationOutcome: Sendable {
    var seed: UInt64
    var complaints: [String]
    var faults: [String: Int]
    var messages: Int
    var told: Int
    /// How often somebody was told that it had missed something.
    var missed: Int
    var hours: Double
    var turns: Int
    /// The number of lines that tell what happened, and a hash of them.
    var trace: String?
}
