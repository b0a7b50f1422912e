internal import EventLoop
import Glibc
internal import Sodium

/// A small file that only its owner may read, replaced as a whole, under a lock that other processes respect.
///
/// It blocks; use it from a thread of its own, not on the event loop.
struct PrivateFile: Sendable {
    enum Failure: Error, Equatable {
        case unreadable(errno: Int32)
        case unwritable(errno: Int32)
        case tooLarge
        /// Others than the owner can read or write it.
        case openToOthers
        /// Another process has held the lock for longer than ``PrivateFile/lockPatience``.
        case locked
    }

    /// How long the lock is waited for. It is held for as long as a small file takes to be written, so that whoever holds it
    /// longer hangs.
    static let lockPatience = Duration.seconds(2)
    /// Microseconds between two tries to take the lock.
    private static let lockInterval: UInt32 = 20_000

    /// Bytes of the largest file that is read: a registry of thousands of rooms.
    static let byteLimit = 4 * 1_048_576

    let path: String

    /// Runs `body` while no other process that uses this type for the same path is in it.
    func withLock<R>(_ body: () throws(Failure) -> R) throws(Failure) -> R {
        let descriptor = Self.open("\(path).lock", O_RDWR | O_CREAT)
        guard descriptor >= 0 else { throw .unwritable(errno: errno) }
        defer { close(descriptor) }
        let deadline = SystemClock.elapsed.now + Self.lockPatience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            guard code == EINTR || code == EWOULDBLOCK else { throw .unwritable(errno: code) }
            guard SystemClock.elapsed.now < deadline else { throw .locked }
            usleep(Self.lockInterval)
        }
        return try body()
    }

    /// A descriptor of the regular file of this user's at `path`; -1 and errno when there is none. No link is followed, and
    /// a FIFO in its place is not waited for.
    static func open(_ path: String, _ flags: Int32) -> Int32 {
        let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { return -1 }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid()
        else {
            close(descriptor)
            errno = EPERM
            return -1
        }
        return descriptor
    }

    /// The content; nil when there is no such file. Refuses what others can write.
    func read() throws(Failure) -> [UInt8]? {
        let descriptor = Self.open(path, O_RDONLY)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .unreadable(errno: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .unreadable(errno: errno) }
        guard status.st_mode & 0o022 == 0 else { throw .openToOthers }
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

    /// The content, in locked memory; nil when there is no such file. Refuses what is no regular file of this user's, and
    /// what others can read or write.
    func readSecret(limit: Int) throws(Failure) -> SecretBytes? {
        let descriptor = Self.open(path, O_RDONLY)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .unreadable(errno: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .unreadable(errno: errno) }
        guard status.st_mode & 0o077 == 0 else { throw .openToOthers }
        guard status.st_size <= limit else { throw .tooLarge }
        var content = SecretBytes(count: Int(status.st_size))
        try content.withMutableBytes { bytes throws(Failure) in
            try unsafe bytes.withUnsafeMutableBufferPointer { buffer throws(Failure) in
                var filled = 0
                while filled < buffer.count {
                    let count = unsafe Glibc.read(
                        descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { throw Failure.unreadable(errno: count < 0 ? errno : EIO) }
                    filled += count
                }
            }
        }
        return content
    }

    /// Replaces the content in one step: another process sees the old or the new, and a crash leaves one of them.
    func write(_ content: [UInt8]) throws(Failure) {
        let temporary = try writeTemporary(content.span)
        guard unsafe rename(temporary, path) == 0 else {
            let code = errno
            unsafe unlink(temporary)
            throw .unwritable(errno: code)
        }
    }

    /// Makes the file in one step; one that is there already is left alone, with the errno EEXIST.
    func create(_ content: Span<UInt8>) throws(Failure) {
        let temporary = try writeTemporary(content)
        let result = unsafe link(temporary, path)
        let code = errno
        unsafe unlink(temporary)
        guard result == 0 else { throw .unwritable(errno: code) }
    }

    /// A file with the content beside the one that is meant, on the disk; returns its path.
    private func writeTemporary(_ content: Span<UInt8>) throws(Failure) -> String {
        let temporary = "\(path).new"
        unsafe unlink(temporary)
        let descriptor = Self.open(temporary, O_WRONLY | O_CREAT | O_EXCL)
        guard descriptor >= 0 else { throw .unwritable(errno: errno) }
        let isWritten = Self.write(content, to: descriptor) && fchmod(descriptor, 0o600) == 0 && fsync(descriptor) == 0
        let code = errno
        close(descriptor)
        guard isWritten else {
            unsafe unlink(temporary)
            throw .unwritable(errno: code)
        }
        return temporary
    }

    private static func write(_ content: Span<UInt8>, to descriptor: Int32) -> Bool {
        var written = 0
        while written < content.count {
            let count = unsafe content.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    /// Removes the file, after its content was overwritten where it stands. On a disk that writes elsewhere instead (an SSD,
    /// a file system of snapshots) the old blocks stay until they are used again.
    func shred() throws(Failure) {
        let descriptor = Self.open(path, O_WRONLY)
        if descriptor >= 0 {
            var status = stat()
            if unsafe fstat(descriptor, &status) == 0 {
                let zeros = [UInt8](repeating: 0, count: min(Int(status.st_size), Self.byteLimit))
                _ = Self.write(zeros.span, to: descriptor)
                fsync(descriptor)
            }
            close(descriptor)
        }
        unsafe unlink("\(path).new")
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw .unwritable(errno: errno) }
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
