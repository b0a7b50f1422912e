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

    /// The content, in locked memory; nil when there is no such file. Refuses what is no regular file of this user's, and
    /// what others can read or write.
    func readSecret(limit: Int) throws(Failure) -> SecretBytes? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .unreadable(errno: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .unreadable(errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid() else { throw .unreadable(errno: EPERM) }
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
        let code = errno
        close(descriptor)
        guard isSynced else {
            unsafe unlink(temporary)
            throw .unwritable(errno: code)
        }
        return temporary
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
