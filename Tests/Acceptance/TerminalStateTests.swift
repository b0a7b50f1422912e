import Foundation
import PrivateTorNetwork
import Testing

/// Terminals that stand still, are stopped, have no size, or show something else: the program in tmux.
@Suite(.enabled(if: Terminal.tmux != nil, "needs tmux"))
struct TerminalStateTests {
    /// A shell with job control, and the program in it.
    private func shell(
        _ shell: String, _ arguments: [String], in hosted: HostedRoom, width: Int = 100, height: Int = 30
    ) async throws -> Terminal {
        let shell = try await Terminal(
            arguments, home: TestHome(), width: width, height: height, program: shell)
        try await shell.type("\(try TermTalkProcess.binary()) join '\(hosted.invite)' --nick guest")
        try await shell.shows("/help lists the")
        return shell
    }

    private func guest(in hosted: HostedRoom) async throws -> Terminal {
        let guest = try await Terminal(["join", hosted.invite, "--nick", "guest"], home: TestHome(), width: 100)
        try await guest.shows("/help lists the")
        return guest
    }

    /// A link that stands still must not hold up the room that the program serves, however much there is to paint.
    @Test func hostWhoseTerminalStandsStill() async throws {
        let address = "127.0.0.1:\(try LoopbackAddress.unusedPort())"
        let host = try await Terminal(
            ["host", "--direct", address, "--room", "still", "--ttl", "none"], home: TestHome(), width: 250, height: 80)
        try await host.shows("/help lists the")
        let join = ["join", "still", "--direct", address, "--accept-new-host", "--json"]
        let sender = try TermTalkProcess(join, home: TestHome())
        try await sender.event("joined-room")
        let receiver = try TermTalkProcess(join, home: TestHome())
        try await sender.knows([receiver])
        let server = try #require(pid_t(try await host.state("#{pid}")))
        let program = try await host.program()
        kill(server, SIGSTOP)
        defer { kill(server, SIGCONT) }
        for number in 1...60 { sender.send("\(number) " + String(repeating: "long ", count: 600)) }
        for number in 1...60 {
            try await receiver.event("message") { $0.text?.hasPrefix("\(number) ") == true }
        }
        let late = try TermTalkProcess(join, home: TestHome())
        try await late.event("joined-room")
        // It ends all the same, and without the terminal's help.
        kill(program, SIGTERM)
        #expect(try await late.event("closed").reason == "host-quit")
        let waiting = try TermTalkProcess(
            program: "/usr/bin/tail", ["--pid", "\(program)", "-f", "/dev/null"], home: TestHome())
        #expect(try await waiting.result().status == 0)
    }

    /// Nobody tells a stopped program of the new size.
    @Test func anotherSizeWhileStopped() async throws {
        let hosted = try await HostedRoom.direct()
        let shell = try await shell("/bin/bash", ["--norc", "-i"], in: hosted)
        try await shell.press("C-z")
        try await shell.shows("Stopped")
        try await shell.resize(width: 60, height: 20)
        try await shell.type("fg")
        try await shell.seen("the input line at the bottom") { $0.count == 20 && $0.last?.hasPrefix("guest>") == true }
        try await shell.type("as before")
        try await hosted.host.event("message") { $0.text == "as before" }
        try await shell.seen("the message") { rows in rows.contains { $0.contains("<guest> as before") } }
    }

    @Test func pasteAfterStopping() async throws {
        let hosted = try await HostedRoom.direct()
        let shell = try await shell("/bin/sh", ["-i"], in: hosted)
        try await shell.press("C-z")
        try await shell.shows("Stopped")
        try await shell.paste("echo plain''ly")
        try await shell.press("Enter")
        try await shell.seen("what was pasted") { $0.contains("plainly") }
        #expect(try await !shell.screen().contains { $0.contains("200~") })
    }

    @Test func noSize() async throws {
        let hosted = try await HostedRoom.direct()
        let shell = try await Terminal(["-i"], home: TestHome(), width: 80, height: 24, program: "/bin/sh")
        try await shell.type(
            "stty rows 0 cols 0; \(try TermTalkProcess.binary()) join '\(hosted.invite)' --nick guest")
        try await shell.shows("/help lists the")
        try await shell.seen("the input line") { $0.last?.hasPrefix("guest>") == true }
    }

    /// The invite that was asked for stays readable, whatever ends the program.
    @Test(arguments: [SIGTERM, SIGSEGV]) func endOnAnotherPage(_ signal: Int32) async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await guest(in: hosted)
        try await guest.press("F2")
        try await guest.shows("Enter goes back")
        kill(try await guest.program(), signal)
        try await guest.shows(signal == SIGTERM ? "status 0." : "status \(128 + signal).")
        let rows = try await guest.shows("terminal restored.")
        #expect(rows.contains { $0.contains(hosted.invite) }, "\(rows)")
    }

    /// ^D goes back from the page, and does not end the room; ^Z stops the program, and the page stays.
    @Test func keysOnAnotherPage() async throws {
        let hosted = try await HostedRoom.direct()
        let shell = try await shell("/bin/bash", ["--norc", "-i"], in: hosted)
        try await shell.press("F2")
        try await shell.shows("Enter goes back")
        try await shell.press("C-z")
        try await shell.shows("Stopped")
        try await shell.type("fg")
        try await shell.press("C-d")
        try await shell.seen("the room again") { $0.last?.hasPrefix("guest>") == true }
        try await shell.type("still here")
        try await hosted.host.event("message") { $0.text == "still here" }
    }

    /// Who leaves while the host is away is told so, and says nothing more.
    @Test func leavingWhileTheHostIsAway() async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await guest(in: hosted)
        hosted.host.signal(SIGSTOP)
        try await guest.type("first")
        try await guest.type("/quit")
        try await guest.shows("leaving as soon as all is delivered")
        try await guest.type("second")
        try await guest.shows("nothing was sent: you are leaving")
        hosted.host.signal(SIGCONT)
        try await hosted.host.event("message") { $0.text == "first" }
        try await hosted.host.event("member-left")
        try await guest.shows("status 0.")
        #expect(!hosted.host.eventsSoFar.contains { $0.text == "second" })
    }

    /// Not only on the full screen a crash says nothing of the program's inside, and waits for no key.
    @Test(arguments: [SIGABRT, SIGQUIT]) func crashInLineMode(_ signal: Int32) async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await Terminal(["join", hosted.invite, "--plain"], home: TestHome())
        try await guest.shows("joined room")
        kill(try await guest.program(), signal)
        let rows = try await guest.shows("status \(128 + signal).")
        #expect(!rows.contains { $0.contains("Thread") || $0.contains("Backtrace") }, "\(rows)")
    }
}
