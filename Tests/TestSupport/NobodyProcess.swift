package import Foundation
import Synchronization

/// A Python program that runs as `nobody`, beside a test that runs as root: somebody else on the same machine. It ends with
/// this value, and with the test.
package final class NobodyProcess {
    package static let user: uid_t = 65_534
    /// Whether such a process can be started here.
    package static let isAvailable =
        getuid() == 0
        && ["/usr/bin/setpriv", "/usr/bin/python3"].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
    package static let need = "needs root, setpriv and python3, to start a process of another user"

    /// It could not be started, or ended before it wrote what the test waits for.
    package struct Ended: Error {}

    private var process: pid_t = 0
    private let input: Int32
    private let output: Int32
    private var received: [UInt8] = []
    private var isRunning = true
    private let ended = DispatchSemaphore(value: 0)

    package init(_ program: String, _ arguments: String...) throws {
        let command =
            ["/usr/bin/setpriv", "--reuid=\(Self.user)", "--regid=\(Self.user)", "--clear-groups", "--pdeathsig=KILL"]
            + ["/usr/bin/python3", "-c", program] + arguments
        var (toChild, fromChild): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else { throw Ended() }
        for end in toChild + fromChild { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (input, output) = (toChild[1], fromChild[0])
        defer {
            close(toChild[0])
            close(fromChild[1])
        }
        let (childInput, childOutput, ended) = (toChild[0], fromChild[1], ended)
        let spawned = Spawned()
        // The process dies with the thread that has started it: one of a pool may end any time.
        let thread = Thread {
            spawned.set(Self.spawn(command, childInput, childOutput))
            ended.wait()
        }
        thread.stackSize = 256 << 10
        thread.start()
        guard let started = spawned.wait() else {
            isRunning = false
            ended.signal()
            throw Ended()
        }
        process = started
    }

    /// A process that another thread starts.
    private final class Spawned: Sendable {
        private let process = Mutex<pid_t?>(nil)
        private let isDone = DispatchSemaphore(value: 0)

        func set(_ process: pid_t?) {
            self.process.withLock { $0 = process }
            isDone.signal()
        }

        func wait() -> pid_t? {
            isDone.wait()
            return process.withLock(\.self)
        }
    }

    private static func spawn(_ command: [String], _ input: Int32, _ output: Int32) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        var words = command.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        return posix_spawn(&process, command[0], &actions, nil, &words, environ) == 0 ? process : nil
    }

    deinit {
        kill()
        close(input)
        close(output)
    }

    private func kill() {
        guard isRunning else { return }
        isRunning = false
        // A child may have inherited a mask that blocks other signals.
        Foundation.kill(process, SIGKILL)
        while waitpid(process, nil, 0) < 0, errno == EINTR {}
        ended.signal()
    }

    /// The next line that it writes. Blocks.
    package func line() throws -> String {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeSubrange(...end) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            guard read() else { throw Ended() }
        }
    }

    /// Writes a line to it.
    package func write(_ line: String) throws {
        let bytes = Array("\(line)\n".utf8)
        guard Foundation.write(input, bytes, bytes.count) == bytes.count else { throw Ended() }
    }

    /// Ends it, and gives all that it has written and was not read yet.
    package func end() -> String {
        kill()
        while read() {}
        return String(decoding: received, as: UTF8.self)
    }

    private func read() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        let count = Foundation.read(output, &chunk, chunk.count)
        received += chunk.prefix(max(0, count))
        return count > 0
    }
}
