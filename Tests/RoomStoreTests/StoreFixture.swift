import Foundation
import Locking
import Sodium
import TestSupport
import Testing

@testable import RoomStore

/// A directory of its own for a store, which goes with it.
final class StoreFixture: Sendable {
    let directory: String
    let name = "lobby"
    let reports = ReportLog()

    /// In memory, where there is such a place: what is tested does not depend on the disk.
    static let parent = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()

    init() throws {
        directory = "\(Self.parent)/termtalk-store-\(UUID().uuidString)"
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

    /// The bytes of all files of the store, by name.
    func contents() -> [String: Data] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, (try? Data(contentsOf: URL(filePath: "\(folder)/\($0)"))) ?? Data())
            })
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
        try wait(for: "checkpoint \(input)") { $0 == .checkpointed(input: input, serial: 0) }
    }

    struct Missing: Error, CustomStringConvertible { let description: String }
}

func inputs(_ numbers: ClosedRange<UInt64>) -> [NumberedBytes] {
    numbers.map { NumberedBytes($0, StoreContent.input($0)) }
}

func entries(_ numbers: ClosedRange<UInt64>) -> [NumberedBytes] {
    numbers.map { NumberedBytes($0, StoreContent.entry($0)) }
}

func checkpoint(
    _ input: UInt64, _ snapshot: String = "snapshot", entries: [NumberedBytes] = [], firstKept: UInt64 = 0
) -> StoreCheckpoint {
    StoreCheckpoint(input: input, snapshot: Array(snapshot.utf8), entries: entries, firstKeptEntry: firstKept)
}
