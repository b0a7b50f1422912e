package import Foundation
import Synchronization

/// One tor of the private network. What blocks, blocks for milliseconds; only `waitBootstrapped` takes seconds.
package final class TorProcess: Sendable {
    /// How tor is reached, settled before it starts.
    struct Settings: Sendable {
        var name: String
        var folder: URL
        var torrc: String
        var control: BlockingControl.Endpoint
        var authentication: BlockingControl.Authentication
        var socksPort: UInt16?
        var socksSocketPath: String?
    }

    private let settings: Settings
    private let child = Mutex<ChildProcess?>(nil)

    init(_ settings: Settings) throws {
        self.settings = settings
        try Data(settings.torrc.utf8).write(to: settings.folder.appending(path: "torrc"))
    }

    /// Its nickname in the network.
    package var name: String { settings.name }

    /// The control socket; nil when control is by a port.
    package var controlSocketPath: String? {
        if case .unix(let path) = settings.control { path } else { nil }
    }

    /// The control port on 127.0.0.1; nil when control is by a socket.
    package var controlPort: UInt16? {
        if case .port(let port) = settings.control { port } else { nil }
    }

    /// What termtalk takes after `--tor-control`: the path of the socket, or HOST:PORT.
    package var controlArgument: String {
        switch settings.control {
        case .unix(let path): path
        case .port(let port): "127.0.0.1:\(port)"
        }
    }

    /// The control cookie; nil when control asks for a password.
    package var cookiePath: String? {
        if case .cookie(let path) = settings.authentication { path } else { nil }
    }

    /// The password of the control port, if it asks for one.
    package var controlPassword: String? {
        if case .password(let password) = settings.authentication { password } else { nil }
    }

    /// The SOCKS port on 127.0.0.1; nil for relays and authorities.
    package var socksPort: UInt16? { settings.socksPort }

    /// The SOCKS unix socket; the host tor alone has one.
    package var socksSocketPath: String? { settings.socksSocketPath }

    /// Tor's log, from notice upwards.
    package var logPath: String { settings.folder.appending(path: "tor.log").path }

    /// The process id while it runs.
    package var pid: pid_t? { child.withLock { $0?.pid } }

    /// Starts the process; returns before it listens.
    func start() throws {
        let torrc = settings.folder.appending(path: "torrc").path
        let arguments = [try Executable.tor.path(), "--hush"] + Executable.torrcArguments(torrc)
        let output = settings.folder.appending(path: "output").path
        try child.withLock { $0 = try ChildProcess(arguments, output: output) }
    }

    /// Ends it at once (SIGKILL) and returns when it has ended.
    package func kill() {
        let child = child.withLock { $0 }
        child?.send(SIGKILL)
        child?.wait()
    }

    /// Asks it to end (SIGTERM) and returns when it has ended.
    package func terminate() {
        let child = child.withLock { $0 }
        child?.send(SIGTERM)
        child?.send(SIGCONT)
        if child?.wait(seconds: 10) == nil { kill() }
    }

    /// Starts it again with the same torrc and data, after `kill()` if it still runs. It listens at the same places,
    /// but not yet when this returns: see `waitBootstrapped()`.
    package func restart() throws {
        kill()
        try start()
    }

    /// Stops it (SIGSTOP): connections stay, nothing answers.
    package func suspend() {
        child.withLock { $0?.send(SIGSTOP) }
    }

    /// Lets it go on after `suspend()`.
    package func resume() {
        child.withLock { $0?.send(SIGCONT) }
    }

    /// Returns when tor says that it is bootstrapped to 100 %.
    package func waitBootstrapped(seconds: Double = 120) async throws {
        try await wait(seconds: seconds, until: "bootstrapped") { control in
            let phase = try control.command("GETINFO status/bootstrap-phase").joined()
            return phase.contains("PROGRESS=100 ") ? nil : phase
        }
    }

    /// Returns when the control port answers.
    package func waitAnswering(seconds: Double = 60) async throws {
        try await wait(seconds: seconds, until: "answering") { _ in nil }
    }

    /// Returns when tor can tell others of a consensus with as many relays.
    ///
    /// - Parameter isImpatient: tor has failed downloads tried again each second, not at growing intervals.
    func waitForDirectory(relayCount: Int, isImpatient: Bool) async throws {
        var nextReload = ContinuousClock.now
        try await wait(seconds: 120, until: "in possession of a consensus") { control in
            let count = try control.command("GETINFO ns/all").count { $0.hasPrefix("r ") }
            let hasEnough = try control.command("GETINFO status/enough-dir-info").first?.hasSuffix("=1") == true
            if count == relayCount && hasEnough { return nil }
            if isImpatient && nextReload <= .now {
                nextReload = .now + .seconds(1)
                try control.command("SIGNAL RELOAD")
            }
            return "a consensus of \(count) relays"
        }
    }

    /// Asks until `problem` finds none.
    private func wait(
        seconds: Double, until what: String, _ problem: (BlockingControl) throws -> String?
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var last = "unknown"
        var connection: BlockingControl?
        while pid != nil, ContinuousClock.now < deadline {
            do {
                // Tor logs each control connection, so one is kept.
                let control = try connection ?? control()
                connection = control
                guard let found = try problem(control) else { return }
                last = found
            } catch let error as TorNetworkError {
                last = error.description
                connection = nil
            } catch is CocoaError {
                last = "there is no cookie yet"
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        let outcome = pid == nil ? "has ended" : "is not \(what) after \(Int(seconds)) s: \(last)"
        throw TorNetworkError("tor '\(name)' \(outcome)\n\(logTail())")
    }

    /// The last lines of the log, and of what tor wrote before it had one.
    package func logTail(lines: Int = 25) -> String {
        [logPath, settings.folder.appending(path: "output").path]
            .compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }
            .flatMap { $0.split(separator: "\n").suffix(lines) }
            .joined(separator: "\n")
    }

    /// A new, authenticated control connection.
    package func control() throws -> BlockingControl {
        try BlockingControl(to: settings.control, settings.authentication)
    }

    /// Sends one command on a control connection of its own; see `BlockingControl.command`.
    @discardableResult
    package func command(_ line: String) throws -> [String] {
        try control().command(line)
    }

    /// The value of a GETINFO key; lines are separated by "\n".
    package func query(_ key: String) throws -> String {
        let lines = try command("GETINFO \(key)").dropLast()
        return String(lines.joined(separator: "\n").drop { $0 != "=" }.dropFirst())
    }

    /// Closes all circuits, as a failing network would.
    package func closeCircuits() throws {
        let control = try control()
        // "250+circuit-status=", then "12 BUILT …" a line.
        for line in try control.command("GETINFO circuit-status") {
            guard let circuit = line.split(separator: " ").first.flatMap({ UInt32($0) }) else { continue }
            // It may have gone by itself in the meantime.
            _ = try? control.command("CLOSECIRCUIT \(circuit)")
        }
    }
}
