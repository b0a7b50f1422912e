import Foundation
import Testing

/// What people stumbled over, with the program itself.
struct PeopleTests {
    @Test(arguments: [["hots"], ["help", "hots"], ["hots", "--json"]]) func whatWasMeant(_ arguments: [String])
        async throws
    {
        let result = try await TermTalkProcess.run(arguments, home: TestHome())
        #expect(result.status == 64)
        #expect((result.errors + result.output).contains { $0.contains("no command 'hots'") && $0.contains("'host'") })
    }

    @Test func aHostNeedsSomebodyWhoTalks() async throws {
        let result = try await TermTalkProcess.run(["host", "--direct", "127.0.0.1:0", "--json"], home: TestHome())
        #expect(result.status == 64)
        #expect(result.events.map(\.event) == ["error"])
    }

    @Test func roomsOfHostsThatAreGoneAreNotListed() async throws {
        let home = try TestHome()
        let hosted = try await HostedRoom.direct(home: home)
        let listed = try await TermTalkProcess.run(["rooms"], home: home)
        #expect(
            listed.output.count == 1
                && listed.output.allSatisfy { $0.contains("expires in ") && $0.contains("minutes") })
        hosted.host.signal(SIGKILL)
        #expect(try await hosted.host.result().status == 128 + SIGKILL)
        let after = try await TermTalkProcess.run(["rooms"], home: home)
        #expect(after.status == 0 && after.output.isEmpty)
        #expect(after.errors.contains { $0.hasPrefix("no room is hosted") })
        #expect(try await TermTalkProcess.run(["rooms", "--json"], home: home).errors.isEmpty)
    }

    @Test func commandsOfOneTable() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hanna"])
        let member = try await hosted.join(["--nick", "guest"])
        hosted.host.send("/topic cats")
        try await member.event("topic-changed") { $0.topic == "cats" }
        try await hosted.host.event("topic-changed") { $0.topic == "cats" }
        var start = hosted.host.eventCount
        hosted.host.send("/topic")
        #expect(try await hosted.host.event("help", from: start).lines == ["topic: cats"])
        #expect(!hosted.host.eventsSoFar[start...].contains { $0.event == "topic-changed" })
        hosted.host.send("/topic -delete")
        try await member.event("topic-changed") { $0.topic == "" }

        member.send("/ignore Hanna")
        try await member.event("help") { $0.lines?.first?.contains("hanna") == true }
        hosted.host.send("unheard")
        hosted.host.send("/msg guest unheard, too")
        try await hosted.host.events("acknowledged", count: 2)
        member.send("mark")
        try await hosted.host.event("message") { $0.text == "mark" }
        try await member.event("message") { $0.text == "mark" }
        member.send("/unignore hanna")
        try await member.event("help") { $0.lines?.first?.contains("shown again") == true }
        hosted.host.send("heard")
        try await member.event("message") { $0.text == "heard" }
        #expect(!member.eventsSoFar.contains { $0.text?.hasPrefix("unheard") == true })

        start = member.eventCount
        member.send("/lastlog HEARD")
        let found = try #require(try await member.event("help", from: start).lines)
        #expect(found.count == 1 && found[0].hasSuffix("<hanna> heard"))
        start = member.eventCount
        member.send("/help kick")
        #expect(try await member.event("help", from: start).lines?.first?.hasPrefix("/kick MEMBER") == true)
        start = member.eventCount
        member.send("/help")
        #expect(try await member.event("help", from: start).lines?.contains { $0.hasPrefix("/kick") } == false)
        member.send("/kcik x")
        try await member.event("error") { $0.hint?.contains("did you mean /kick?") == true }
        try await member.event("acknowledged") { $0.count == 1 }
        member.send("/sent")
        try await member.event("help") { $0.lines?.contains { $0.hasPrefix("\"mark\" was received by 1") } == true }
    }
}

/// The same on a terminal.
@Suite(.enabled(if: Terminal.tmux != nil, "needs tmux"))
struct PeopleTerminalTests {
    @Test(arguments: ["xterm-ghostty", "foot", "alacritty", "xterm-kitty"])
    func terminalsOfToday(_ type: String) async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await Terminal(
            ["join", hosted.invite, "--nick", "guest"], home: TestHome(), environment: ["TERM=\(type)"])
        try await guest.seen("the screen") { $0.last?.hasPrefix("guest>") == true }
        #expect(try await guest.state("#{pane_title}").hasPrefix("termtalk "))
        hosted.host.send("/topic about cats")
        try await guest.seen("the topic") { $0.first?.hasPrefix(" topic: about cats") == true }
        try await guest.press("F5")
        try await guest.seen("no member list") { rows in !rows.contains { $0.contains("|@") } }
        try await guest.type("/quit")
        try await guest.shows("status 0.")
        try await guest.shows("terminal restored.")
    }

    /// With --plain nothing is drawn over, and nothing comes between the letters of a line.
    @Test func linesForScreenReaders() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hanna"])
        let guest = try await Terminal(
            ["join", hosted.invite, "--nick", "guest", "--plain"], home: TestHome(),
            environment: ["TERM=xterm-256color"])
        try await guest.shows("members (2)")
        hosted.host.send("before")
        try await guest.shows("<hanna> before")
        try await guest.write("half a lino")
        try await guest.shows("half a lino")
        hosted.host.send("between")
        let between = try #require(try await hosted.host.event("message") { $0.text == "between" }.id)
        try await guest.press("BSpace")
        try await guest.write("e")
        try await guest.shows("half a line")
        #expect(try await !guest.screen().contains { $0.contains("between") })
        #expect(!hosted.host.eventsSoFar.contains { $0.event == "acknowledged" && $0.id == between })
        try await guest.press("Enter")
        try await hosted.host.event("message") { $0.text == "half a line" }
        let rows = try await guest.shows("<hanna> between")
        #expect(rows.contains { $0.hasSuffix("half a line") && !$0.contains("<") })
        #expect(rows.contains { $0.firstRange(of: "<hanna> between")?.lowerBound.utf16Offset(in: $0) == 6 })
        try await hosted.host.event("acknowledged") { $0.id == between }
        try await guest.write("thrown away")
        try await guest.shows("thrown away")
        try await guest.press("C-c")
        try await guest.type("kept")
        try await hosted.host.event("message") { $0.text == "kept" }
        #expect(try await !guest.escapes().contains { $0.contains("\u{1B}[") })
        try await guest.type("/quit")
        try await guest.shows("status 0.")
        try await guest.shows("terminal restored.")
    }

    /// A crash gives the terminal back, too.
    @Test func crashInPlainLines() async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await Terminal(["join", hosted.invite, "--plain"], home: TestHome())
        try await guest.shows("members (2)")
        kill(try await guest.program(), SIGSEGV)
        try await guest.shows("terminal restored.")
    }
}
