import Glibc

/// The file of a listening Unix socket, recognised by its inode: a later listener may have put its own in the place.
struct UnixSocketFile {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Narrows the mode of a socket that has just been bound to 0600.
    init(justBound path: String) throws(ListenError) {
        guard unsafe chmod(path, 0o600) == 0, let status = Self.status(path) else { throw ListenError(errno) }
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    /// Removes the file unless it is another one by now.
    func remove() {
        if let status = Self.status(path), status.st_dev == device, status.st_ino == inode { unsafe unlink(path) }
    }

    /// Removes what a listener that is gone has left at `path`; throws when one still listens, or for any other file.
    static func removeStale(_ path: String, address: RawSocketAddress) throws(ListenError) {
        guard let status = status(path) else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .pathOccupied }
        let probe = SystemCall.streamSocket(family: AF_UNIX)
        guard probe >= 0 else { throw ListenError(-probe) }
        defer { SystemCall.close(probe) }
        guard SystemCall.connect(probe, address) == -ECONNREFUSED else { throw .addressInUse }
        unsafe unlink(path)
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status : nil
    }
}
