import Foundation
import PrivateTorNetwork
import Testing

/// `/panic`: nothing is left behind, and it takes no time.
@Suite(.enabled(if: Terminal.tmux != nil, "needs tmux"))
struct PanicTests {
    /// Waits until the program has ended, and returns all that the terminal holds.
    private func end(of terminal: Terminal) async throws -> [String] {
        try await terminal.shows("terminal restored.")
        #expect(try await terminal.state("#{alternate_on}") == "0")
        return try await terminal.everything().filter { !$0.isEmpty }
    }

    @Test(arguments: [[], ["--plain"]]) func host(_ mode: [String]) async throws {
        let home = try TestHome()
        let host = try await Terminal(
            ["host", "--direct", "127.0.0.1:0", "--ttl", "20m", "--nick", "hostess"] + mode, home: home, width: 100,
            height: 20)
        let isScreen = mode.isEmpty
        if isScreen {
            try await host.shows("/help lists the")
            try await host.press("F2")
        }
        let lines = try await host.shows(isScreen ? "Enter goes back" : "expires in")
        let line = try #require(lines.first { $0.contains("termtalk://") })
        let invite = String(line[try #require(line.firstRange(of: "termtalk://")).lowerBound...])
        let guest = try TermTalkProcess(["join", invite, "--json", "--nick", "guest"], home: TestHome())
        try await guest.event("joined-room")
        if isScreen { try await host.press("Enter") }
        for number in 1...60 { guest.send("confidential \(number).") }
        try await host.shows("<guest> confidential 60.")
        #expect(try String(contentsOfFile: home.registryPath, encoding: .utf8).contains("127.0.0.1"))
        try await host.type("/panic")
        #expect(try await end(of: host) == ["status 0.", "terminal restored."])
        #expect(try await guest.event("closed").reason == "host-quit")
        #expect(!(try String(contentsOfFile: home.registryPath, encoding: .utf8).contains("127.0.0.1")))
        // Nobody gets in any more.
        try await expectFailure(["join", invite], code: "connection-refused", status: 69)
    }

    @Test(arguments: [[], ["--plain"]]) func member(_ mode: [String]) async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let home = try TestHome()
        let guest = try await Terminal(
            ["join", hosted.room, "--direct", hosted.address, "--accept-new-host", "--nick", "guest"] + mode,
            home: home, width: 100, height: 20)
        try await hosted.host.event("member-joined")
        hosted.host.send("confidential")
        try await guest.shows("<hostess> confidential")
        let known = "\(home.path)/state/termtalk/known_hosts.json"
        // Written beside what the member hears, by another thread.
        try await home.wait(forFile: known) { $0.contains(hosted.room) }
        try await guest.type("/panic")
        #expect(try await end(of: guest) == ["status 0.", "terminal restored."])
        #expect(try await hosted.host.event("member-left").reason == "quit")
        #expect(!(try String(contentsOfFile: known, encoding: .utf8).contains(hosted.room)))
    }

    /// A host that does not answer holds nothing up, nor does what was not delivered.
    @Test(arguments: [[], ["--plain"]]) func hangingNetwork(_ mode: [String]) async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await Terminal(
            ["join", hosted.invite, "--nick", "guest"] + mode, home: TestHome(), width: 100, height: 20)
        // The host tells of it before the guest is told.
        try await guest.shows(mode.isEmpty ? "/help lists the" : "joined room")
        hosted.host.signal(SIGSTOP)
        try await guest.type("never delivered")
        try await guest.type("/panic")
        #expect(try await end(of: guest) == ["status 0.", "terminal restored."])
        hosted.host.signal(SIGCONT)
    }

    @Test func machineInterface() async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await hosted.join()
        guest.send(#"{"command":"/panic"}"#)
        let left = try await guest.result()
        #expect(left.status == 0)
        #expect(left.events("closed").map(\.reason) == ["quit"])
        hosted.host.send("/panic")
        let closed = try await hosted.host.result()
        #expect(closed.status == 0)
        #expect(closed.events("closed").map(\.reason) == ["host-quit"])
        #expect(closed.output.allSatisfy { $0.hasPrefix("{") })
    }

    /// What has left the program is not in its reach: that is said.
    @Test func outputThatIsKept() async throws {
        let host = try TermTalkProcess(["host", "--direct", "127.0.0.1:0", "--plain"], home: TestHome())
        try await host.line { $0.hasPrefix("expires") }
        host.send("/panic")
        let result = try await host.result()
        #expect(result.status == 0)
        #expect(result.errors.contains { $0.contains("what was written to a file or a pipe stays there") })
    }

    @Test(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
    func onionServiceIsGone() async throws {
        let network = try await PrivateTorNetwork.shared()
        let hosted = try await HostedRoom.onion(network.host.controlFlags)
        let service = "hs/service/desc/id/\(hosted.address.prefix(56))"
        let control = try network.host.control()
        #expect(try control.command("GETINFO \(service)").joined().contains("hs-descriptor"))
        hosted.host.send("/panic")
        #expect(try await hosted.host.result().status == 0)
        #expect(throws: TorNetworkError.self) { try control.command("GETINFO \(service)") }
    }

    /// No other process of the user looks into the memory, and there is no dump of it.
    @Test func memoryIsPrivate() async throws {
        let hosted = try await HostedRoom.direct()
        let pid = try #require(hosted.host.pid)
        // What is not dumpable belongs to root, with no permissions for others.
        let owner = try FileManager.default.attributesOfItem(atPath: "/proc/\(pid)/mem")[.ownerAccountID] as? Int
        #expect(owner == 0)
        let limits = try String(contentsOfFile: "/proc/\(pid)/limits", encoding: .utf8)
        #expect(limits.contains(#/Max core file size +0 +0 /#))
    }

    /// A room that was kept is kept no more.
    @Test(arguments: [["--no-passphrase"], ["--passphrase-file"]]) func keptRoom(_ more: [String]) async throws {
        let home = try TestHome()
        let secret = more == ["--passphrase-file"] ? [try home.write("secret", "correct horse\n")] : []
        let hosted = try await HostedRoom.direct(["--persist", "club"] + more + secret, home: home)
        let rooms = "\(home.path)/state/termtalk/rooms"
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: rooms).sorted() == [
                "club.lock", "club.room", "club.store",
            ])
        hosted.host.send("/panic")
        #expect(try await hosted.host.result().status == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: rooms) == [])
    }

    /// Also while /quit waits for a host that does not answer.
    @Test func whileLeaving() async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await hosted.join()
        hosted.host.signal(SIGSTOP)
        guest.send("never delivered")
        guest.send("/quit")
        guest.send("this is not said any more")
        guest.send("/panic")
        let left = try await guest.result()
        hosted.host.signal(SIGCONT)
        #expect(left.status == 0)
        #expect(left.events("closed").map(\.reason) == ["quit"])
    }

    /// Also while the host has not answered yet. What is typed meanwhile is said later, or never.
    @Test func beforeThereIsARoom() async throws {
        let hosted = try await HostedRoom.direct()
        let patient = try hosted.startJoin()
        patient.send("typed early")
        try await hosted.host.event("message") { $0.text == "typed early" }
        hosted.host.signal(SIGSTOP)
        let guest = try hosted.startJoin()
        try await guest.event("starting")
        guest.send("never said")
        guest.send("/panic")
        let left = try await guest.result()
        hosted.host.signal(SIGCONT)
        #expect(left.status == 0)
        #expect(left.events("error").isEmpty)
    }
}
