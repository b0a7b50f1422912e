import Foundation
import Testing

/// A home of its own for the processes of a test: HOME and the XDG folders are in it. Removed with the last use.
final class TestHome: Sendable {
    let path: String

    /// An empty home; `owner` is who it belongs to, for a process that runs as another user.
    init(owner: uid_t? = nil) throws {
        // Short, because sockets are made inside, and their paths are limited to 107 bytes.
        path = "/tmp/tt-\(String(UInt32.random(in: .min ... .max), radix: 36))"
        for folder in ["", "/state", "/config", "/cache", "/run", "/tmp"] {
            try FileManager.default.createDirectory(
                atPath: path + folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            if let owner { chown(path + folder, owner, owner) }
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    var registryPath: String { "\(path)/.termtalk_rooms.json" }

    /// The whole environment of a process at home here.
    var environment: [String: String] {
        var variables = [
            "HOME": path, "XDG_STATE_HOME": "\(path)/state", "XDG_CONFIG_HOME": "\(path)/config",
            "XDG_CACHE_HOME": "\(path)/cache", "XDG_RUNTIME_DIR": "\(path)/run", "TMPDIR": "\(path)/tmp",
            "LC_ALL": "C.UTF-8", "TERM": "dumb",
            // Few tests are about how long tor may take into its network, and a machine on which all of them run is busy.
            "TERMTALK_TOR_STALL_SECONDS": "\(Int(TermTalkProcess.patience) - 10)",
        ]
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            variables[name] = ProcessInfo.processInfo.environment[name]
        }
        return variables
    }

    /// Writes a file, and returns its path.
    func write(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
        return "\(path)/\(name)"
    }

    /// Returns when such a text stands in the file, somewhere below this home.
    func wait(forFile path: String, where isMeant: (String) -> Bool = { _ in true }) async throws {
        let watch = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        try #require(watch >= 0)
        defer { close(watch) }
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        while true {
            // Before it is looked at, so that nothing is missed; folders come one by one.
            var folder = (path as NSString).deletingLastPathComponent
            while folder.hasPrefix(self.path) {
                _ = inotify_add_watch(watch, folder, UInt32(IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE))
                folder = (folder as NSString).deletingLastPathComponent
            }
            if let text = try? String(contentsOfFile: path, encoding: .utf8), isMeant(text) { return }
            let rest = deadline - ContinuousClock.now
            try #require(rest > .zero, "\(path) does not come")
            let milliseconds = Int32(clamping: rest.components.seconds * 1_000 + 1)
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    var ready = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
                    _ = poll(&ready, 1, milliseconds)
                    continuation.resume()
                }
            }
            var events = [UInt8](repeating: 0, count: 4_096)
            while read(watch, &events, events.count) > 0 {}
        }
    }
}
