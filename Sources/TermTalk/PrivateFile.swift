import Glibc

/// A small file that only its owner may read, replaced as a whole, under a lock that other processes respect.
///
/// It blocks; use it from a thread of its own, not on the event loop.
struct PrivateFile: Sendable {
    enum Failure: Error, Equatable {
        case unreadable(errno: Int32)
        case unwritable(errno: Int32)
        case tooLarge
    }

    /// Bytes of the largest file that is read: a registry of thousands of rooms.
    static let byteLimit = 4 * 1_048_576

    let path: String

    /// Runs `body` while no other process that uses this type for the same path is in it.
    func withLock<R>(_ body: () throws(Failure) -> R) throws(Failure) -> R {
        let descriptor = unsafe open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unwritable(errno: errno) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .unwritable(errno: errno) }
        }
        return try body()
    }

    /// The content; nil when there is no such file.
    func read() throws(Failure) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .unreadable(errno: errno)
        }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return content }
            if count < 0 {
                if errno == EINTR { continue }
                throw .unreadable(errno: errno)
            }
            content += buffer[..<count]
            guard content.count <= Self.byteLimit else { throw .tooLarge }
        }
    }

    /// Replaces the content in one step: another process sees the old or the new, and a crash leaves one of them.
    func write(_ content: [UInt8]) throws(Failure) {
        let temporary = "\(path).new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unwritable(errno: errno) }
        var written = 0
        while written < content.count {
            let count = unsafe content.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let code = errno
                close(descriptor)
                unsafe unlink(temporary)
                throw .unwritable(errno: code)
            }
            written += count
        }
        let isSynced = fchmod(descriptor, 0o600) == 0 && fsync(descriptor) == 0
        close(descriptor)
        guard isSynced, unsafe rename(temporary, path) == 0 else {
            let code = errno
            unsafe unlink(temporary)
            throw .unwritable(errno: code)
        }
    }

    /// Moves a damaged file out of the way, under a name that tells when, and never over another one.
    func setAside() throws(Failure) {
        for number in 1...1_000 {
            let name = "\(path).damaged-\(number)"
            guard unsafe access(name, F_OK) != 0 else { continue }
            guard unsafe rename(path, name) == 0 else { throw .unwritable(errno: errno) }
            return
        }
        throw .unwritable(errno: EEXIST)
    }
}
