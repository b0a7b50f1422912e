import Glibc

/// A lock that one process at a time can hold, until this value goes or the process ends.
final class FileLock: Sendable {
    enum Failure: Error, Equatable {
        /// Another process holds it.
        case held
        case unusable(errno: Int32)
    }

    private let descriptor: Int32
    private let path: String

    /// Takes the lock of the file at `path`, which is made when it is not there.
    init(path: String) throws(Failure) {
        let opened = PrivateFile.open(path, O_RDWR | O_CREAT)
        guard opened >= 0 else { throw .unusable(errno: errno) }
        while flock(opened, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            close(opened)
            throw code == EWOULDBLOCK ? .held : .unusable(errno: code)
        }
        descriptor = opened
        self.path = path
    }

    /// Removes the file; the lock is held on.
    func removeFile() {
        unsafe unlink(path)
    }

    deinit {
        // Said explicitly, because a process that is being spawned has the descriptor too until it executes its program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
