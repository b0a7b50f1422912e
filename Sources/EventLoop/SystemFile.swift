import Glibc

/// Small files of the system, read at once.
package enum SystemFile {
    /// The text of a regular file, or one of /proc, of at most `limit` bytes; nil when it cannot be read or is longer.
    package static func text(_ path: String, limit: Int) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { SystemCall.close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limit {
            let count = unsafe chunk.withUnsafeMutableBufferPointer { unsafe SystemCall.read(descriptor, into: $0) }
            guard count > 0 else { return count == 0 ? String(decoding: bytes, as: UTF8.self) : nil }
            bytes += chunk[..<count]
        }
        return nil
    }
}
