import Foundation
import TestSupport
import Testing

@testable import RoomStore

/// The power goes at any moment: what a real process wrote and did not sync is lost, torn or there all the same.
@Suite struct PowerCutTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    /// The library that writes down what a process does to its files; nil where there is no C compiler.
    private static let tracer: String? = {
        let source = VectorFiles.packageRoot.appending(path: "Tests/RoomStoreTests/PowerCut/trace.c").path
        let library = "\(NSTemporaryDirectory())/termtalk-trace-\(getpid()).so"
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments = ["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"]
        guard (try? compiler.run()) != nil else { return nil }
        compiler.waitUntilExit()
        return compiler.terminationStatus == 0 ? library : nil
    }()

    @Test(.enabled(if: tracer != nil, "no C compiler"))
    func nothingIsLostByPowerCuts() async throws {
        try await onOwnThread { [fixture] in
            try cuts(in: traceOfProcesses(in: fixture, limits: []))
        }
    }

    /// A process is killed; the next one goes on from what is in memory, though not on the disk yet; then the power goes.
    @Test(.enabled(if: tracer != nil, "no C compiler"))
    func nothingIsLostByPowerCutsAfterKills() async throws {
        try await onOwnThread { [fixture] in
            var random = SeededRandom(seed: testSeed)
            let limits = (0..<12).map { _ in 40 + random.below(150) }
            try cuts(in: traceOfProcesses(in: fixture, limits: limits))
        }
    }

    /// The power goes while a store is being made, and right after.
    @Test(.enabled(if: tracer != nil, "no C compiler"))
    func nothingIsDamagedByPowerCutsAtTheBeginning() async throws {
        try await onOwnThread { [fixture] in
            let trace = try traceOfProcesses(in: fixture, limits: [])
            var random = SeededRandom(seed: testSeed)
            for run in 0..<runCount(300) {
                try cut(
                    trace, after: run % min(150, trace.actions.count), .torn, "seed \(testSeed), cut \(run)", &random)
            }
        }
    }

    /// Processes of which all but the last end after so many actions.
    private func traceOfProcesses(in fixture: StoreFixture, limits: [Int]) throws -> DiskTrace {
        let file = "\(NSTemporaryDirectory())/termtalk-trace-\(UUID().uuidString)"
        defer { unlink(file) }
        for (run, limit) in (limits + [0]).enumerated() {
            let environment = [
                "LD_PRELOAD": Self.tracer ?? "", "TRACE_FILE": file, "TRACE_ROOT": fixture.directory,
                "TRACE_LIMIT": "\(limit)",
            ]
            _ = try StoreWriterProcess(
                in: fixture.directory, seed: testSeed + UInt64(run), count: 400, environment: environment
            ).progressAtEnd()
        }
        return try DiskTrace(reading: file)
    }

    private func cuts(in trace: DiskTrace) throws {
        var random = SeededRandom(seed: testSeed)
        var durable = 0
        // What a process has said it recovered must not be lost either, though it has written nothing yet.
        let openings = trace.actions.indices.filter { index in
            if case .said(let text) = trace.actions[index] { text.hasPrefix("open") } else { false }
        }
        for run in 0..<runCount(150) {
            let opening = run / DiskTrace.Fate.allCases.count
            let end =
                opening < openings.count ? openings[opening] + 1 : random.below(trace.actions.count + 1)
            let fate = DiskTrace.Fate.allCases[run % DiskTrace.Fate.allCases.count]
            if try cut(trace, after: end, fate, "seed \(testSeed), cut \(run)", &random) { durable += 1 }
        }
        #expect(durable * 2 > runCount(150), "most cuts are after something was written")
    }

    /// Returns whether something had been written for good.
    @discardableResult private func cut(
        _ trace: DiskTrace, after end: Int, _ fate: DiskTrace.Fate, _ run: String, _ random: inout SeededRandom
    ) throws -> Bool {
        let note: Comment = "\(run) after action \(end), unsynced writes \(fate)"
        let disk = try StoreFixture()
        try trace.makeDisk(after: end, at: disk.directory, fate, &random)
        var progress = WriterProgress()
        for line in trace.said(before: end) { progress.heard(line) }
        do throws(StoreError) {
            progress.expectKept(in: try disk.recovered(), note)
        } catch {
            guard error == .notFound, !progress.hasOpened else {
                Issue.record("\(error): \(note)")
                return false
            }
            try disk.create().close(within: .seconds(60))
        }
        return progress.durable > 0
    }
}
