import Foundation
import Testing

/// A machine of a `NetworkLab`: a process that holds namespaces for the network, mounts and the host name.
final class LabMachine: Sendable {
    /// What must not be seen on a network.
    static let hostName = "name-of-this-machine"

    let pid: pid_t
    let home: TestHome
    private let holder: TermTalkProcess

    init(_ name: String) async throws {
        home = try TestHome()
        holder = try TermTalkProcess(
            program: "/usr/bin/unshare",
            [
                "-nmu", "--propagation", "private", "sh", "-c",
                // Whoever asks for the machine's own mDNS daemon finds none but those that tests start.
                "hostname \(Self.hostName) && mount -t tmpfs none /run && ip link set lo up && echo up && exec sleep inf",
            ], home: home)
        _ = try await holder.line { $0 == "up" }
        pid = try #require(holder.pid)
    }

    private func inside(_ command: [String]) -> [String] {
        ["-t", "\(pid)", "-n", "-m", "-u", "--"] + command
    }

    /// Runs a shell command there, which must end well; returns what it writes.
    @discardableResult
    func run(_ command: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> [String] {
        let result = try await start(["/bin/sh", "-c", command]).result()
        try #require(result.status == 0, "\(command): \(result.errors)", sourceLocation: sourceLocation)
        return result.output
    }

    /// Starts a program there.
    func start(_ command: [String], home: TestHome? = nil) throws -> TermTalkProcess {
        try TermTalkProcess(
            program: "/usr/bin/nsenter", inside(command), home: home ?? self.home,
            environment: ["USER": "name-of-this-user", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], input: .pipe)
    }

    /// Starts termtalk there.
    func termtalk(_ arguments: [String], home: TestHome? = nil) throws -> TermTalkProcess {
        try start([try TermTalkProcess.binary()] + arguments, home: home)
    }

    /// Starts termtalk there, in a terminal.
    func terminal(_ arguments: [String] = []) async throws -> Terminal {
        try await Terminal(
            inside([try TermTalkProcess.binary()] + arguments), home: TestHome(), program: "/usr/bin/nsenter")
    }

    /// Keeps all that passes an interface, until `finish()`.
    func capture(_ interface: String = "eth0") async throws -> PacketCapture {
        try await PacketCapture(self, interface)
    }
}
