import Foundation
import PrivateTorNetwork
import Synchronization

/// What a child process has written, and how it ended; shared by the thread that serves it and the tests that wait.
final class RunningProcess: Sendable {
    struct State {
        var pid: pid_t?
        var spawnError: Int32 = 0
        var status: Int32?
        var events: [ProgramEvent] = []
        var output: [String] = []
        var errors: [String] = []
        var version = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// Waiting tests look at the clock this often.
    private static let tick: Int32 = 250

    private let state = Mutex(State())
    private let input: Mutex<Int32>
    private let command: [String]
    /// Kept while the process runs.
    private let home: TestHome

    init(
        _ command: [String], environment: [String: String], home: TestHome, input: TermTalkProcess.Input
    ) throws {
        Foundation.signal(SIGPIPE, SIG_IGN)
        self.command = command
        self.home = home
        let output = try Pipe.make()
        let errors = try Pipe.make()
        let source: Pipe
        switch input {
        case .pipe: source = try Pipe.make()
        case .file(let path): source = Pipe(reading: open(path, O_RDONLY | O_CLOEXEC), writing: -1)
        }
        self.input = Mutex(source.writing)
        let started = DispatchSemaphore(value: 0)
        let thread = Thread { [self] in
            var pid: pid_t = 0
            let result = Self.spawn(
                command, environment, [source.reading, output.writing, errors.writing], &pid)
            for descriptor in [source.reading, output.writing, errors.writing] { close(descriptor) }
            state.withLock {
                if result == 0 { $0.pid = pid } else { $0.spawnError = result }
            }
            started.signal()
            if result == 0 { serve(output.reading, errors.reading, pid) }
            close(output.reading)
            close(errors.reading)
        }
        thread.stackSize = 512 << 10
        thread.start()
        started.wait()
        let failure = state.withLock { $0.spawnError }
        guard failure == 0 else {
            throw TermTalkProcess.Missing(description: "posix_spawn: \(String(cString: strerror(failure)))")
        }
    }

    var pid: pid_t? { state.withLock { $0.status == nil ? $0.pid : nil } }

    func look<R: Sendable>(_ body: (borrowing State) -> R) -> R {
        state.withLock { body($0) }
    }

    func send(_ signal: Int32) {
        state.withLock {
            // Not reaped under the lock, so the process id is still its own.
            if let pid = $0.pid, $0.status == nil { _ = kill(pid, signal) }
        }
    }

    // MARK: Input

    func writeInput(_ bytes: [UInt8]) {
        let descriptor = input.withLock { $0 }
        guard descriptor >= 0 else { return }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest.removeFirst(count)
        }
    }

    func closeInput() {
        input.withLock {
            if $0 >= 0 { close($0) }
            $0 = -1
        }
    }

    // MARK: Waiting

    /// Calls `look` whenever something has changed, until it finds something.
    func wait<R: Sendable>(
        for what: String, seconds: Double, _ look: (borrowing State) -> R?
    ) async throws -> R {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            let (found, version, hasEnded) = state.withLock { (look($0), $0.version, $0.status != nil) }
            if let found { return found }
            guard !hasEnded else { throw missing(what, "but the process has ended") }
            guard ContinuousClock.now < deadline else { throw missing(what, "within \(Int(seconds)) s") }
            await change(since: version)
        }
    }

    private func change(since version: Int) async {
        await withCheckedContinuation { continuation in
            let isLate = state.withLock {
                if $0.version == version, $0.status == nil {
                    $0.waiters.append(continuation)
                    return false
                }
                return true
            }
            if isLate { continuation.resume() }
        }
    }

    private func missing(_ what: String, _ circumstance: String) -> TermTalkProcess.Missing {
        let (status, output, errors, names) = state.withLock {
            ($0.status, $0.output.suffix(12).map { $0.prefix(300) }, $0.errors.suffix(12), $0.events.map(\.event))
        }
        let counts = Dictionary(grouping: names) { $0 }.map { "\($0) \($1.count)" }.sorted().joined(separator: ", ")
        return TermTalkProcess.Missing(
            description: """
                no \(what) \(circumstance): \(command.dropFirst(4).joined(separator: " "))
                status: \(status.map { "\($0)" } ?? "runs")
                events: \(counts)
                stdout: …\(output.joined(separator: "\n        "))
                stderr: …\(errors.joined(separator: "\n        "))
                """)
    }

    // MARK: The thread

    private func serve(_ output: Int32, _ errors: Int32, _ pid: pid_t) {
        var descriptors = [output, errors].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var partial: [[UInt8]] = [[], []]
        var chunk = [UInt8](repeating: 0, count: 65_536)
        var hasEnded = false
        while descriptors.contains(where: { $0.fd >= 0 }) {
            // A process that has ended may have left the pipe to a child of its own: what is there is read, no more.
            let ready = poll(&descriptors, 2, hasEnded ? 0 : Self.tick)
            if ready <= 0, hasEnded { break }
            for index in 0..<2 where descriptors[index].fd >= 0 && descriptors[index].revents != 0 {
                let count = read(descriptors[index].fd, &chunk, chunk.count)
                if count > 0 {
                    partial[index] += chunk[..<count]
                } else {
                    descriptors[index].fd = -1
                }
                take(&partial[index], isLast: count <= 0, isError: index == 1)
            }
            wakeWaiters()
            if !hasEnded {
                var information = siginfo_t()
                hasEnded =
                    waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT | WNOHANG) == 0
                    && information.si_signo == SIGCHLD
            }
        }
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) == -1, errno == EINTR {}
        state.withLock {
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            let signal = status & 0x7f
            $0.status = signal == 0 ? (status >> 8) & 0xff : 128 + signal
        }
        wakeWaiters()
    }

    private func take(_ bytes: inout [UInt8], isLast: Bool, isError: Bool) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let rest = lines.removeLast()
        if isLast, !rest.isEmpty { lines.append(rest) }
        let texts = lines.map { String(decoding: $0, as: UTF8.self) }
        let events =
            isError
            ? []
            : lines.compactMap { line in
                line.first == UInt8(ascii: "{") ? try? JSONDecoder().decode(ProgramEvent.self, from: Data(line)) : nil
            }
        bytes = isLast ? [] : Array(rest)
        state.withLock {
            if isError { $0.errors += texts } else { $0.output += texts }
            $0.events += events
        }
    }

    private func wakeWaiters() {
        let waiters = state.withLock { state in
            state.version += 1
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Starts `command` with these three standard descriptors and no others.
    private static func spawn(
        _ command: [String], _ environment: [String: String], _ descriptors: [Int32], _ pid: inout pid_t
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        var noSignals = sigset_t()
        var allSignals = sigset_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        sigemptyset(&noSignals)
        sigfillset(&allSignals)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setsigdefault(&attributes, &allSignals)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        for (number, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        actions.closeOthers()
        let argv = command.map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for pointer in argv + envp { free(pointer) }
        }
        return posix_spawn(&pid, command[0], &actions, &attributes, argv, envp)
    }
}

/// The two ends of a pipe that no other child inherits.
private struct Pipe {
    var reading: Int32
    var writing: Int32

    static func make() throws -> Pipe {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TermTalkProcess.Missing(description: "no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return Pipe(reading: ends[0], writing: ends[1])
    }
}
