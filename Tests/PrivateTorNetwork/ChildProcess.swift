package import Foundation
import Synchronization

/// A child that ends with this process, however this process ends.
///
/// One thread of ours starts the child and waits for it. The kernel sends the parent-death signal when the
/// *thread* that started a child ends, so that thread has to live as long as the child does; being there, it
/// reaps the child at once, too.
package final class ChildProcess: Sendable {
    private struct State {
        var pid: pid_t?
        var spawnError: Int32 = 0
        /// As a shell gives it: 128 and the signal for a child that a signal ended.
        var exitStatus: Int32?
    }

    private let state = Mutex(State())
    private let exited = DispatchGroup()
    /// The end of the child's input that stays open as long as this value; -1 for none.
    private let heldInput: Int32

    /// Starts `arguments[0]`, an absolute path.
    ///
    /// - Parameters:
    ///   - environment: the whole environment of the child; nil: that of this process.
    ///   - output: the file that gets the output, the child then has no input and is the leader of a process group
    ///     of its own; nil: the three standard descriptors are inherited.
    ///   - keepsInputOpen: beside `output`: the child's input is a pipe that stays open and empty.
    package init(
        _ arguments: [String], environment: [String: String]? = nil, output: String? = nil, keepsInputOpen: Bool = false
    ) throws {
        let setpriv = try Executable.setpriv.path()
        let arguments = [setpriv, "--pdeathsig", "KILL"] + arguments
        let environment = environment ?? ProcessInfo.processInfo.environment
        var input: [Int32] = [-1, -1]
        if keepsInputOpen, pipe(&input) != 0 { throw TorNetworkError.system("pipe") }
        for descriptor in input where descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        heldInput = input[1]
        let childInput = input[0]
        let started = DispatchSemaphore(value: 0)
        exited.enter()
        let thread = Thread { [self] in
            var pid: pid_t = 0
            let result = Self.spawn(arguments, environment, input: childInput, output, &pid)
            state.withLock {
                if result == 0 { $0.pid = pid } else { $0.spawnError = result }
            }
            started.signal()
            if result == 0 { awaitExit(of: pid) }
            exited.leave()
        }
        thread.stackSize = 256 << 10
        thread.start()
        started.wait()
        if childInput >= 0 { close(childInput) }
        let spawnError = state.withLock { $0.spawnError }
        if spawnError != 0 {
            throw TorNetworkError("\(setpriv): \(String(cString: strerror(spawnError)))")
        }
    }

    deinit {
        if heldInput >= 0 { close(heldInput) }
    }

    /// The process id while the child runs.
    package var pid: pid_t? {
        state.withLock { $0.exitStatus == nil ? $0.pid : nil }
    }

    /// Sends a signal; does nothing when the child has ended.
    package func send(_ signal: Int32) {
        state.withLock {
            // Under the lock the child is not reaped, so its process id cannot belong to another process yet.
            if let pid = $0.pid, $0.exitStatus == nil { _ = Foundation.kill(pid, signal) }
        }
    }

    /// Blocks until the child has ended; nil when it has not after `seconds`.
    @discardableResult
    package func wait(seconds: Double = .infinity) -> Int32? {
        if seconds == .infinity {
            exited.wait()
        } else if exited.wait(timeout: .now() + seconds) == .timedOut {
            return nil
        }
        return state.withLock { $0.exitStatus }
    }

    private func awaitExit(of pid: pid_t) {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) == -1, errno == EINTR {}
        state.withLock {
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            let signal = status & 0x7f
            $0.exitStatus = signal == 0 ? (status >> 8) & 0xff : 128 + signal
        }
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String: String], input: Int32, _ output: String?, _ pid: inout pid_t
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
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setsigdefault(&attributes, &allSignals)
        if let output {
            flags |= POSIX_SPAWN_SETPGROUP
            if input >= 0 {
                posix_spawn_file_actions_adddup2(&actions, input, 0)
            } else {
                posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            }
            posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }
        actions.closeOthers()
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for pointer in argv + envp { free(pointer) }
        }
        return posix_spawn(&pid, arguments[0], &actions, &attributes, argv, envp)
    }
}
