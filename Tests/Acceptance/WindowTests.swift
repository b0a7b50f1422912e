import Foundation
import Testing

/// Several rooms in one full screen, in tmux, over --direct on loopback.
@Suite(.enabled(if: Terminal.tmux != nil, "needs tmux"))
struct WindowTests {
    private static let inside = "/help lists the"

    /// A person in two rooms, whose second window is seen.
    private func person(
        in first: HostedRoom, _ second: HostedRoom, width: Int = 100, more: [String] = []
    ) async throws -> Terminal {
        let person = try await Terminal(
            ["join", first.invite, "--nick", "bob"] + more, home: TestHome(), width: width, height: 24)
        try await person.shows(Self.inside)
        try await person.type("/join \(second.invite) --nick robert")
        try await second.host.event("member-joined") { $0.nick == "robert" }
        try await person.seen("the second window") { rows in
            rows[22].contains("1 hostess  [2 alice]") && rows[23].hasPrefix("robert>")
                && rows.contains { $0.contains(Self.inside) }
        }
        return person
    }

    @Test func twoRooms() async throws {
        let first = try await HostedRoom.direct(["--nick", "hostess"])
        let second = try await HostedRoom.direct(["--nick", "alice"])
        let person = try await person(in: first, second)
        try await person.type("in the second")
        #expect(try await second.host.event("message").text == "in the second")
        // Alt+1, as terminals send it.
        try await person.press("M-1")
        try await person.seen("the first window") {
            $0[22].contains("[1 hostess]  2 alice") && $0[23].hasPrefix("bob>")
        }
        try await person.type("in the first")
        #expect(try await first.host.event("message").text == "in the first")
        #expect(!second.host.eventsSoFar.contains { $0.text == "in the first" })

        second.host.send("hello there")
        try await person.seen("that something is new") { $0[22].contains("[1 hostess]  2 alice:1 ") }
        second.host.send("robert: are you there?")
        let rows = try await person.seen("that somebody is called") { $0[22].contains("[1 hostess]  2 alice:2! ") }
        #expect(!rows.contains { $0.contains("hello there") })
        #expect(try await person.state("#{pane_title}").contains("[+2]"))
        try await person.type("/window 2")
        try await person.seen("what was said") { rows in
            rows.contains { $0.contains("<alice> hello there") } && rows[22].contains("1 hostess  [2 alice]")
        }
        try await person.type("/window")
        try await person.shows("[2] \(second.room), hosted by alice")
        try await person.type("/window 7")
        try await person.shows("there is no window 7")
        try await person.type("/close")
        #expect(try await second.host.event("member-left").reason == "quit")
        try await person.seen("one window") { !$0[22].contains("[1") && $0[23].hasPrefix("bob>") }
        try await person.type("/quit")
        #expect(try await first.host.event("member-left").reason == "quit")
        try await person.shows("status 0.")
        try await person.shows("terminal restored.")
    }

    /// What nobody has seen is not acknowledged: it waits in a window that is not looked at.
    @Test func receiptsWaitForTheWindow() async throws {
        let first = try await HostedRoom.direct(["--nick", "hostess"])
        let second = try await HostedRoom.direct(["--nick", "alice"])
        let person = try await person(in: first, second)
        first.host.send("unseen")
        try await person.seen("that something is new") { $0[22].contains("1 hostess:1  [2 alice]") }
        // The other room's receipt goes its way meanwhile, and is later than the first one's would be.
        second.host.send("seen")
        try await second.host.event("acknowledged") { $0.count == 1 }
        #expect(!first.host.eventsSoFar.contains { $0.event == "acknowledged" && $0.count == 1 })
        try await person.press("M-1")
        try await first.host.event("acknowledged") { $0.count == 1 }
    }

    @Test func aRoomThatEndsLeavesItsWindow() async throws {
        let first = try await HostedRoom.direct(["--nick", "hostess"])
        let second = try await HostedRoom.direct(["--nick", "alice"])
        let person = try await person(in: first, second)
        first.host.send("the last words")
        try await person.seen("that something is new") { $0[22].contains("1 hostess:1  [2 alice]") }
        first.host.send("/quit")
        try await person.seen("that it is closed") { $0[22].contains("1 hostess:1x  [2 alice]") }
        try await person.press("M-1")
        try await person.seen("the last words") { rows in
            rows.contains { $0.contains("the last words") } && rows[22].contains("closed")
        }
        try await person.type("anybody?")
        try await person.shows("nothing was sent: this room is closed")
        try await person.type("/close")
        try await person.seen("the other window alone") { $0[23].hasPrefix("robert>") && !$0[22].contains("[2") }
        second.host.send("/quit")
        try await person.shows("status 0.")
    }

    @Test func hostingBesideAnotherRoom() async throws {
        let first = try await HostedRoom.direct(["--nick", "hostess"])
        let person = try await Terminal(
            ["join", first.invite, "--nick", "bob"], home: TestHome(), width: 160, height: 24)
        try await person.shows(Self.inside)
        try await person.type("/host --direct 127.0.0.1:0 --ttl 20m --nick owner")
        try await person.seen("the window of the own room") { rows in
            rows[22].contains("1 hostess  [2 owner]") && rows[22].contains("you host") && rows[23].hasPrefix("owner>")
        }
        try await person.press("F2")
        let shown = try await person.shows("Enter goes back")
        let invite = try #require(shown.last { $0.hasPrefix("termtalk://") }).trimmingCharacters(in: .whitespaces)
        try await person.press("Enter")
        let guest = try TermTalkProcess(["join", invite, "--json", "--nick", "carol"], home: TestHome())
        try await guest.event("joined-room")
        try await person.shows("carol has joined")
        // Whoever leaves ends a room for somebody else: asked once, in each of the ways.
        try await person.type("/close")
        try await person.shows("1 other loses this room when you leave: /close again ends it")
        try await person.type("/quit")
        try await person.shows("1 other loses this room when you leave: /quit again ends it")
        try await person.press("M-1")
        try await person.type("still here")
        #expect(try await first.host.event("message").text == "still here")
        // Who has said something since is asked once more.
        try await person.type("/quit")
        try await person.shows("1 other loses this room when you leave: /quit again ends it")
        try await person.type("/quit")
        #expect(try await guest.event("closed").reason == "host-quit")
        try await person.shows("status 0.")
    }

    @Test func whatCannotBeOpened() async throws {
        let first = try await HostedRoom.direct(["--nick", "hostess"])
        let person = try await Terminal(
            ["join", first.invite, "--nick", "bob"], home: TestHome(), width: 120, height: 30)
        try await person.shows(Self.inside)
        for (line, answer) in [
            ("/join \(first.invite) --json", "no window was opened: --json is for a program of its own"),
            ("/join - --direct 127.0.0.1:1", "no window was opened: - is for a program of its own"),
            ("/host --persist x --no-passphrase", "no window was opened: --persist is for a program of its own"),
            ("/host --frobnicate", "no window was opened: Unknown option '--frobnicate'"),
            ("/join r1 --direct 127.0.0.1:1 --password-file x", "--password-file is for a program of its own"),
        ] {
            try await person.type(line)
            try await person.shows(answer)
        }
        #expect(try await !person.screen()[28].contains("[1"))
        // A window whose room cannot be had says why, and stays until it is closed.
        try await person.type("/join nowhere-to-be-found")
        try await person.shows("cannot join: no room of this name is known on this machine")
        try await person.seen("the closed window") { $0[28].contains("1 hostess  [2]") && $0[28].contains("closed") }
        try await person.type("/close")
        try await person.seen("the room") { $0[29].hasPrefix("bob>") }
    }

    /// A question belongs to its window; a password is typed where no screen sees it.
    @Test func passwordInAWindow() async throws {
        let first = try await HostedRoom.direct(["--nick", "hostess"])
        let home = try TestHome()
        let second = try await HostedRoom.direct(
            ["--nick", "alice", "--password-file", home.write("password", "open sesame\n")], home: home)
        let person = try await Terminal(
            ["join", first.invite, "--nick", "bob"], home: TestHome(), width: 100, height: 24)
        try await person.shows(Self.inside)
        try await person.type("/join \(second.invite)")
        try await person.shows("Do you want to type it? (yes/no)")
        // The first room goes on.
        first.host.send("meanwhile")
        try await person.seen("that something is new") { $0[22].contains("1 hostess:1  [2]") }
        try await person.type("yes")
        try await person.shows("Password of the room:")
        try await person.type("wrong")
        try await person.shows("That is not the password of this room.")
        try await person.type("yes")
        try await person.shows("Once more:")
        try await person.type("open sesame")
        try await second.host.event("member-joined")
        try await person.seen("the room") { rows in
            rows.contains { $0.contains(Self.inside) } && rows[22].contains("2 members")
        }
        #expect(try await !person.everything().contains { $0.contains("sesame") })
        try await person.type("I am in")
        #expect(try await second.host.event("message").text == "I am in")
    }

    @Test func panicEndsAll() async throws {
        let first = try await HostedRoom.direct(["--nick", "hostess"])
        let second = try await HostedRoom.direct(["--nick", "alice"])
        let person = try await person(in: first, second)
        try await person.type("/panic")
        try await first.host.event("member-left")
        try await second.host.event("member-left")
        try await person.shows("status 0.")
        #expect(try await !person.everything().contains { $0.contains(first.room) || $0.contains(second.room) })
    }

    @Test func linesHaveNoWindows() async throws {
        let first = try await HostedRoom.direct(["--nick", "hostess"])
        for command in ["/join r1", "/host --direct 127.0.0.1:0", "/window", "/window 2", "/close"] {
            first.host.send(command)
        }
        try await first.host.events("error", count: 5) {
            $0.message?.contains("only the full screen has windows") == true
        }
    }
}
