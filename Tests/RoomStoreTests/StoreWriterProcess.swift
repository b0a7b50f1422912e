import Foundation
import RoomStore
import TestSupport
import Testing

/// A `store-writer` in a process of its own.
final class StoreWriterProcess {
    private let process = Process()
    private let output = Pipe()
    private var received: [UInt8] = []

    init(
        in directory: String, seed: UInt64, count: Int? = nil, environment: [String: String] = [:]
    ) throws {
        // Beside the test bundle.
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: bundle).deletingLastPathComponent().appending(path: "store-writer")
        process.arguments = [directory, "\(seed)"] + (count.map { ["\($0)"] } ?? [])
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        try process.run()
    }

    deinit {
        kill()
        process.waitUntilExit()
    }

    func kill() {
        _ = Glibc.kill(process.processIdentifier, SIGKILL)
    }

    /// Blocks for the next line; nil when the process has ended and all it said was read.
    func line() -> String? {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeFirst(end + 1) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            var buffer = [UInt8](repeating: 0, count: 4_096)
            let count = read(output.fileHandleForReading.fileDescriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            received += buffer.prefix(count)
        }
    }

    /// How far it came, from the end of its output.
    func progressAtEnd(_ progress: WriterProgress = WriterProgress()) -> WriterProgress {
        var progress = progress
        while let line = line() { progress.heard(line) }
        process.waitUntilExit()
        return progress
    }
}

/// What a `store-writer` has said is on the disk.
struct WriterProgress: Equatable {
    var hasOpened = false
    var durable: UInt64 = 0
    var checkpointed: UInt64 = 0
    var errors: [String] = []

    mutating func heard(_ line: String) {
        let words = line.split(separator: " ")
        switch (words.first, words.last.flatMap { UInt64($0) }) {
        case ("open", .some(let next)):
            hasOpened = true
            // What it recovered has been said to others.
            durable = max(durable, next - 1)
        case ("durable", .some(let number)): durable = max(durable, number)
        case ("checkpointed", .some(let number)): checkpointed = max(checkpointed, number)
        case ("closed", _): break
        default: errors.append(line)
        }
    }

    /// Nothing that was said to be on the disk is missing, and what is there is one moment of the room.
    func expectKept(in room: RecoveredRoom, _ note: Comment) {
        #expect(errors == [], note)
        #expect(room.nextInput > durable, note)
        let snapshotAt = room.nextInput - 1 - UInt64(room.inputs.count)
        #expect(snapshotAt >= checkpointed, note)
        #expect(room.snapshot == (snapshotAt == 0 ? nil : StoreContent.snapshot(snapshotAt)), note)
        #expect(
            room.inputs == (snapshotAt + 1..<room.nextInput).map { NumberedBytes($0, StoreContent.input($0)) }, note)
        let firstEntry = room.entries.first?.number ?? snapshotAt + 1
        #expect(room.entries == (firstEntry..<snapshotAt + 1).map { NumberedBytes($0, StoreContent.entry($0)) }, note)
    }
}

/// How often something at random is tried: TERMTALK_RUNS, else the number given.
func runCount(_ usual: Int) -> Int {
    ProcessInfo.processInfo.environment["TERMTALK_RUNS"].flatMap { Int($0) } ?? usual
}

/// TERMTALK_SEED, else 1.
var testSeed: UInt64 { ProcessInfo.processInfo.environment["TERMTALK_SEED"].flatMap { UInt64($0) } ?? 1 }
