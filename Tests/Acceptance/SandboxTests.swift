import Foundation
import Testing

/// What the program gives up at its beginning, seen by a program in tor's place, which has given up the same.
@Suite struct SandboxTests {
    private static let python = ["/usr/bin/python3"].first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Tries what is refused, and what has to go on; writes a line each.
    private static let probe = """
        #!/usr/bin/python3
        import ctypes, errno, fcntl, os, platform, socket, sys, termios
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall.restype = ctypes.c_long
        libc.mmap.restype = ctypes.c_void_p
        x86 = platform.machine() == "x86_64"
        out = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tried"), "w")
        def tell(name, code):
            out.write(f"{name} {errno.errorcode.get(code, 'allowed')}\\n")
        def call(name, number, *arguments):
            ctypes.set_errno(0)
            result = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in arguments))
            tell(name, ctypes.get_errno() if result == -1 else 0)
        def attempt(name, body):
            try:
                body()
                tell(name, 0)
            except OSError as error:
                tell(name, error.errno)
        call("ptrace", 101 if x86 else 117, 16, os.getppid(), 0, 0)
        call("bpf", 321 if x86 else 280, 0, 0, 0)
        call("io_uring", 425, 1, 0)
        call("unshare", 272 if x86 else 97, 0x10000000)
        call("clone", 56 if x86 else 220, 0x10000000 | 17, 0, 0, 0, 0)
        call("keyctl", 250 if x86 else 219, 0, 0)
        call("mount", 165 if x86 else 40, 0, 0, 0, 0, 0)
        attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
        attempt("inet", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
        attempt("sti", lambda: fcntl.ioctl(0, termios.TIOCSTI, b"x"))
        ctypes.set_errno(0)
        page = libc.mmap(None, 4096, 7, 0x22, -1, 0)
        tell("wx", ctypes.get_errno() if page == ctypes.c_void_p(-1).value else 0)
        attempt("signal", lambda: os.kill(os.getppid(), 0))
        attempt("stranger", lambda: os.kill(int(os.environ["STRANGER"]), 0))
        own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "written")
        with open(own, "wb") as file, open("/bin/true", "rb") as source:
            file.write(source.read())
        os.chmod(own, 0o700)
        attempt("written", lambda: os.posix_spawn(own, [own], {}))
        attempt("transport", lambda: os.posix_spawn(os.environ["TRANSPORT"], ["x"], {}))
        attempt("system", lambda: os.posix_spawn("/bin/true", ["true"], {}))
        for line in open("/proc/self/status"):
            if line.startswith(("NoNewPrivs", "Seccomp:")): out.write(line)
        out.close()
        os.rename(out.name, out.name + ".whole")
        sys.exit(1)
        """

    @Test(.enabled(if: python != nil, "needs python3")) func whatIsRefused() async throws {
        let home = try TestHome()
        let tor = try home.write("tor", Self.probe)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: tor)
        let stranger = try TermTalkProcess(program: "/bin/sleep", ["600"], home: home)
        let folder = "\(home.path)/bin"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "/bin/true", toPath: "\(folder)/obfs4proxy")
        let host = try TermTalkProcess(
            ["host", "--tor", "managed", "--json"], home: home,
            environment: [
                "TERMTALK_TOR": tor, "PATH": "\(folder):/usr/bin:/bin", "TRANSPORT": "\(folder)/obfs4proxy",
                "STRANGER": "\(try #require(stranger.pid))",
            ])
        _ = try await host.result()
        let text = try String(contentsOfFile: "\(home.path)/tried.whole", encoding: .utf8)
        let tried = Dictionary(
            text.split(separator: "\n").map { line in
                let words = line.split(whereSeparator: \.isWhitespace)
                return (String(words[0].filter { $0 != ":" }), String(words[1]))
            }
        ) { first, _ in first }
        let refused = ["ptrace", "bpf", "io_uring", "unshare", "clone", "keyctl", "mount", "sti", "wx"]
        for name in refused { #expect(tried[name] == "EPERM", "\(name)") }
        #expect(tried["packet"] == "EAFNOSUPPORT")
        for name in ["inet", "netlink", "signal", "system", "transport"] {
            #expect(tried[name] == "allowed", "\(name)")
        }
        #expect(tried["Seccomp"] == "2" && tried["NoNewPrivs"] == "1")
        // Landlock, as far as this kernel has it.
        let doctor = try TermTalkProcess(["doctor", "--json"], home: home, environment: ["TERMTALK_TOR": tor])
        let isWhole = try await doctor.result().output.contains { line in
            line.contains(#""sandbox""#) && line.contains(#""ok""#)
        }
        if isWhole {
            #expect(tried["written"] == "EACCES")
            #expect(tried["stranger"] == "EPERM")
        }
    }
}
