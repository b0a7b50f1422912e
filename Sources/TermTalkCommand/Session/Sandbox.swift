internal import CSandbox
import Glibc
internal import Locking
internal import TorController

/// What a process that reads from strangers gives up at its beginning, for itself and for all that it executes. Neither it nor
/// a tor of its own has a use for any of it; what an intruder could do with it is in docs/threat-model.md.
enum Sandbox {
    /// What is in force, by the words of `termtalk doctor`; nil for what the kernel does not have.
    struct State: Sendable {
        var calls = false
        /// Whether only files that come with the system are executed, and no other programs are sent signals.
        var files = false
    }

    private static let current = Locked(State())
    static var state: State { current.withLock { $0 } }

    /// Where programs lie that a user does not write.
    private static let systemFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt", "/nix", "/gnu", "/snap"]

    /// To be called before there is a second thread, which would be left out of a part of it.
    static func enter() {
        let files = restrictFiles()
        let calls = sandbox_refuse_calls() == 0
        current.withLock { $0 = State(calls: calls, files: files) }
    }

    /// Lets nothing be executed that this process, or what takes it over, could have written; makes no devices; leaves the
    /// processes and the abstract sockets of others alone.
    private static func restrictFiles() -> Bool {
        let version = sandbox_landlock_version()
        // A torrc of the person's may name programs anywhere.
        let executes = environment("TERMTALK_TOR_INCLUDE") == nil
        let devices = UInt64(SANDBOX_FILE_MAKE_CHAR | SANDBOX_FILE_MAKE_BLOCK)
        let handled = devices | (executes ? UInt64(SANDBOX_FILE_EXECUTE) : 0)
        let scopes = version >= 6 ? UInt64(SANDBOX_SCOPE_ABSTRACT_SOCKET | SANDBOX_SCOPE_SIGNAL) : 0
        guard version > 0 else { return false }
        let rules = sandbox_make_rules(handled, scopes, version)
        guard rules >= 0 else { return false }
        for path in systemFolders + torPrograms where executes {
            _ = unsafe sandbox_allow(rules, path, UInt64(SANDBOX_FILE_EXECUTE))
        }
        return sandbox_enforce(rules) == 0
    }

    /// Where a tor, and the programs of its bridges, may lie elsewhere: the very files that are there now.
    private static var torPrograms: [String] {
        let folders = (environment("PATH") ?? "").split(separator: ":").filter { $0.hasPrefix("/") }
        let names = Bridge.programNames.union(["tor"])
        return folders.flatMap { folder in names.map { "\(folder)/\($0)" } } + [environment("TERMTALK_TOR") ?? ""]
    }

    private static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}
