import Foundation
import PrivateTorNetwork
import Testing

/// `termtalk doctor` in whole and broken states.
struct DoctorTests {
    /// One line of `doctor --json`.
    struct Line: Decodable {
        var event: String
        var time: String
        var check: String?
        var status: String?
        var code: String?
        var message: String?
        var hint: String?
        var fail: Int?
    }

    /// Runs the doctor for machines and checks the form of what it says.
    static func examine(
        _ arguments: [String], home: TestHome? = nil, environment: [String: String] = [:], user: uid_t? = nil,
        preload: String? = nil
    ) async throws -> (status: Int32, lines: [String: Line]) {
        let home = try home ?? TestHome(owner: user)
        var environment = environment
        environment["LD_PRELOAD"] = preload
        let result = try await TermTalkProcess.run(
            ["doctor", "--json"] + arguments, home: home, environment: environment, user: user)
        let lines = try result.output.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        #expect(result.errors == [])
        #expect(lines.last?.event == "summary")
        let checks = lines.dropLast()
        #expect(checks.allSatisfy { $0.event == "check" && $0.message?.isEmpty == false })
        #expect(Set(checks.compactMap(\.check)).count == checks.count)
        let failed = checks.filter { $0.status == "fail" }
        #expect(lines.last?.fail == failed.count)
        #expect((result.status == 0) == failed.isEmpty)
        for line in checks where line.status != "ok" {
            #expect(line.hint?.isEmpty == false, "\(line)")
        }
        for text in [home.path, ".swift"] { #expect(!result.output.contains { $0.contains(text) }) }
        return (result.status, Dictionary(checks.map { ($0.check ?? "", $0) }) { first, _ in first })
    }

    @Test func noTor() async throws {
        let found = try await Self.examine(
            ["--tor", "managed"], environment: ["TERMTALK_TOR": "/nonexistent/tor"])
        #expect(found.status == 69)
        #expect(found.lines["tor-program"]?.code == "tor-unreachable")
        #expect(found.lines["tor-program"]?.hint == "sudo apt install tor")
        #expect(found.lines["state"]?.status == "ok")
    }

    @Test func programThatIsNoTor() async throws {
        let found = try await Self.examine(["--tor", "managed"], environment: ["TERMTALK_TOR": "/bin/false"])
        #expect(found.status == 69)
        #expect(found.lines["tor-program"]?.status == "fail")
    }

    @Test func nothingListens() async throws {
        let port = try LoopbackAddress.unusedPort()
        let found = try await Self.examine(["--tor-control", "127.0.0.1:\(port)"])
        #expect(found.status == 69)
        #expect(found.lines["tor-control"]?.code == "tor-unreachable")
        #expect(found.lines["onion"] == nil)
    }

    @Test func configurationThatCannotBeUsed() async throws {
        let home = try TestHome()
        let file = try home.write("config.toml", "nick = 5\n")
        let found = try await Self.examine(["--config", file], home: home)
        #expect(found.status == 78)
        #expect(found.lines["configuration"]?.code == "config-invalid")
    }

    /// A directory that nobody may write to, not even root.
    @Test func unwritableState() async throws {
        let found = try await Self.examine(
            ["--tor", "managed"], environment: ["HOME": "/proc/self", "TERMTALK_TOR": "/nonexistent/tor"])
        #expect(found.status == 73)
        #expect(found.lines["state"]?.code == "registry-unwritable")
        #expect(found.lines["state"]?.hint?.isEmpty == false)
    }

    /// Whether this process may mount file systems in a namespace of its own.
    private static let canMount = {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        process.arguments = ["-m", "mount", "-t", "tmpfs", "-o", "size=16k", "none", "/mnt"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    @Test(.enabled(if: canMount, "needs to mount a file system")) func fullDisk() async throws {
        let mount = "mount -t tmpfs -o size=16k none \"$HOME\" && exec \"$@\""
        let process = try TermTalkProcess(
            program: "/usr/bin/unshare",
            ["-m", "/bin/sh", "-c", mount, "sh", TermTalkProcess.binary(), "doctor", "--json", "--tor", "managed"],
            home: TestHome(), environment: ["TERMTALK_TOR": "/nonexistent/tor"])
        let result = try await process.result()
        #expect(result.status == 73)
        let state = try #require(result.output.first { $0.contains(#""check":"state""#) })
        #expect(state.contains("the disk is full") && state.contains("registry-unwritable"), "\(state)")
    }

    @Test func registryThatOthersCanRead() async throws {
        let home = try TestHome()
        try #"{"version":1,"entries":[]}"#.write(toFile: home.registryPath, atomically: false, encoding: .utf8)
        chmod(home.registryPath, 0o644)
        let found = try await Self.examine(
            ["--tor", "managed"], home: home, environment: ["TERMTALK_TOR": "/nonexistent/tor"])
        #expect(found.lines["registry"]?.status == "warn")
        #expect(found.lines["registry"]?.hint == "chmod 600 ~/.termtalk_rooms.json")
    }

    @Test func damagedRegistry() async throws {
        let home = try TestHome()
        try "not json".write(toFile: home.registryPath, atomically: false, encoding: .utf8)
        let found = try await Self.examine(
            ["--tor", "managed"], home: home, environment: ["TERMTALK_TOR": "/nonexistent/tor"])
        #expect(found.lines["registry"]?.code == "registry-unreadable")
    }

    @Test func localeThatIsNotUTF8() async throws {
        // Without a UTF-8 locale of the user's own, C.UTF-8 is used: nothing is wrong.
        let found = try await Self.examine(
            ["--tor", "managed"], environment: ["LC_ALL": "C", "TERMTALK_TOR": "/nonexistent/tor"])
        #expect(found.lines["locale"]?.status == "ok")
    }

    @Test(.enabled(if: Terminal.tmux != nil, "needs tmux")) func forPeople() async throws {
        let port = try LoopbackAddress.unusedPort()
        let terminal = try await Terminal(["doctor", "--tor-control", "127.0.0.1:\(port)"], home: TestHome())
        let lines = try await terminal.shows("status 69.")
        #expect(lines.contains { $0.hasPrefix("ok    terminal       ") && $0.contains("256 colours") }, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("fail  tor-control    cannot use tor: ") })
        #expect(lines.contains { $0.hasPrefix("      hint: ") })
        #expect(lines.contains { $0.hasSuffix(", 1 failed") })
    }

    @Test(.enabled(if: Terminal.tmux != nil, "needs tmux")) func fromTheMenu() async throws {
        let terminal = try await Terminal([], home: TestHome(), environment: ["TERMTALK_TOR_CONTROL=/nonexistent"])
        try await terminal.shows("q  quit")
        try await terminal.type("3")
        try await terminal.shows("fail  tor-control")
        // The menu is there again.
        try await terminal.seen("the menu") { $0.last { !$0.isEmpty }?.hasPrefix(">") == true }
        try await terminal.type("q")
        try await terminal.shows("status 0.")
    }
}

/// The same, with a tor of the private network.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct DoctorTorTests {
    private static let faketime = [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    ].first { FileManager.default.fileExists(atPath: $0) }

    @Test func allIsWell() async throws {
        let network = try await PrivateTorNetwork.shared()
        let found = try await DoctorTests.examine(network.host.controlFlags)
        #expect(found.status == 0)
        for check in ["tor-program", "tor-control", "tor-network", "clock", "tor-features", "onion", "configuration"] {
            #expect(found.lines[check]?.status == "ok", "\(check): \(String(describing: found.lines[check]))")
        }
        // What it published is gone.
        let control = try network.host.control()
        #expect(try control.command("GETINFO onions/current").contains { $0.contains("onions/current=") })
    }

    @Test func ownTor() async throws {
        let network = try await PrivateTorNetwork.shared()
        let include = network.managedInclude.path
        let found = try await DoctorTests.examine(
            ["--tor", "managed"], environment: ["TERMTALK_TOR_INCLUDE": include])
        #expect(found.status == 0)
        #expect(found.lines["onion"]?.status == "ok")
    }

    @Test(.enabled(if: getuid() == 0, "needs root, to run the program as another user"))
    func noPermission() async throws {
        let network = try await PrivateTorNetwork.shared()
        let found = try await DoctorTests.examine(
            ["--tor", "system"] + network.host.controlFlags, user: 65_534)
        #expect(found.status == 77)
        #expect(found.lines["tor-control"]?.code == "tor-permission")
        #expect(found.lines["tor-control"]?.hint?.contains("debian-tor") == true)
    }

    @Test func noPassword() async throws {
        let network = try await PrivateTorNetwork.shared()
        let tor = try await network.startClient(.init(controlPassword: "correcthorse"))
        let found = try await DoctorTests.examine(["--tor", "system"] + tor.controlFlags)
        #expect(found.status == 77)
        #expect(found.lines["tor-control"]?.code == "tor-auth-failed")
        tor.terminate()
    }

    @Test func noBootstrap() async throws {
        let network = try await PrivateTorNetwork.shared()
        let tor = try await network.startClient(.init(stalls: true))
        let found = try await DoctorTests.examine(
            tor.controlFlags, environment: ["TERMTALK_TOR_STALL_SECONDS": "3"])
        #expect(found.status == 69)
        #expect(found.lines["tor-control"]?.status == "ok")
        #expect(found.lines["tor-network"]?.code == "tor-bootstrap-stalled")
        tor.kill()
    }

    @Test(.enabled(if: DoctorTorTests.faketime != nil, "needs libfaketime"), arguments: ["-6h", "+2d"])
    func wrongClock(_ shift: String) async throws {
        let network = try await PrivateTorNetwork.shared()
        let found = try await DoctorTests.examine(
            network.host.controlFlags, environment: ["FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"],
            preload: Self.faketime)
        #expect(found.status == 69)
        #expect(found.lines["clock"]?.status == "fail", "\(String(describing: found.lines["clock"]))")
        #expect(found.lines["clock"]?.message?.contains(shift.hasPrefix("-") ? "behind" : "ahead") == true)
    }
}
