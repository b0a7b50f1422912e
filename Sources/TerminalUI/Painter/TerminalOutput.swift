import Glibc

/// Writes to a terminal, or to what else a descriptor leads to, and never waits for it unless told to.
///
/// A terminal must not be made non-blocking where the shell and other programs share it, so it is opened once more. Where that
/// is not allowed (it belongs to another user), it gets little at a time. Lines go into a pipe whole as far as they fit into
/// what it takes at once; of a file that cannot take the rest of a line, the beginning is cut off again.
package final class TerminalOutput {
    /// What a pipe that is writable takes without blocking (POSIX, PIPE_BUF).
    private static let pipeByteCount = 4_096
    /// What a terminal takes that says it is writable.
    private static let cautiousByteCount = 128

    private static let pause: Int32 = 10
    /// For ``flush(waiting:)``: for as long as it takes.
    package static let forever: Int32 = -1

    /// Where the bytes go.
    let descriptor: Int32
    private let isOwn: Bool
    private let limit: Int?
    private var pending: [UInt8] = []
    /// Bytes of the last line that have been written, when its end has not.
    private var openLineCount = 0

    /// Bytes that were to be written, and those that have been.
    package private(set) var progress = (told: UInt64(0), taken: UInt64(0))
    /// The error (errno) of a write that failed. Nothing is written from then on.
    package private(set) var failure: Int32?

    package init(_ shared: Int32) {
        var own: Int32 = -1
        if isatty(shared) == 1, let name = unsafe ttyname(shared) {
            own = unsafe open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        }
        isOwn = own >= 0
        descriptor = isOwn ? own : shared
        limit = isOwn ? nil : isatty(shared) == 1 ? Self.cautiousByteCount : Self.pipeByteCount
    }

    deinit {
        if isOwn { close(descriptor) }
    }

    /// Bytes that wait.
    package var pendingCount: Int { pending.count }

    package func append(_ bytes: some Collection<UInt8>) {
        progress.told += UInt64(bytes.count)
        if failure == nil { pending.append(contentsOf: bytes) }
    }

    /// Drops what waits.
    package func forget() {
        pending = []
    }

    /// Writes what can be written now, or while the other end takes something every so many milliseconds; whether nothing
    /// waits any more. After a ``failure`` nothing does.
    @discardableResult
    package func flush(waiting milliseconds: Int32 = 0) -> Bool {
        var written = 0
        var patience = milliseconds
        while written < pending.count, failure == nil {
            var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let ready = unsafe poll(&request, 1, milliseconds)
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else { break }
            let end = pieceEnd(from: written)
            let count = unsafe pending.withUnsafeBytes {
                unsafe write(descriptor, $0.baseAddress?.advanced(by: written), end - written)
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN {
                // A terminal says that it is writable also where a line's end, which is two characters, does not fit.
                guard patience != 0 else { break }
                patience = patience < 0 ? patience : max(0, patience - Self.pause)
                poll(nil, 0, Self.pause)
                continue
            }
            guard count > 0 else {
                fail(errno)
                return true
            }
            noteLines(in: pending[written..<written + count])
            written += count
        }
        progress.taken += UInt64(written)
        if written == pending.count {
            pending.removeAll(keepingCapacity: pending.count <= 65_536)
        } else {
            pending.removeFirst(written)
        }
        return pending.isEmpty
    }

    private func pieceEnd(from start: Int) -> Int {
        guard let limit, pending.count - start > limit else { return pending.count }
        let end = start + limit
        return pending[start..<end].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? end
    }

    private func noteLines(in piece: ArraySlice<UInt8>) {
        if let newline = piece.lastIndex(of: UInt8(ascii: "\n")) {
            openLineCount = piece.endIndex - newline - 1
        } else {
            openLineCount += piece.count
        }
    }

    /// Nothing is written any more, because of `error`.
    package func fail(_ error: Int32) {
        failure = error
        pending = []
        cutOpenLine()
    }

    /// Takes back the beginning of a line whose end could not be written, where it is the end of a file.
    private func cutOpenLine() {
        var status = stat()
        guard openLineCount > 0, unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return
        }
        let offset = lseek(descriptor, 0, SEEK_CUR)
        guard offset == status.st_size, offset >= openLineCount else { return }
        _ = ftruncate(descriptor, offset - openLineCount)
        lseek(descriptor, offset - openLineCount, SEEK_SET)
        openLineCount = 0
    }
}
