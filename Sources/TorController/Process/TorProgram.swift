import Glibc

/// The tor program of this machine, without starting a tor.
package enum TorProgram {
    package enum Answer: Equatable, Sendable {
        /// Such as `0.4.9.11`.
        case version(String)
        /// There is none along PATH and in the usual folders.
        case missing
        /// What is there does not say that it is tor.
        case notTor
    }

    /// Asks `program` (nil: `tor`) for its version. Blocks for some milliseconds: use it from a thread.
    package static func version(of program: String?) -> Answer {
        guard let path = try? ManagedTor.find(program ?? "tor") else { return .missing }
        guard let output = output(of: path), let line = output.split(separator: "\n").first,
            line.hasPrefix("Tor version ")
        else { return .notTor }
        return .version(String(line.dropFirst(12).prefix { !$0.isWhitespace }.trimmingDot))
    }

    /// What `path --version` writes, 4 KiB of it.
    private static func output(of path: String) -> String? {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let (status, process) = Spawn.start(path, [path, "--version"], output: ends[1], errors: nil)
        close(ends[1])
        guard status == 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        var count = 0
        while count < bytes.count {
            let more = unsafe bytes.withUnsafeMutableBytes {
                unsafe read(ends[0], $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if more < 0, errno == EINTR { continue }
            guard more > 0 else { break }
            count += more
        }
        var result: Int32 = 0
        while unsafe waitpid(process, &result, 0) < 0, errno == EINTR {}
        return result == 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

extension Substring {
    /// tor ends the sentence with a dot.
    fileprivate var trimmingDot: Substring { hasSuffix(".") ? dropLast() : self }
}
