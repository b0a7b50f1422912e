import Glibc

/// A directory only our user can enter, gone when this value ends.
///
/// It lies in XDG_RUNTIME_DIR (in memory, per user), else TMPDIR, else /tmp. A lock tells directories in use from those a
/// killed process left, which the next one removes.
package final class PrivateDirectory {
    private static let prefix = "termtalk-child-"
    private static let lockName = "owner"
    /// Bytes of the longest base: what is appended must still fit the 107 bytes of a Unix socket's path.
    private static let maximumBaseByteCount = 60

    let path: String
    private let lock: Int32

    init() throws(TorError) {
        let base = Self.base()
        Self.removeAbandoned(in: base)
        var template = "\(base)/\(Self.prefix)XXXXXX".utf8CString.map { $0 }
        guard unsafe mkdtemp(&template) != nil else { throw .unreachable(.childFailed(.spawn(errno: errno))) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        lock = unsafe open("\(path)/\(Self.lockName)", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            Self.removeAll(path)
            throw .unreachable(.childFailed(.spawn(errno: code)))
        }
    }

    deinit {
        Self.removeAll(path)
        close(lock)
    }

    /// Creates `name` with `text`, mode 0600.
    func write(_ text: String, to name: String) throws(TorError) {
        let descriptor = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unreachable(.childFailed(.spawn(errno: errno))) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw .unreachable(.childFailed(.spawn(errno: errno)))
        }
    }

    /// The first base that exists, is ours to write, and makes paths that tor takes in a command.
    private static func base() -> String {
        for name in ["XDG_RUNTIME_DIR", "TMPDIR"] {
            guard let value = Environment[name], value.hasPrefix("/"), value.utf8.count <= maximumBaseByteCount,
                value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
                ),
                isPrivate(value)
            else { continue }
            return value
        }
        return "/tmp"
    }

    /// Whether nobody else can put something of its own in the place of what is made there: a directory of ours that others
    /// cannot write to, or one in which they cannot replace what is ours.
    private static func isPrivate(_ path: String) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            status.st_uid == geteuid() || status.st_uid == 0, unsafe access(path, W_OK | X_OK) == 0
        else { return false }
        return status.st_mode & 0o022 == 0 || status.st_mode & S_ISVTX != 0
    }

    private static func removeAbandoned(in base: String) {
        for name in names(in: base) where name.hasPrefix(prefix) {
            let path = "\(base)/\(name)"
            var status = stat()
            guard unsafe lstat(path, &status) == 0, status.st_uid == getuid(), status.st_mode & S_IFMT == S_IFDIR
            else { continue }
            let lock = unsafe open("\(path)/\(lockName)", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard lock >= 0 else { continue }
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { removeAll(path) }
            close(lock)
        }
    }

    /// Removes what is at `path`, with all that is in it; links are not followed.
    package static func removeAll(_ path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            _ = unsafe unlink(path)
            return
        }
        for name in names(in: path) { removeAll("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }

    /// The entries of a folder; none when it cannot be read.
    package static func names(in path: String) -> [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { _ = unsafe closedir(directory) }
        guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return [] }
        var result: [String] = []
        while let entry = unsafe readdir(directory) {
            // Not by value: an entry is only as long as its name, and a copy of the whole would read past its end.
            let name = unsafe String(
                cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
            if name != ".", name != ".." { result.append(name) }
        }
        return result
    }
}
