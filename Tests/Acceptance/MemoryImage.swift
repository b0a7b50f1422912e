import Foundation

/// All that a running process has in memory, also what core dumps leave out, read through /proc.
///
/// The process is stopped meanwhile, so that nothing moves from a page that was not read yet to one that was.
enum MemoryImage {
    /// Whether the kernel lets us: to root, and to a parent where Yama is off or restricts to descendants.
    static var isPermitted: Bool {
        let scope = try? String(contentsOfFile: "/proc/sys/kernel/yama/ptrace_scope", encoding: .utf8)
        let value = scope.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) } ?? 0
        return geteuid() == 0 || value <= 1
    }

    struct Unreadable: Error {}

    /// How many bytes overlap between two pieces, so that nothing is missed at a seam.
    private static let overlap = 4_096
    private static let pieceByteCount = 4 << 20
    private static let pageByteCount = 4_096

    /// Which of the patterns, by name, are in the memory of the process.
    ///
    /// - Precondition: patterns have at most 4,096 bytes.
    static func search(_ process: TermTalkProcess, for patterns: [String: [UInt8]]) throws -> Set<String> {
        guard let pid = process.pid else { throw Unreadable() }
        process.signal(SIGSTOP)
        defer { process.signal(SIGCONT) }
        let memory = open("/proc/\(pid)/mem", O_RDONLY | O_CLOEXEC)
        guard memory >= 0 else { throw Unreadable() }
        defer { close(memory) }
        var found: Set<String> = []
        var byteCount = 0
        for region in try regions(of: pid) {
            var start = region.lowerBound
            while start < region.upperBound {
                let count = min(pieceByteCount, region.upperBound - start)
                var piece = [UInt8](repeating: 0, count: count)
                let read = pread(memory, &piece, count, off_t(start))
                // A page that cannot be read, as the kernel's own (vvar), does not hide those behind it.
                guard read > 0 else {
                    start += pageByteCount
                    continue
                }
                byteCount += read
                for (name, pattern) in patterns where !found.contains(name) {
                    if contains(piece, read, pattern) { found.insert(name) }
                }
                start += read < count || count < pieceByteCount ? read : read - overlap
            }
        }
        // A program in Swift has megabytes; less would mean that it was not really read.
        guard byteCount > 4 << 20 else { throw Unreadable() }
        return found
    }

    /// Whether the first `count` bytes of the piece contain the pattern.
    private static func contains(_ piece: [UInt8], _ count: Int, _ pattern: [UInt8]) -> Bool {
        piece.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let first = pattern.first else { return false }
            var start = 0
            while start + pattern.count <= count,
                let hit = memchr(base + start, Int32(first), count - pattern.count + 1 - start)
            {
                if memcmp(hit, pattern, pattern.count) == 0 { return true }
                start = UnsafeRawPointer(hit) - base + 1
            }
            return false
        }
    }

    private static func regions(of pid: pid_t) throws -> [Range<Int>] {
        try String(contentsOfFile: "/proc/\(pid)/maps", encoding: .utf8).split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 1, fields[1].hasPrefix("r") else { return nil }
            let ends = fields[0].split(separator: "-").compactMap { Int($0, radix: 16) }
            return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
        }
    }
}
