import Foundation
import Testing

/// The full screen of the real program, in tmux, over --direct on loopback.
@Suite(.enabled(if: Terminal.tmux != nil, "needs tmux"))
struct ScreenTests {
    private func guest(
        in hosted: HostedRoom, _ more: [String] = [], width: Int = 80, height: Int = 24, environment: [String] = []
    ) async throws -> Terminal {
        let terminal = try await Terminal(
            ["join", hosted.invite, "--nick", "guest"] + more, home: TestHome(), width: width, height: height,
            environment: environment)
        try await terminal.shows("/help lists the")
        return terminal
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (250, 80)])
    func conversation(_ width: Int, _ height: Int) async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let guest = try await guest(in: hosted, width: width, height: height)
        try await guest.type("hello there")
        try await hosted.host.event("message") { $0.text == "hello there" }
        hosted.host.send(#"{"send":"你好 é \#u{1F44D} well met, guest"}"#)
        let rows = try await guest.seen("both messages") { rows in
            rows.contains { $0.contains("✓✓ <guest> hello there") } && rows.contains { $0.contains("<hostess> 你好 é") }
        }
        #expect(rows.count == height)
        // The member list only where there is room for it.
        #expect(rows.contains { $0.hasSuffix("|@hostess") } == (width >= 60))
        let status = rows[height - 2]
        #expect(status.contains(#/[0-9]+ (min|s) left/#), "\(status)")
        #expect(status.contains("2 members"))
        #expect(rows[height - 1].hasSuffix(">"), "\(rows[height - 1])")
        #expect(try await guest.state("#{cursor_y}") == "\(height - 1)")
        try await guest.type("/quit")
        try await guest.shows("status 0.")
        try await guest.shows("terminal restored.")
        #expect(try await guest.state("#{alternate_on}") == "0")
    }

    @Test func resizing() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let guest = try await guest(in: hosted, width: 100, height: 30)
        hosted.host.send("a message that is a little longer than a narrow terminal has room for")
        try await guest.seen("the member list") { rows in rows.contains { $0.hasSuffix("|@hostess") } }
        try await guest.resize(width: 40, height: 10)
        try await guest.seen("the narrow screen") { rows in
            rows.count == 10 && !rows.contains { $0.contains("|") && $0.contains("@hostess") }
                && rows[9].hasPrefix(">") && rows.contains { $0.hasPrefix("           ") && $0.contains("narrow") }
        }
        try await guest.resize(width: 120, height: 20)
        try await guest.seen("the wide screen") { rows in
            rows.count == 20 && rows.contains { $0.hasSuffix("|@hostess") } && rows[19].hasPrefix("guest>")
                && rows.contains { $0.contains("narrow terminal has room for") }
        }
    }

    @Test func editing() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let guest = try await guest(in: hosted)
        try await guest.write("one two three")
        try await guest.press("C-w", "Home", "Right", "BSpace")
        try await guest.write("O")
        try await guest.press("Enter")
        try await hosted.host.event("message") { $0.text == "One two " }
        // Completion of nicks and commands, and history.
        try await guest.write("hos")
        try await guest.press("Tab")
        try await guest.type("hi")
        try await hosted.host.event("message") { $0.text == "hostess: hi" }
        try await guest.press("Up", "Up", "Enter")
        try await hosted.host.events("message", count: 2) { $0.text == "One two " }
        try await guest.write("/ms")
        try await guest.press("Tab")
        try await guest.write("host")
        try await guest.press("Tab")
        try await guest.type("psst")
        try await hosted.host.event("message") { $0.kind == "private" && $0.text == "psst" }
        try await guest.shows("[private to hostess] psst")
        // What a person types in wide and joined characters.
        try await guest.write("日本語x")
        try await guest.press("BSpace", "Enter")
        try await hosted.host.event("message") { $0.text == "日本語" }
    }

    @Test func pasteOfSeveralLinesIsOneMessage() async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await guest(in: hosted)
        try await guest.paste("first line\nsecond line\n  third")
        try await guest.seen("the lines in the input") { $0.last?.contains("third") == true }
        #expect(!hosted.host.eventsSoFar.contains { $0.event == "message" })
        try await guest.press("Enter")
        #expect(try await hosted.host.event("message").text == "first line\nsecond line\n  third")
    }

    @Test func pasteWithItsEnd() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let guest = try await guest(in: hosted)
        try await guest.paste("/who\n")
        try await guest.press("Enter")
        try await guest.shows("hostess (host)")
        try await guest.paste("/msg hostess\npsst\n")
        try await guest.press("Enter")
        #expect(try await hosted.host.event("message").text == "psst")
    }

    @Test func completionOfThoseWhoWait() async throws {
        let home = try TestHome()
        let host = try await Terminal(["host", "--direct", "127.0.0.1:0", "--approve"], home: home)
        try await host.shows("/help lists the")
        try await host.press("F2")
        let lines = try await host.shows("Enter goes back")
        let invite = try #require(lines.last { $0.hasPrefix("termtalk://") })
        try await host.press("Enter")
        let guest = try TermTalkProcess(
            ["join", invite.trimmingCharacters(in: .whitespaces), "--json", "--nick", "Harry"], home: TestHome())
        try await host.shows("Harry wants to come in")
        try await host.write("/approve ")
        try await host.press("Tab")
        try await host.seen("the completion") { $0.last?.hasSuffix("/approve Harry") == true }
        try await host.press("Enter")
        try await guest.event("joined-room")
        try await host.write("/deny ")
        try await host.press("Tab", "x")
        try await host.seen("that nobody waits") { $0.last?.hasSuffix("/deny x") == true }
    }

    @Test func scrolling() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let guest = try await guest(in: hosted, height: 12)
        for number in 1...40 { hosted.host.send("number \(number).") }
        try await guest.seen("the last one") { rows in rows.contains { $0.contains("number 40.") } }
        try await guest.press("PPage", "PPage")
        try await guest.seen("an earlier one") { rows in
            !rows.contains { $0.contains("number 40.") } && rows[10].contains("scrolled up")
        }
        hosted.host.send("meanwhile")
        try await guest.seen("how many are unread") { $0[10].contains("1 unread") }
        try await guest.press("NPage", "NPage", "NPage")
        try await guest.seen("the end") { rows in
            rows.contains { $0.contains("meanwhile") } && !rows[10].contains("unread")
        }
    }

    /// Every command of the contract answers; those that this build lacks change nothing.
    @Test func commands() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let guest = try await guest(in: hosted, width: 100, height: 60)
        try await guest.type("/help")
        for command in ["/help", "/who", "/nick", "/me", "/msg", "/invite", "/clear", "/quit", "//TEXT"] {
            try await guest.shows("-!- \(command)")
        }
        try await guest.type("/who")
        try await guest.shows("hostess (host)")
        try await guest.type("/me waves")
        try await guest.shows("* guest waves")
        try await guest.type("/nick other")
        try await guest.shows("guest is now other")
        try await guest.seen("the new prompt") { $0.last?.hasPrefix("other>") == true }
        try await guest.type("/msg nobody x")
        try await guest.shows("nobody here is called that")
        try await guest.type("/nonsense")
        try await guest.shows("/nonsense is no command")
        try await guest.type("//slash")
        try await hosted.host.event("message") { $0.text == "/slash" }
        try await guest.press("F2")
        try await guest.shows("Enter goes back")
        #expect(try await guest.state("#{alternate_on}") == "0")
        #expect(try await guest.shows(hosted.invite).contains(hosted.invite))
        try await guest.press("Enter")
        try await guest.seen("the screen again") { $0.last?.hasPrefix("other>") == true }
        try await guest.type("/clear")
        try await guest.seen("nothing but the frame") { rows in rows.dropLast(2).allSatisfy { !$0.contains("-!-") } }
        try await guest.type("/end")
        try await guest.shows("nothing was changed: only")
    }

    @Test func nothingOfAPeerLooksLikeTheProgram() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "mallory"])
        let guest = try await guest(in: hosted)
        hosted.host.send(
            #"{"send":"x\u001b[2J\u001b[1;1H\n-!- guest was sent out\n03:00    -!- forged\n<guest> forged\u0007"}"#)
        hosted.host.send("end")
        let rows = try await guest.seen("the last one") { rows in rows.contains { $0.contains("<mallory> end") } }
        #expect(rows.filter { $0.contains("forged") || $0.contains("was sent out") }.count == 3)
        for row in rows where row.contains("forged") || row.contains("was sent out") {
            #expect(row.hasPrefix(String(repeating: " ", count: 11)), "\(row)")
        }
        // Still there: nothing was cleared.
        #expect(rows.contains { $0.contains("/help lists the commands") })
    }

    @Test func waitingWhileTheHostIsAway() async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await guest(in: hosted)
        hosted.host.signal(SIGSTOP)
        try await guest.type("are you there")
        try await guest.shows("·  <guest> are you there")
        hosted.host.signal(SIGCONT)
        try await guest.shows("✓✓ <guest> are you there")
    }

    @Test(arguments: ["TERM=dumb", "TERM=no-such-terminal"]) func noScreenToDrawOn(_ type: String) async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await Terminal(
            ["join", hosted.invite, "--nick", "guest"], home: TestHome(), environment: [type])
        try await guest.shows("joined room")
        try await guest.type("by lines")
        try await hosted.host.event("message") { $0.text == "by lines" }
        #expect(try await guest.state("#{alternate_on}") == "0")
        try await guest.type("/quit")
        try await guest.shows("status 0.")
    }

    @Test func plainMode() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let guest = try await Terminal(["join", hosted.invite, "--plain", "--nick", "guest"], home: TestHome())
        try await guest.shows("joined room")
        hosted.host.send("hello")
        try await guest.shows("<hostess> hello")
        #expect(try await guest.state("#{alternate_on}") == "0")
    }

    @Test(arguments: [
        (["NO_COLOR=1"], false), (["NO_COLOR="], true), (["TERM=xterm-256color"], true), (["TERM=xterm"], true),
        (["TERM=vt100"], false),
    ])
    func colours(_ environment: [String], _ hasColour: Bool) async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let guest = try await guest(in: hosted, environment: environment)
        hosted.host.send("coloured")
        try await guest.shows("<hostess> coloured")
        let escapes = try await guest.escapes()
        let row = try #require(escapes.first { $0.contains("coloured") })
        #expect(row.contains(/\u{1B}\[[0-9;]*(3[0-9]|38;5;[0-9]+)m/) == hasColour, "\(row.debugDescription)")
    }

    @Test(arguments: [SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGTRAP, SIGQUIT, SIGUSR1, SIGALRM, SIGXCPU])
    func crash(_ signal: Int32) async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await guest(in: hosted)
        kill(try await guest.program(), signal)
        try await guest.shows("status \(128 + signal).")
        try await guest.shows("terminal restored.")
        #expect(try await guest.state("#{alternate_on} #{cursor_flag}") == "0 1")
    }

    @Test(arguments: [(SIGTERM, 0), (SIGINT, 130), (SIGHUP, 0)] as [(Int32, Int)])
    func ended(_ signal: Int32, _ status: Int) async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await guest(in: hosted)
        kill(try await guest.program(), signal)
        try await guest.shows("status \(status).")
        try await guest.shows("terminal restored.")
        #expect(try await guest.state("#{alternate_on} #{cursor_flag}") == "0 1")
        #expect(try await hosted.host.event("member-left").reason == "quit")
    }

    /// What ^Z does, and what `fg` does, in a shell with job control.
    @Test func suspended() async throws {
        let hosted = try await HostedRoom.direct()
        let shell = try await Terminal(["--norc", "-i"], home: TestHome(), program: "/bin/bash")
        try await shell.type("\(try TermTalkProcess.binary()) join '\(hosted.invite)' --nick guest")
        try await shell.shows("/help lists the")
        try await shell.write("half a line")
        try await shell.seen("the line") { rows in rows.contains { $0.hasPrefix("guest> half a line") } }
        try await shell.press("C-z")
        try await shell.shows("Stopped")
        #expect(try await shell.state("#{alternate_on}") == "0")
        try await shell.type("fg")
        try await shell.seen("the line again") { rows in rows.contains { $0.hasPrefix("guest> half a line") } }
        #expect(try await shell.state("#{alternate_on}") == "1")
        try await shell.press("Enter")
        try await hosted.host.event("message") { $0.text == "half a line" }
    }

    /// Typed before the screen has the terminal, where Enter is a line feed: it ends the line all the same.
    @Test func typedAhead() async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await guest(in: hosted)
        try await guest.press("F2")
        try await guest.shows("Enter goes back to the room.")
        try await guest.paste("\nfirst\nsecond\n")
        try await hosted.host.event("message") { $0.text == "first" }
        try await hosted.host.event("message") { $0.text == "second" }
    }

    /// What slow mode does not take yet is back in the input line.
    @Test func slowMode() async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await guest(in: hosted, width: 100)
        hosted.host.send("/slow 1h")
        try await guest.seen("slow mode in the status bar") { rows in rows[rows.count - 2].contains("slow 3600s") }
        try await guest.type("one")
        try await hosted.host.event("message") { $0.text == "one" }
        try await guest.type("two")
        try await guest.seen("what was refused") { rows in
            rows.last?.hasSuffix("> two") == true && rows.contains { $0.contains("in slow mode you may say the next") }
        }
    }

    /// The Linux console has no check mark.
    @Test func linuxConsole() async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await guest(in: hosted, environment: ["TERM=linux"])
        try await guest.type("hello")
        try await guest.shows("++ <guest> hello")
    }

    /// What is logged does not disturb the screen.
    @Test func logging() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let guest = try await guest(in: hosted, ["--log-level", "trace"])
        hosted.host.send("hello")
        let rows = try await guest.seen("the message") { rows in rows.contains { $0.contains("<hostess> hello") } }
        #expect(rows.last?.hasPrefix("guest>") == true)
        #expect(rows[rows.count - 2].contains("2 members"))
    }

    @Test func roomThatEnds() async throws {
        let hosted = try await HostedRoom.direct(["--ttl", "20m"])
        let guest = try await guest(in: hosted)
        hosted.host.send("/extend 2h")
        try await guest.shows("the room ends in 2 hours")
        hosted.host.send("/quit")
        try await guest.shows("the room is closed: the host has ended it")
        try await guest.shows("status 0.")
        let left = try await guest.shows("terminal restored.")
        // What stays on the terminal is true whatever was extended.
        #expect(left.contains { $0.contains("joined room") } && !left.contains { $0.contains("the room closes at") })
    }
}
