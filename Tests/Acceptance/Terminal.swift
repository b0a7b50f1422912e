import Foundation
import Testing

/// A terminal with the program in it: a tmux server of its own, ended with this value.
final class Terminal: Sendable {
    static let tmux = ["/usr/bin/tmux", "/usr/local/bin/tmux"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private let tmux: String
    private let home: TestHome

    /// Starts the program (termtalk, or another one) with `arguments`; when it ends, its status is shown, and how it left the terminal.
    init(
        _ arguments: [String], home: TestHome, width: Int = 200, height: Int = 50, environment: [String] = [],
        program: String? = nil
    ) async throws {
        tmux = try #require(Self.tmux)
        self.home = home
        let script = try home.write(
            "start",
            """
            trap : INT
            before=$(stty -g)
            env "$@"
            echo "status $?."
            if [ "$before" = "$(stty -g)" ]; then echo "terminal restored."; else echo "terminal changed."; fi
            exec cat

            """)
        let binary = try program ?? TermTalkProcess.binary()
        _ = try await command(
            ["new-session", "-d", "-x", "\(width)", "-y", "\(height)", "/bin/sh", script] + environment + [binary]
                + arguments)
    }

    /// Presses keys by their names in tmux.
    func press(_ keys: String...) async throws {
        _ = try await command(["send-keys"] + keys)
    }

    /// Types text without an end of line.
    func write(_ text: String) async throws {
        _ = try await command(["send-keys", "-l", "--", text])
    }

    /// Pastes text, bracketed where the program asked for that.
    func paste(_ text: String) async throws {
        _ = try await command(["set-buffer", "--", text])
        _ = try await command(["paste-buffer", "-p", "-r"])
    }

    func resize(width: Int, height: Int) async throws {
        _ = try await command(["resize-window", "-x", "\(width)", "-y", "\(height)"])
    }

    /// The rows that are seen now.
    func screen() async throws -> [String] {
        try await command(["capture-pane", "-p"])
    }

    /// The same, with the escape sequences for colours.
    func escapes() async throws -> [String] {
        try await command(["capture-pane", "-p", "-e"])
    }

    /// What tmux knows of the terminal, by a format of its own.
    func state(_ format: String) async throws -> String {
        try await command(["display-message", "-p", format]).first ?? ""
    }

    /// Lets programs fill the buffer of tmux, which is a clipboard.
    func acceptClipboard() async throws {
        _ = try await command(["set-option", "-s", "set-clipboard", "on"])
    }

    /// What is in the clipboard; nil for nothing.
    func clipboard() async throws -> String? {
        let text = try await command(["show-buffer"]).joined(separator: "\n")
        return text.isEmpty ? nil : text
    }

    func forgetClipboard() async throws {
        _ = try await command(["delete-buffer"])
    }

    /// Lets all that the program writes from now on go into a file, too; returns its path.
    func record() async throws -> String {
        let path = try home.write("record", "")
        _ = try await command(["pipe-pane", "cat >>'\(path)'"])
        return path
    }

    /// All that the terminal holds: what is seen, and what has scrolled away.
    func everything() async throws -> [String] {
        try await command(["capture-pane", "-p", "-J", "-S", "-"])
    }

    /// The process that runs in the terminal.
    func program() async throws -> pid_t {
        let shell = try await state("#{pane_pid}")
        let children = try String(contentsOfFile: "/proc/\(shell)/task/\(shell)/children", encoding: .utf8)
        return try #require(children.split(separator: " ").first.flatMap { pid_t($0) })
    }

    /// Waits until the rows that are seen satisfy `matches`; returns them.
    @discardableResult
    func seen(_ what: String, where matches: ([String]) -> Bool) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        while true {
            let rows = try await screen()
            if matches(rows) { return rows }
            guard ContinuousClock.now < deadline else {
                throw TermTalkProcess.Missing(
                    description: "the screen does not show \(what):\n\(rows.joined(separator: "\n"))")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
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
    func shows(_ text: String, times: Int = 1) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        while true {
            // -J joins what was wrapped; -S shows what was scrolled away, too.
            let lines = try await command(["capture-pane", "-p", "-J", "-S", "-1000"])
            if lines.count(where: { $0.contains(text) }) >= times { return lines }
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
