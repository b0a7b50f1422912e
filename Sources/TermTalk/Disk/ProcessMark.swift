import Glibc

/// Names a running process so that another one, later, can tell whether it still runs: machine, boot, process namespace,
/// number and start.
struct ProcessMark: Equatable {
    private let machine: String
    private let boot: String
    private let namespace: String
    private let pid: pid_t
    /// In clock ticks since the boot: a number is used again.
    private let start: String

    /// This process; nil where the system does not tell.
    static var own: ProcessMark? {
        guard let (machine, boot, namespace) = surroundings, let start = start(of: getpid()) else { return nil }
        return ProcessMark(machine: machine, boot: boot, namespace: namespace, pid: getpid(), start: start)
    }

    var text: String { [machine, boot, namespace, "\(pid)", start].joined(separator: " ") }

    private init(machine: String, boot: String, namespace: String, pid: pid_t, start: String) {
        (self.machine, self.boot, self.namespace, self.pid, self.start) = (machine, boot, namespace, pid, start)
    }

    init?(_ text: String) {
        let parts = text.split(separator: " ").map(String.init)
        guard parts.count == 5, let pid = pid_t(parts[3]), pid > 0 else { return nil }
        self.init(machine: parts[0], boot: parts[1], namespace: parts[2], pid: pid, start: parts[4])
    }

    /// Whether the process is known to be gone. Of one on another machine, or in another container, nothing is known.
    var isGone: Bool {
        guard let (machine, boot, namespace) = Self.surroundings, machine == self.machine else { return false }
        guard boot == self.boot else { return true }
        return namespace == self.namespace && Self.start(of: pid) != start
    }

    private static var surroundings: (String, String, String)? {
        var name = [CChar](repeating: 0, count: 256)
        let hasName = unsafe gethostname(&name, name.count - 1) == 0
        var link = [CChar](repeating: 0, count: 64)
        let length = unsafe readlink("/proc/self/ns/pid", &link, link.count)
        guard hasName, length > 0, let boot = firstLine(of: "/proc/sys/kernel/random/boot_id") else { return nil }
        let machine = String(
            decoding: name.prefix { $0 != 0 && $0 != 0x20 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let namespace = String(decoding: link[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return (machine.isEmpty ? "-" : machine, boot, namespace)
    }

    /// Field 22 of `/proc/PID/stat` (proc(5)); the name of the program, which may have spaces, ends with the last bracket.
    private static func start(of pid: pid_t) -> String? {
        guard let line = firstLine(of: "/proc/\(pid)/stat"), let end = line.lastIndex(of: ")") else { return nil }
        let fields = line[end...].split(separator: " ")
        // Field 2 ends with the bracket, and a dead process that nobody has waited for yet is one that is gone.
        guard fields.count > 20, fields[1] != "Z" else { return nil }
        return String(fields[20])
    }

    private static func firstLine(of path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].prefix { $0 != 0x0A }, as: UTF8.self)
    }
}
