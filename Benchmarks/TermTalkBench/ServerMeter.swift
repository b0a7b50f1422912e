import Glibc

/// What the processes of the server have used so far.
struct ServerMeter {
    /// Nanoseconds of processor time, user and system.
    private(set) var processorTime: UInt64 = 0
    private(set) var userTicks = 0
    private(set) var systemTicks = 0
    private(set) var voluntarySwitches = 0
    /// KiB; zero where memory was not asked for.
    private(set) var residentMemory = 0
    private(set) var privateMemory = 0
    /// Of what is resident, what is no file's.
    private(set) var anonymousMemory = 0

    init(_ processes: [Int32], memory: Bool = false) throws {
        for process in processes {
            var clock = clockid_t()
            var time = timespec()
            guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else {
                throw BenchmarkError("server \(process) is gone")
            }
            processorTime += time.nanoseconds
            let statistics = Self.text("/proc/\(process)/stat")
            let fields = statistics[(statistics.lastIndex(of: ")") ?? statistics.startIndex)...].split(separator: " ")
            if fields.count > 13 {
                userTicks += Int(fields[12]) ?? 0
                systemTicks += Int(fields[13]) ?? 0
            }
            let status = Self.text("/proc/\(process)/status")
            voluntarySwitches += Self.number("voluntary_ctxt_switches:", in: status)
            if memory {
                residentMemory += Self.number("VmRSS:", in: status)
                anonymousMemory += Self.number("RssAnon:", in: status)
                privateMemory += Self.number("Private_Dirty:", in: Self.text("/proc/\(process)/smaps_rollup"))
            }
        }
    }

    private static func number(_ key: String, in text: String) -> Int {
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    }

    private static func text(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8_192)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

extension timespec {
    var nanoseconds: UInt64 { UInt64(tv_sec) * 1_000_000_000 + UInt64(tv_nsec) }

    /// The time on `clock` now, in nanoseconds.
    static func nanoseconds(on clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return time.nanoseconds
    }
}
