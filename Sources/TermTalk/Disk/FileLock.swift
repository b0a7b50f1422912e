import Glibc

/// A lock that one process at a time can hold, until this value goes or the process ends.
package final class FileLock: Sendable {
    enum Failure: Error, Equatable {
        /// Another process holds it.
        case held
        case unusable(errno: Int32)
    }

    private let descriptor: Int32

    /// Takes the lock of the file at `path`, which is made when it is not there.
    init(path: String) throws(Failure) {
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard opened >= 0 else { throw .unusable(errno: errno) }
        while flock(opened, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            close(opened)
            throw code == EWOULDBLOCK ? .held : .unusable(errno: code)
        }
        descriptor = opened
    }

    deinit {
        // Said explicitly, because a process that is being spawned has the descriptor too until it executes its program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
