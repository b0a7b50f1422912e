import Glibc

/// Why ``EventLoop/connect(to:timeout:completion:)`` failed.
package enum ConnectError: Error, Equatable {
    /// Nobody listens there.
    case refused
    /// No answer in time.
    case timedOut
    /// There is no way to that address.
    case unreachable
    /// No numeric IP address, or an empty or too long path.
    case invalidAddress
    /// There is no socket at that path.
    case noSuchPath
    /// The Unix socket, or a firewall, does not let this user in.
    case permissionDenied
    /// The operating system reported this `errno`.
    case failed(errno: Int32)

    init(_ code: Int32) {
        self =
            switch code {
            case ECONNREFUSED: .refused
            case ETIMEDOUT: .timedOut
            case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL, EAFNOSUPPORT: .unreachable
            case ENOENT, ENOTDIR: .noSuchPath
            case EACCES, EPERM: .permissionDenied
            default: .failed(errno: code)
            }
    }
}
