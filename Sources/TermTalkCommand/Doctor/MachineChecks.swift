internal import Chat
internal import Configuration
import Glibc
internal import Room
internal import TermTalk
internal import TerminalUI

/// What can be found out about this machine without tor and without waiting.
struct MachineChecks {
    /// What a room writes at most, and a file system must have left.
    private static let probeByteCount = 65_536

    private let directories = UserDirectories()

    func findings() -> [Finding] {
        [terminal, locale, state, registry, trustStore, memory, sandbox]
    }

    private var terminal: Finding {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            return .ok("terminal", "there is none: line mode and --json are used")
        }
        TerminalDevice.settleType()
        let type = unsafe getenv("TERM").map { unsafe String(cString: $0) } ?? ""
        guard type != "dumb", let colours = TerminalAbilities.colourCount(of: type) else {
            return .warn(
                "terminal", "its type \"\(type)\" can show no full screen: line mode is used",
                hint: "export TERM=xterm-256color, or what the terminal is")
        }
        return .ok("terminal", "\(type), \(colours == 0 ? "no" : "\(colours)") colours")
    }

    private var locale: Finding {
        TerminalAbilities.isUTF8
            ? .ok("locale", "UTF-8")
            : .warn(
                "locale", "it is not UTF-8: letters other than English ones may be garbled",
                hint: "export LC_ALL=C.UTF-8")
    }

    private var state: Finding {
        let result = Self.tryToWrite(in: directories.home)
        guard result == 0 else {
            let why = result == ENOSPC || result == EDQUOT ? "the disk is full" : "it cannot be written"
            return .fail(
                "state",
                .init(
                    .registryUnwritable, "the home directory cannot keep the list of rooms: \(why)",
                    hint: result == ENOSPC || result == EDQUOT
                        ? "make room on the disk: df -h ~" : "check the owner and the permissions: ls -ld ~"))
        }
        return .ok("state", "the home directory can be written")
    }

    /// 0, or the error of writing a small file into a folder; the file is removed again.
    private static func tryToWrite(in folder: String) -> Int32 {
        let path = "\(folder)/.termtalk-doctor-\(getpid())"
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return errno }
        defer {
            close(descriptor)
            unsafe unlink(path)
        }
        let bytes = [UInt8](repeating: 0, count: probeByteCount)
        let count = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        guard count == probeByteCount, fsync(descriptor) == 0 else { return count < 0 ? errno : ENOSPC }
        return 0
    }

    private var registry: Finding {
        let (rooms, warning) = RoomRegistry(directories: directories).rooms(now: WallTime.seconds)
        if let warning { return .fail("registry", warning) }
        if let finding = openToOthers(
            "registry", "\(directories.home)/.termtalk_rooms.json", shown: "~/.termtalk_rooms.json")
        {
            return finding
        }
        return .ok("registry", rooms.count == 1 ? "1 room of this machine" : "\(rooms.count) rooms of this machine")
    }

    private var trustStore: Finding {
        let path = "\(directories.state)/known_hosts.json"
        guard unsafe access(path, F_OK) == 0 else {
            return errno == ENOENT || errno == ENOTDIR
                ? .ok("keys", "no keys of hosts are kept yet")
                : .warn("keys", "the keys of hosts cannot be reached", hint: "ls -ld ~/.local/state/termtalk")
        }
        guard unsafe access(path, R_OK) == 0 else {
            return .fail(
                "keys",
                .init(
                    .trustStoreUnreadable, "the keys of hosts cannot be read: they belong to somebody else",
                    hint: "sudo chown -R $USER ~/.local/state/termtalk"))
        }
        return openToOthers("keys", path, shown: "~/.local/state/termtalk/known_hosts.json")
            ?? .ok("keys", "the keys of hosts can be read by their owner only")
    }

    private func openToOthers(_ check: String, _ path: String, shown: String) -> Finding? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & 0o077 != 0 else { return nil }
        return .warn(check, "others on this machine can read the file", hint: "chmod 600 \(shown)")
    }

    private var sandbox: Finding {
        let state = Sandbox.state
        guard state.calls, state.files else {
            let missing = state.calls ? "Landlock" : state.files ? "seccomp" : "seccomp and Landlock"
            return .warn(
                "sandbox", "the program runs with all of its user's rights: this kernel has no \(missing)",
                hint: "Linux 5.13 or later has them, in a container where its runtime allows them")
        }
        return .ok("sandbox", "what it has no use for, the kernel refuses it")
    }

    private var memory: Finding {
        var page = [UInt8](repeating: 0, count: 65_536)
        let isLockable = unsafe page.withUnsafeMutableBytes { bytes in
            guard unsafe mlock(bytes.baseAddress, bytes.count) == 0 else { return false }
            unsafe munlock(bytes.baseAddress, bytes.count)
            return true
        }
        return isLockable
            ? .ok("memory", "keys can be kept out of the swap space")
            : .warn(
                "memory", "keys may reach the swap space: no memory can be locked",
                hint: "ulimit -l 1024, or encrypt the swap space")
    }
}
