import Foundation
import Testing

/// The menu, and the questions that only a terminal is asked.
@Suite(.enabled(if: Terminal.tmux != nil, "needs tmux"))
struct MenuTests {
    @Test func quit() async throws {
        let terminal = try await Terminal([], home: TestHome())
        try await terminal.shows("q  quit")
        try await terminal.type("x")
        try await terminal.shows("1, 2, 3 or q")
        try await terminal.type("q")
        try await terminal.shows("status 0.")
    }

    @Test func hostAndJoin() async throws {
        let hostHome = try TestHome()
        let host = try await Terminal([], home: hostHome)
        try await host.shows("q  quit")
        try await host.type("1")
        try await host.shows("ADDR:PORT")
        try await host.type("127.0.0.1:0")
        try await host.shows("How long")
        try await host.type("15m")
        try await host.shows("nick")
        try await host.type("hostess")
        try await host.shows("it closes in 15 minutes")
        // As one line to copy.
        try await host.press("F2")
        let lines = try await host.shows("Enter goes back")
        let invite = try #require(lines.last { $0.hasPrefix("termtalk://") })
        try await host.press("Enter")

        let guest = try await Terminal([], home: TestHome())
        try await guest.shows("q  quit")
        try await guest.type("2")
        try await guest.shows("Invite, or the room's id")
        try await guest.type(invite.trimmingCharacters(in: .whitespaces))
        try await guest.shows("nick")
        try await guest.type("guest")
        try await guest.shows("joined room")
        try await guest.type("hello there")
        try await host.shows("<guest> hello there")
        try await host.type("well met")
        try await guest.shows("<hostess> well met")
        try await guest.type("/quit")
        try await guest.shows("status 0.")
        try await host.shows("guest has left")
        try await host.type("/quit")
        try await host.shows("status 0.")
    }

    /// What is wrong is told, and the same question asked again.
    @Test func badAnswers() async throws {
        let home = try TestHome()
        let terminal = try await Terminal([], home: home)
        try await terminal.shows("q  quit")
        try await terminal.type("1")
        let questions = ["Onion service, or", "How long it lives", "Your nick"]
        for (answer, reason) in [
            ("127.0.0.1:x", "its port is not a number"), ("a b", "neither a name nor an address"),
            ("300.1.1.1", "there is no such address or name"),
        ] {
            try await terminal.shows(questions[0])
            try await terminal.type(answer)
            try await terminal.shows(reason)
        }
        try await terminal.type("127.0.0.1:0")
        for answer in ["-5", "soon"] {
            try await terminal.shows(questions[1])
            try await terminal.type(answer)
        }
        try await terminal.type("15m")
        for answer in ["-x", "a b"] {
            try await terminal.shows(questions[2])
            try await terminal.type(answer)
        }
        let lines = try await terminal.seen("the last question again") { rows in
            rows.count { $0.contains(questions[2]) } == 3
        }
        #expect(lines.count { $0.contains(questions[0]) } == 4)
        #expect(lines.count { $0.contains("the room's time cannot be used: it is not a duration") } == 2)
        #expect(lines.count { $0 == "termtalk: the nick is not allowed" } == 2)
        try await terminal.type("hostess")
        try await terminal.shows("it closes in 15 minutes")
    }

    /// An invite that was pasted with the line ends of a mail is one answer.
    @Test func wrappedInvite() async throws {
        let hosted = try await HostedRoom.direct()
        let terminal = try await Terminal([], home: TestHome())
        try await terminal.shows("q  quit")
        try await terminal.type("2")
        try await terminal.shows("Invite, or")
        try await terminal.paste("<\(hosted.invite.prefix(40))\n\(hosted.invite.dropFirst(40))>\n")
        try await terminal.shows("nick")
        try await terminal.type("guest")
        try await terminal.shows("/help lists the")
    }

    @Test func badRoom() async throws {
        let terminal = try await Terminal([], home: TestHome())
        try await terminal.shows("q  quit")
        try await terminal.type("2")
        try await terminal.shows("Invite, or")
        try await terminal.type("termtalk://x")
        try await terminal.shows("the invite cannot be used")
        try await terminal.type("a b")
        try await terminal.shows("the room's name cannot be used")
        try await terminal.type("asked")
        try await terminal.shows("nick")
        try await terminal.type("")
        try await terminal.shows("Where is the room?")
        try await terminal.type("nowhere")
        try await terminal.shows("it has no port")
        try await terminal.type("")
        try await terminal.shows("status 65.")
    }

    /// An address without a port, also of IPv6, gets that of the product.
    @Test func addressWithoutPort() async throws {
        let terminal = try await Terminal([], home: TestHome())
        try await terminal.shows("q  quit")
        try await terminal.type("1")
        try await terminal.type("::1")
        try await terminal.shows("How long it lives")
    }

    /// ^D at any question, and nothing is begun.
    @Test(arguments: [[], ["1"], ["1", "127.0.0.1:0"], ["1", "127.0.0.1:0", "15m"], ["2"], ["2", "room"]])
    func endOfInput(_ answers: [String]) async throws {
        let terminal = try await Terminal([], home: TestHome())
        try await terminal.shows("q  quit")
        for answer in answers { try await terminal.type(answer) }
        let question = [["> "], ["Onion", "How long", "nick"], ["Invite", "nick"]]
        let last = answers.first.flatMap { Int($0) } ?? 0
        try await terminal.shows(question[last][max(0, answers.count - 1)])
        try await terminal.press("C-d")
        let lines = try await terminal.shows("status 0.")
        #expect(!lines.contains { $0.contains("-!-") || $0.contains("termtalk: ") })
    }

    /// A room that is in no registry: the program asks where it is and, for a direct one, whether the key is right.
    @Test func addressAndKeyAreAskedFor() async throws {
        let hosted = try await HostedRoom.direct(["--room", "asked"])
        let home = try TestHome()
        let guest = try await Terminal(["join", "asked", "--nick", "guest"], home: home)
        try await guest.shows("Where is the room?")
        try await guest.type(hosted.address)
        try await guest.shows(hosted.hostKey)
        try await guest.type("yes")
        try await hosted.host.event("member-joined") { $0.nick == "guest" }
        try await guest.type("/quit")
        try await guest.shows("status 0.")
        // Known from now on.
        let again = try await TermTalkProcess.run(
            ["join", "asked", "--direct", hosted.address, "--json"], home: home)
        #expect(again.events("joined-room").map(\.trust) == ["known"])
    }

    @Test func refusedKey() async throws {
        let hosted = try await HostedRoom.direct(["--room", "asked"])
        let guest = try await Terminal(["join", "asked", "--direct", hosted.address], home: TestHome())
        try await guest.shows(hosted.hostKey)
        try await guest.type("no")
        try await guest.shows("the host's key is not known, and nobody confirmed it")
        try await guest.shows("status 76.")
        #expect(!hosted.host.eventsSoFar.contains { $0.event == "member-joined" })
    }

    @Test func noAddress() async throws {
        let guest = try await Terminal(["join", "asked"], home: TestHome())
        try await guest.shows("Where is the room?")
        try await guest.type("")
        try await guest.shows("nobody said where the room is")
        try await guest.shows("ask its host for an invite")
        try await guest.shows("status 65.")
    }

    @Test func nobodyIsAskedWithStrict() async throws {
        let hosted = try await HostedRoom.direct(["--room", "asked"])
        let guest = try await Terminal(["join", "asked", "--strict", "--direct", hosted.address], home: TestHome())
        try await guest.shows("status 76.")
    }

    /// The second room is known already when the menu asks for it.
    @Test func roomOfThisMachine() async throws {
        let hosted = try await HostedRoom.direct(["--room", "mine"])
        try await hosted.waitUntilRegistered()
        let guest = try await Terminal(["join", "mine"], home: hosted.home)
        try await guest.shows("the one known from before")
    }

    /// ^C leaves in order.
    @Test func interrupt() async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await Terminal(["join", hosted.invite], home: TestHome())
        try await guest.shows("joined room")
        try await guest.interrupt()
        try await guest.shows("status 130.")
        #expect(try await hosted.host.event("member-left").reason == "quit")
    }
}
