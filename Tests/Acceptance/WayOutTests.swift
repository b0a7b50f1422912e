import Foundation
import Testing

/// ^C and ^D, where others are in a room that ends with it, and where not.
@Suite(.enabled(if: Terminal.tmux != nil, "needs tmux"))
struct WayOutTests {
    private func host(_ more: [String] = []) async throws -> (Terminal, invite: String) {
        let host = try await Terminal(
            ["host", "--direct", "127.0.0.1:0", "--ttl", "20m", "--nick", "hostess"] + more, home: TestHome(),
            width: 100,
            height: 20)
        if !more.contains("--plain") {
            try await host.shows("/help lists the")
            try await host.press("F2")
        }
        let lines = try await host.shows(more.contains("--plain") ? "expires in" : "Enter goes back")
        let line = try #require(lines.first { $0.contains("termtalk://") })
        if !more.contains("--plain") { try await host.press("Enter") }
        return (host, String(line[try #require(line.firstRange(of: "termtalk://")).lowerBound...]))
    }

    @Test func aHalfTypedLineGoesFirst() async throws {
        let (host, _) = try await host()
        try await host.write("half a line")
        try await host.seen("the line") { $0.contains { $0.hasPrefix("hostess> half a line") } }
        try await host.interrupt()
        try await host.seen("no line") { rows in
            rows.contains { $0.hasPrefix("hostess>") } && !rows.contains { $0.contains("half a line") }
        }
        // Nobody else is there: nothing is asked.
        try await host.interrupt()
        try await host.shows("status 130.")
    }

    @Test(arguments: [[], ["--plain"]]) func othersAreThere(_ mode: [String]) async throws {
        let (host, invite) = try await host(mode)
        let guests = try (0..<2).map { _ in try TermTalkProcess(["join", invite, "--json"], home: TestHome()) }
        for guest in guests { try await guest.event("joined-room") }
        try await host.shows("(3 members)")
        try await host.interrupt()
        try await host.shows("2 others lose this room when you leave: ^C again ends it")
        try await host.interrupt()
        for guest in guests { #expect(try await guest.event("closed").reason == "host-quit") }
        try await host.shows("status 130.")
    }

    /// Who goes on talking has not answered: the next wish is asked about anew.
    @Test(arguments: [[], ["--plain"]]) func goingOnIsNoAnswer(_ mode: [String]) async throws {
        let (host, invite) = try await host(mode)
        let guest = try TermTalkProcess(["join", invite, "--json"], home: TestHome())
        try await guest.event("joined-room")
        try await host.shows("(2 members)")
        try await host.interrupt()
        let question = "1 other loses this room when you leave"
        try await host.shows(question)
        try await host.type("no, I stay")
        try await guest.event("message") { $0.text == "no, I stay" }
        try await host.interrupt()
        try await host.seen("the question once more") { $0.filter { $0.contains(question) }.count == 2 }
        try await host.type("still here")
        try await guest.event("message") { $0.text == "still here" }
    }

    @Test(arguments: [[], ["--plain"]]) func endOfInput(_ mode: [String]) async throws {
        let (host, invite) = try await host(mode)
        let guest = try TermTalkProcess(["join", invite, "--json"], home: TestHome())
        try await guest.event("joined-room")
        try await host.shows("(2 members)")
        try await host.press("C-d")
        try await host.shows("1 other loses this room when you leave: ^D again ends it")
        try await host.press("C-d")
        #expect(try await guest.event("closed").reason == "host-quit")
        try await host.shows("status 0.")
    }

    /// Nobody is there to be asked; all are told.
    @Test(arguments: [SIGTERM, SIGHUP]) func signals(_ signal: Int32) async throws {
        let (host, invite) = try await host()
        let guest = try TermTalkProcess(["join", invite, "--json"], home: TestHome())
        try await guest.event("joined-room")
        kill(try await host.program(), signal)
        #expect(try await guest.event("closed").reason == "host-quit")
        try await host.shows("status 0.")
    }
}
