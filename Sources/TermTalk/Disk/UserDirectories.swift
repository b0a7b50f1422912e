import Glibc

/// Where files of this user belong (XDG Base Directory Specification).
package struct UserDirectories: Sendable {
    /// How long the disk may take for a small file; then it hangs, and the program goes on, or ends, without it.
    package static let diskPatience = Duration.seconds(3)

    package let home: String
    package let state: String

    init(home: String, state: String) {
        self.home = home
        self.state = state
    }

    /// From the process's environment.
    package init() {
        home = Self.environment("HOME") ?? Self.passwordDatabaseHome ?? "/"
        let base = Self.environment("XDG_STATE_HOME") ?? "\(home)/.local/state"
        state = "\(base)/termtalk"
    }

    /// Makes the state directory, private, with its parents.
    func makeState() {
        var path = ""
        for part in state.split(separator: "/") {
            path += "/\(part)"
            unsafe mkdir(path, 0o700)
        }
    }

    private static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.hasPrefix("/") ? text : nil
    }

    private static var passwordDatabaseHome: String? {
        guard let entry = unsafe getpwuid(getuid()), let directory = unsafe entry.pointee.pw_dir else { return nil }
        return unsafe String(cString: directory)
    }
}
