package import Glibc

/// Whose process is at the other end of a connection within this machine.
package enum SocketOwner: Equatable, Sendable {
    case user(uid_t)
    /// The system does not tell: the other end is elsewhere (another machine, network namespace or user namespace), or has
    /// not accepted the connection yet.
    case unknown
}

extension SocketOwner {
    /// The user who listened on the Unix socket, or accepted the TCP connection, at the other end of `descriptor`.
    ///
    /// The accepting end is asked rather than the listener: whoever holds the port now need not be the one that the connection
    /// went to.
    init(ofPeerOf descriptor: Int32) {
        guard let local = RawSocketAddress(of: descriptor, peer: false),
            let peer = RawSocketAddress(of: descriptor, peer: true)
        else {
            self = .unknown
            return
        }
        let user: uid_t? =
            if peer.family == AF_UNIX {
                Self.listener(at: descriptor)
            } else if let ends = SocketDiagnosis.Ends(local: peer, remote: local) {
                SocketDiagnosis.owner(of: ends)
            } else {
                nil
            }
        self = user.map { $0 == Self.overflowUser && !Self.seesAllUsers ? .unknown : .user($0) } ?? .unknown
    }

    private static func listener(at descriptor: Int32) -> uid_t? {
        // struct ucred: process, user, group.
        var credentials: [UInt32] = [0, 0, 0]
        var length = socklen_t(credentials.count * MemoryLayout<UInt32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return nil }
        return credentials[1]
    }

    /// What Linux calls every user that has no number in this user namespace; `nobody` on most systems.
    private static let overflowUser =
        SystemFile.text("/proc/sys/kernel/overflowuid", limit: 32)
        .flatMap { uid_t($0.prefix { $0.isNumber }) } ?? 65_534

    /// Whether all users have numbers here: in a container they need not.
    private static let seesAllUsers =
        SystemFile.text("/proc/self/uid_map", limit: 4_096)
        .map { $0.split { $0.isWhitespace }.map(String.init) == ["0", "0", "4294967295"] } ?? false
}
