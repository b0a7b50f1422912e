import Glibc
import Locking
import RoomStore
import Sodium
import TestSupport

/// `store-writer DIRECTORY SEED [COUNT]`: writes into the store `lobby` there until it is killed, or has written COUNT inputs, and
/// says on standard output what is on the disk. Which inputs are written at once, and when there is a checkpoint, is random.
@main
enum StoreWriterTool {
    /// So many inputs wait at most.
    private static let waitingLimit: UInt64 = 64

    static func main() {
        SodiumLibrary.initialize()
        let arguments = CommandLine.arguments
        guard arguments.count >= 3, let seed = UInt64(arguments[2]) else { exit(64) }
        do throws(StoreError) {
            try write(in: arguments[1], seed: seed, count: arguments.count > 3 ? UInt64(arguments[3]) : nil)
        } catch {
            say("error \(error)")
            exit(1)
        }
    }

    private static func write(in directory: String, seed: UInt64, count: UInt64?) throws(StoreError) {
        let key = SecretBytes(copying: [UInt8](repeating: 7, count: RoomStore.keyByteCount).span)
        let durable = Monitor<UInt64>(0)
        let report: @Sendable (StoreReport) -> Void = { report in
            switch report {
            case .durable(let through):
                say("durable \(through)")
                durable.withLock { $0 = through }
            case .checkpointed(let input, _): say("checkpointed \(input)")
            case .stalled: say("stalled")
            case .resumed: say("resumed")
            case .failed(let error):
                say("failed \(error)")
                exit(2)
            }
        }
        let store: RoomStore
        var next: UInt64 = 1
        var snapshotAt: UInt64 = 0
        do throws(StoreError) {
            let opened = try RoomStore.open(in: directory, name: "lobby", key: key, report: report)
            store = opened.store
            next = opened.room.nextInput
            snapshotAt = next - 1 - UInt64(opened.room.inputs.count)
        } catch {
            guard error == .notFound else { throw error }
            store = try RoomStore.create(in: directory, name: "lobby", key: key, report: report)
        }
        say("open \(next)")
        durable.withLock { $0 = next - 1 }
        var random = SeededRandom(seed: seed)
        let end = count.map { next + $0 } ?? .max
        while next < end {
            _ = durable.wait { next - $0 < waitingLimit ? true : nil }
            let batch = next...min(end - 1, next + UInt64(random.below(12)))
            try store.append(batch.map { NumberedBytes($0, StoreContent.input($0)) })
            next = batch.upperBound + 1
            guard random.below(8) == 0 else { continue }
            let input = snapshotAt + 1 + UInt64(random.below(Int(next - 1 - snapshotAt)))
            try store.append(
                [],
                then: StoreCheckpoint(
                    input: input, snapshot: StoreContent.snapshot(input),
                    entries: (snapshotAt + 1...input).map { NumberedBytes($0, StoreContent.entry($0)) },
                    firstKeptEntry: input - min(input, UInt64(random.below(200)))))
            snapshotAt = input
        }
        try store.close(within: .seconds(60))
        say("closed")
    }

    private static func say(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = line.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
    }
}
