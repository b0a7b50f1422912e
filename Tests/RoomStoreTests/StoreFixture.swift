import Foundation
import Locking
import Sodium
import Testing

@testable import RoomStore

/// A directory of its own for a store, which goes with it.
final class StoreFixture: Sendable {
    let directory: String
    let name = "lobby"
    let reports = ReportLog()

    init(under parent: String = NSTemporaryDirectory()) throws {
        directory = "\(parent)/termtalk-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    var folder: String { "\(directory)/\(name).store" }
    var database: String { "\(folder)/\(StoreFolder.databaseName)" }
    var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] }

    static func key(_ byte: UInt8 = 7) -> SecretBytes {
        SecretBytes(copying: [UInt8](repeating: byte, count: RoomStore.keyByteCount).span)
    }

    func create() throws(StoreError) -> RoomStore {
        try RoomStore.create(in: directory, name: name, key: Self.key(), report: reports.add)
    }

    func open(name: String? = nil, key: UInt8 = 7) throws(StoreError) -> (store: RoomStore, room: RecoveredRoom) {
        try RoomStore.open(in: directory, name: name ?? self.name, key: Self.key(key), report: reports.add)
    }

    /// What is there, without keeping the store open.
    func recovered() throws(StoreError) -> RecoveredRoom {
        let (store, room) = try open()
        try store.close(within: .seconds(60))
        return room
    }
}

/// The reports of a store, on which tests wait.
final class ReportLog: Sendable {
    private let reports = Monitor<[StoreReport]>([])

    func add(_ report: StoreReport) {
        reports.withLock { $0.append(report) }
    }

    var all: [StoreReport] { reports.withLock { $0 } }

    func wait(for what: String, _ isIt: (StoreReport) -> Bool) throws {
        let found = reports.wait(atMost: .seconds(60)) { reports -> Bool? in
            if reports.contains(where: isIt) { return true }
            return reports.contains { if case .failed = $0 { true } else { false } } ? false : nil
        }
        guard found == true else { throw Missing(description: "\(what); there is \(all)") }
    }

    /// Forgets what came so far.
    func clear() {
        reports.withLock { $0 = [] }
    }

    func waitForDurable(_ number: UInt64) throws {
        try wait(for: "durable \(number)") { report in
            if case .durable(let through) = report { through >= number } else { false }
        }
    }

    func waitForCheckpoint(_ input: UInt64) throws {
        try wait(for: "checkpoint \(input)") { $0 == .checkpointed(input: input) }
    }

    struct Missing: Error, CustomStringConvertible { let description: String }
}

/// The bytes of the input or entry of this number, the same in each run.
func content(_ number: UInt64, count: Int = 100, of what: String = "input") -> [UInt8] {
    Array("\(what) \(number) ".utf8) + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count)
}

func inputs(_ numbers: ClosedRange<UInt64>, count: Int = 100) -> [NumberedBytes] {
    numbers.map { NumberedBytes($0, content($0, count: count)) }
}

func entries(_ numbers: ClosedRange<UInt64>, count: Int = 100) -> [NumberedBytes] {
    numbers.map { NumberedBytes($0, content($0, count: count, of: "entry")) }
}

func checkpoint(
    _ input: UInt64, _ snapshot: String = "snapshot", entries: [NumberedBytes] = [], firstKept: UInt64 = 0
) -> StoreCheckpoint {
    StoreCheckpoint(input: input, snapshot: Array(snapshot.utf8), entries: entries, firstKeptEntry: firstKept)
}
