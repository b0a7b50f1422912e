import Foundation
import Testing

/// A terminal with the program in it: a tmux server of its own, ended with this value.
final class Terminal: Sendable {
    static let tmux = ["/usr/bin/tmux", "/usr/local/bin/tmux"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private let tmux: String
    private let home: TestHome

    /// Starts the program with `arguments`; when it ends, its status is shown.
    init(_ arguments: [String], home: TestHome) async throws {
        tmux = try #require(Self.tmux)
        self.home = home
        let script = try home.write(
            "start", "trap : INT\n\"$@\"\necho \"status $?.\"\nexec cat\n")
        let binary = try TermTalkProcess.binary()
        _ = try await command(["new-session", "-d", "-x", "200", "-y", "50", "/bin/sh", script, binary] + arguments)
    }

    deinit {
        let process = Process()
        process.executableURL = URL(filePath: tmux)
        process.arguments = ["-S", "\(home.path)/tmux", "kill-server"]
        process.standardError = FileHandle.nullDevice
        try? process.run()
        process.waitUntilExit()
    }

    /// Types a line.
    func type(_ line: String) async throws {
        _ = try await command(["send-keys", "-l", "--", line])
        _ = try await command(["send-keys", "Enter"])
    }

    /// ^C.
    func interrupt() async throws {
        _ = try await command(["send-keys", "C-c"])
    }

    /// Waits until the screen shows `text`; returns all lines that were shown.
    @discardableResult
    func shows(_ text: String) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        while true {
            // -J joins what was wrapped; -S shows what was scrolled away, too.
            let lines = try await command(["capture-pane", "-p", "-J", "-S", "-1000"])
            if lines.contains(where: { $0.contains(text) }) { return lines }
            guard ContinuousClock.now < deadline else {
                let screen = lines.filter { !$0.isEmpty }.joined(separator: "\n")
                throw TermTalkProcess.Missing(description: "the screen does not show '\(text)':\n\(screen)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func command(_ arguments: [String]) async throws -> [String] {
        let process = try TermTalkProcess(
            program: tmux, ["-S", "\(home.path)/tmux", "-f", "/dev/null"] + arguments, home: home,
            environment: ["TERM": "xterm-256color", "SHELL": "/bin/sh"])
        return try await process.result().output
    }
}
