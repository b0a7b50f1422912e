import Glibc
import Sodium

/// Reads the cookie file tor names in PROTOCOLINFO.
enum CookieFile {
    /// The peer names the path, so nothing but a regular file of exactly 32 bytes is read, and opening cannot block.
    ///
    /// Of a tor that was found it must be a file of one of ``TorAccounts``, not a link to one.
    static func read(path: [UInt8], source: TorEndpoint.Source) -> ControlSession.CookieOutcome {
        guard !path.isEmpty, !path.contains(0) else { return .malformed }
        let name = path.map { CChar(bitPattern: $0) } + [0]
        let descriptor = unsafe open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (source == .found ? O_NOFOLLOW : 0))
        guard descriptor >= 0 else {
            switch errno {
            case EACCES, EPERM: return .permissionDenied
            case ENOENT, ENOTDIR: return .missing
            case ELOOP: return .untrusted
            default: return .malformed
            }
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_size == SafeCookie.byteCount
        else { return .malformed }
        guard source == .named || TorAccounts.ofThisMachine.users.contains(status.st_uid) else { return .untrusted }
        var cookie = SecretBytes(count: SafeCookie.byteCount)
        let count = cookie.withMutableBytes { span in
            unsafe span.withUnsafeMutableBufferPointer { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        }
        guard count == SafeCookie.byteCount else { return .malformed }
        return .cookie(SharedSecret(cookie))
    }
}
