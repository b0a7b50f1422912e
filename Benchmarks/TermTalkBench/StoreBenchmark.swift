import Glibc
import Locking
import RoomStore
import Sodium

/// What a kept room's store costs: so many inputs of 500 bytes at once, each time waiting until they are on the disk, beside a plain
/// file to which the same bytes are appended and synced; and what opening costs.
final class StoreBenchmark {
    private static let inputByteCount = 500
    private static let rounds = 400
    private static let batches = [1, 10, 100]
    private static let deadline = Duration.seconds(60)

    private let directory: String
    private let key = SecretBytes(randomCount: RoomStore.keyByteCount)
    private let durable = Monitor<UInt64>(0)

    init(_ directory: String) {
        self.directory = directory
    }

    func run() throws {
        let store = try RoomStore.create(in: directory, name: "bench", key: key, report: heard)
        let file = open("\(directory)/bench.plain", O_WRONLY | O_CREAT | O_APPEND | O_EXCL, 0o600)
        guard file >= 0 else { throw BenchmarkError("\(directory) takes no file") }
        defer {
            close(file)
            unlink("\(directory)/bench.plain")
        }
        let bytes = [UInt8](repeating: 7, count: Self.inputByteCount)
        var next: UInt64 = 1
        for batch in Self.batches {
            var stored: [Double] = []
            var appended: [Double] = []
            for _ in 0..<Self.rounds {
                let inputs = (0..<UInt64(batch)).map { NumberedBytes(next + $0, bytes) }
                next += UInt64(batch)
                stored.append(
                    try microseconds {
                        try store.append(inputs)
                        let last = next - 1
                        guard durable.wait(atMost: Self.deadline, until: { $0 >= last ? true : nil }) != nil else {
                            throw BenchmarkError("nothing becomes durable")
                        }
                    })
                appended.append(
                    try microseconds {
                        for _ in 0..<batch { _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } }
                        guard fdatasync(file) == 0 else { throw BenchmarkError("fdatasync fails") }
                    })
            }
            show("store", batch, stored)
            show("append", batch, appended)
        }
        try store.close(within: Self.deadline)
        try reopen(inputCount: Int(next - 1))
    }

    private func reopen(inputCount: Int) throws {
        var opened: RoomStore?
        let duration = try microseconds {
            opened = try RoomStore.open(in: directory, name: "bench", key: key, report: heard).store
        }
        var line = JSONLine()
        line.add("test", "open")
        line.add("inputs", inputCount)
        line.add("ms", duration / 1_000)
        print(line.text)
        let end = try microseconds { try opened?.delete(within: Self.deadline) }
        line = JSONLine()
        line.add("test", "delete")
        line.add("ms", end / 1_000)
        print(line.text)
    }

    private var heard: @Sendable (StoreReport) -> Void {
        { [durable] report in
            if case .durable(let through) = report { durable.withLock { $0 = through } }
        }
    }

    private func show(_ test: String, _ batch: Int, _ durations: [Double]) {
        let sorted = durations.sorted()
        var line = JSONLine()
        line.add("test", test)
        line.add("batch", batch)
        line.add("p50_us", sorted[sorted.count / 2])
        line.add("p99_us", sorted[sorted.count * 99 / 100])
        line.add("inputs_per_second", Double(batch * durations.count) / durations.reduce(0, +) * 1_000_000)
        print(line.text)
    }

    private func microseconds(_ body: () throws -> Void) throws -> Double {
        let duration = try ContinuousClock().measure(body)
        return Double(duration.components.seconds) * 1e6 + Double(duration.components.attoseconds) / 1e12
    }
}
