import Glibc

/// Writes to a terminal, or to what else a descriptor leads to, and never waits for it.
///
/// A terminal must not be made non-blocking where the shell and other programs share it, so it is opened once more. Where that
/// is not allowed (it belongs to another user), it gets little at a time.
package final class TerminalOutput {
    /// What a pipe that is writable takes without blocking (POSIX, PIPE_BUF).
    private static let pipeByteCount = 4_096
    /// What a terminal takes that says it is writable.
    private static let cautiousByteCount = 128

    private static let pause: Int32 = 10

    /// Where the bytes go.
    package let descriptor: Int32
    private let isOwn: Bool
    private let limit: Int
    private var pending: [UInt8] = []

    package init(_ shared: Int32) {
        var own: Int32 = -1
        if isatty(shared) == 1, let name = unsafe ttyname(shared) {
            own = unsafe open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        }
        isOwn = own >= 0
        descriptor = isOwn ? own : shared
        limit = isOwn ? .max : isatty(shared) == 1 ? Self.cautiousByteCount : Self.pipeByteCount
    }

    deinit {
        if isOwn { close(descriptor) }
    }

    /// Bytes that wait.
    package var pendingCount: Int { pending.count }

    package func append(_ bytes: some Sequence<UInt8>) {
        pending.append(contentsOf: bytes)
    }

    /// Drops what waits.
    package func forget() {
        pending = []
    }

    /// Writes what can be written now, or while the other end takes something every so many milliseconds; whether nothing
    /// waits any more. What nobody reads any more is dropped.
    @discardableResult
    package func flush(waiting milliseconds: Int32 = 0) -> Bool {
        var written = 0
        var patience = milliseconds
        while written < pending.count {
            var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard unsafe poll(&request, 1, milliseconds) > 0 else { break }
            let count = unsafe pending.withUnsafeBytes {
                unsafe write(descriptor, $0.baseAddress?.advanced(by: written), min($0.count - written, limit))
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN {
                // A terminal says that it is writable also where a line's end, which is two characters, does not fit.
                guard patience > 0 else { break }
                patience -= Self.pause
                poll(nil, 0, Self.pause)
                continue
            }
            guard count > 0 else {
                written = pending.count
                break
            }
            written += count
        }
        if written == pending.count {
            pending.removeAll(keepingCapacity: pending.count <= 65_536)
        } else {
            pending.removeFirst(written)
        }
        return pending.isEmpty
    }
}
