import Glibc
import Testing

/// Invites that are not arguments, and those that did not come whole.
struct InviteSourceTests {
    @Test func filesVariableAndStandardInput() async throws {
        let hosted = try await HostedRoom.direct()
        let home = try TestHome()
        let file = try home.write(
            "mail", "Dear Bob,\n\n> invite  \(hosted.invite.prefix(60))\n> \(hosted.invite.dropFirst(60))\n> bye\n")
        for (number, arguments) in [["--invite-file", file], []].enumerated() {
            let result = try await TermTalkProcess.run(
                ["say"] + arguments + ["number", "\(number)"], home: home,
                environment: arguments.isEmpty ? ["TERMTALK_INVITE": hosted.invite] : [:])
            #expect(result.status == 0, "\(result.errors)")
            try await hosted.host.event("message") { $0.text == "number \(number)" }
        }
        for arguments in [["join", "-", "--json"], ["join", "--invite-file", "-", "--json"]] {
            let joiner = try TermTalkProcess(arguments, home: home)
            // Of standard input no line more is taken than the invite has.
            joiner.send(
                "Dear Bob,\n<\(hosted.invite.prefix(50))\n\(hosted.invite.dropFirst(50))>\nhello \(arguments.count)")
            try await hosted.host.event("message") { $0.text == "hello \(arguments.count)" }
            joiner.closeInput()
            #expect(try await joiner.result().status == 0)
        }
        let piped = try TermTalkProcess(["say", "-", "from a pipe"], home: home)
        piped.send(hosted.invite)
        #expect(try await piped.result().status == 0)
        // No argument of ours has it.
        try await hosted.host.event("message") { $0.text == "from a pipe" }
    }

    @Test func mistakes() async throws {
        let home = try TestHome()
        let file = try home.write("nothing", "Dear Bob,\n")
        for (arguments, status) in [
            (["join"], Int32(64)), (["join", "x", "--invite-file", file], 64), (["say", "-", "-"], 64),
            (["say", "--invite-file", "-", "--password-file", "-", "x"], 64), (["say", "--invite-file", file], 64),
            (["join", "--invite-file", file], 65), (["join", "--invite-file", "/nowhere"], 65),
            (["join", "TERMTALK:"], 65), (["join", "see termtalk://x@y"], 65),
        ] {
            let result = try await TermTalkProcess.run(arguments, home: home)
            #expect(result.status == status, "\(arguments)")
            #expect(!result.errors.contains { $0.contains("room's name") }, "\(result.errors)")
        }
        let result = try await TermTalkProcess.run(["say", file, "x"], home: home)
        #expect(result.errors.last == "hint: to read an invite from a file: --invite-file FILE")
    }
}

/// Questions while the loop runs, on a terminal.
@Suite(.enabled(if: Terminal.tmux != nil, "needs tmux"))
struct QuestionTests {
    private func arguments(_ hosted: HostedRoom) -> [String] {
        ["join", hosted.room, "--direct", hosted.address, "--nick", "guest"]
    }

    @Test(arguments: ["C-c", "TERM", "HUP"]) func signalsEndTheQuestion(_ signal: String) async throws {
        let hosted = try await HostedRoom.direct()
        let terminal = try await Terminal(arguments(hosted), home: TestHome())
        try await terminal.shows("Does the host say the same")
        if signal == "C-c" {
            try await terminal.press("C-c")
        } else {
            kill(try await terminal.program(), signal == "TERM" ? SIGTERM : SIGHUP)
        }
        try await terminal.shows("status \(signal == "C-c" ? 130 : 0).")
        try await terminal.shows("terminal restored.")
    }

    @Test func theAnswerIsKept() async throws {
        let hosted = try await HostedRoom.direct()
        let home = try TestHome()
        let first = try await Terminal(arguments(hosted), home: home)
        try await first.shows("Does the host say the same")
        try await first.type("perhaps")
        try await first.shows("Please type 'yes' or 'no'")
        try await first.type("yes")
        let rows = try await first.shows("host key known")
        #expect(!rows.contains { $0.contains("NEW") })
        try await first.type("/quit")
        try await first.shows("status 0.")
        let second = try await Terminal(arguments(hosted), home: home)
        try await second.shows("host key known")
    }

    @Test func aWrongPasswordIsAskedForAgain() async throws {
        let home = try TestHome()
        let hosted = try await HostedRoom.direct(
            ["--password-file", home.write("password", "open sesame\n")], home: home)
        let terminal = try await Terminal(["join", hosted.invite], home: TestHome())
        try await terminal.shows("Password of the room:")
        try await terminal.type("open barley")
        try await terminal.shows("That is not the password. Once more:")
        try await terminal.type("open sesame")
        try await terminal.shows("/help lists the")
        #expect(try await !terminal.screen().contains { $0.contains("barley") })
    }
}
