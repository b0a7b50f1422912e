import Glibc

/// Why a ``SocketListener`` could not be opened.
package enum ListenError: Error, Equatable {
    /// Another process listens there.
    case addressInUse
    /// The port is privileged, or the directory of the Unix socket may not be written.
    case permissionDenied
    /// No numeric IP address, or an empty path.
    case invalidAddress
    /// This machine does not have the IP address, or the directory of the Unix socket does not exist.
    case addressNotAvailable
    /// The path of the Unix socket has more than 107 bytes.
    case pathTooLong
    /// At the path is something other than a socket, which is left alone.
    case pathOccupied
    /// The operating system reported this `errno`.
    case failed(errno: Int32)

    init(_ code: Int32) {
        self =
            switch code {
            case EADDRINUSE: .addressInUse
            case EACCES, EPERM, EROFS: .permissionDenied
            case EADDRNOTAVAIL, ENOENT, ENOTDIR, EAFNOSUPPORT: .addressNotAvailable
            default: .failed(errno: code)
            }
    }

    init(_ error: SocketAddressError) {
        self =
            switch error {
            case .invalid: .invalidAddress
            case .pathTooLong: .pathTooLong
            }
    }
}
