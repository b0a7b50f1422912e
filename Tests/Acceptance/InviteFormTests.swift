import Foundation
import TestSupport
import Testing

/// The invite as a QR code and in the clipboard, with the real program in tmux.
@Suite(.enabled(if: Terminal.tmux != nil, "needs tmux"))
struct InviteFormTests {
    /// A room that is hosted on a terminal.
    private func host(
        _ more: [String] = [], width: Int = 120, height: Int = 60, environment: [String] = ["TERM=xterm-256color"]
    ) async throws -> Terminal {
        try await Terminal(
            ["host", "--direct", "127.0.0.1:0", "--ttl", "20m", "--nick", "hostess"] + more, home: TestHome(),
            width: width, height: height, environment: environment)
    }

    private func invite(_ rows: [String]) throws -> String {
        let row = try #require(rows.first { $0.contains("termtalk://") })
        return String(row[try #require(row.firstRange(of: "termtalk://")).lowerBound...])
    }

    /// The rows of the code among those that are seen.
    private func code(_ rows: [String]) -> [String] {
        rows.filter { row in row.contains { "█▀▄".contains($0) } && row.allSatisfy { "█▀▄ ".contains($0) } }
    }

    private func read(_ terminal: Terminal, areLettersLight: Bool) async throws -> String {
        var text = ""
        // Until all of it has been drawn it says nothing.
        try await terminal.seen("a code that can be read") { rows in
            text = (try? CodeReader.read(code(rows), areLettersLight: areLettersLight)) ?? ""
            return !text.isEmpty
        }
        return text
    }

    @Test(.enabled(if: CodeReader.isAvailable, "needs zbar")) func flagAndKeyOnTheScreen() async throws {
        let host = try await host(["--qr"])
        let shown = try await read(host, areLettersLight: false)
        // Black on white, on every terminal.
        #expect(try await host.escapes().contains { $0.contains("38;5;16") && $0.contains("48;5;231") })
        try await host.press("Enter")
        try await host.seen("the room") { $0.last?.hasPrefix("hostess>") == true }
        try await host.press("F2")
        let invite = try invite(try await host.shows("Enter goes back"))
        #expect(shown == invite)
        try await host.press("Enter")
        try await host.seen("the room") { $0.last?.hasPrefix("hostess>") == true }
        for key in ["F4", "F4"] {
            try await host.press(key)
            #expect(try await read(host, areLettersLight: false) == invite)
            try await host.press("Enter")
            try await host.seen("the room") { $0.last?.hasPrefix("hostess>") == true }
        }
        // One that was made for somebody.
        try await host.type("/invite --once --qr")
        let once = try await read(host, areLettersLight: false)
        #expect(once.hasPrefix("termtalk://") && once != invite)
        try await host.press("Enter")
        try await host.type("/quit")
        try await host.shows("status 0.")
        try await host.shows("terminal restored.")
    }

    @Test(.enabled(if: CodeReader.isAvailable, "needs zbar"), arguments: [["NO_COLOR=1"], ["TERM=vt100"]])
    func withoutColours(_ environment: [String]) async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await Terminal(
            ["join", hosted.invite, "--nick", "guest"], home: TestHome(), width: 120, height: 60,
            environment: environment)
        try await guest.shows("/help lists the")
        try await guest.type("/invite --qr")
        #expect(try await read(guest, areLettersLight: true) == hosted.invite)
    }

    @Test(.enabled(if: CodeReader.isAvailable, "needs zbar")) func byLines() async throws {
        let host = try await host(["--qr", "--plain"])
        let invite = try invite(try await host.shows("expires in"))
        #expect(try await read(host, areLettersLight: false) == invite)
        // The conversation's output has nothing of it.
        let process = try TermTalkProcess(
            ["host", "--direct", "127.0.0.1:0", "--plain", "--qr"], home: TestHome())
        try await process.line { $0.hasPrefix("expires") }
        try await process.errorLine { $0.contains("▄") }
        process.send("/quit")
        #expect(try await process.result().output.count == 4)
    }

    @Test func terminalsThatCannotShowIt() async throws {
        let small = try await host(["--qr"], width: 80, height: 24)
        let rows = try await small.seen("why not") { rows in rows.contains { $0.contains("make the window larger") } }
        #expect(rows.contains { $0.contains("the QR code cannot be shown") })
        #expect(rows.last?.hasPrefix("hostess>") == true)
        let other = try await host(["--qr", "--plain"], environment: ["TERM=xterm", "LC_ALL=de_DE.ISO-8859-1"])
        try await other.shows("the terminal's characters are not UTF-8")
        #expect(code(try await other.screen()).isEmpty)
    }

    @Test func machineInterfaceIsAsItWas() async throws {
        let hosted = try await HostedRoom.direct(["--qr"])
        for command in ["/invite", "/invite --qr", "/invite --copy"] {
            let start = hosted.host.eventCount
            hosted.host.send(command)
            #expect(try await hosted.host.event("invite", from: start).invite == hosted.invite)
        }
        hosted.host.send("/quit")
        let result = try await hosted.host.result()
        #expect(result.errors.isEmpty)
        #expect(result.output.allSatisfy { $0.hasPrefix("{") })
    }

    @Test func copying() async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await Terminal(["join", hosted.invite, "--nick", "guest"], home: TestHome())
        try await guest.acceptClipboard()
        try await guest.shows("/help lists the")
        // Nothing was copied that nobody asked for.
        #expect(try await guest.clipboard() == nil)
        try await guest.press("F3")
        try await guest.shows("the invite was given to the terminal's clipboard")
        #expect(try await guest.clipboard() == hosted.invite)
        try await guest.forgetClipboard()
        try await guest.type("/invite --copy")
        while try await guest.clipboard() == nil { try await guest.shows("clipboard") }
        #expect(try await guest.clipboard() == hosted.invite)
    }

    @Test(arguments: [(["--no-clipboard"], []), ([], ["TERMTALK_NO_CLIPBOARD=true"]), ([], ["TERM=linux"])])
    func notCopying(_ flags: [String], _ environment: [String]) async throws {
        let hosted = try await HostedRoom.direct()
        let guest = try await Terminal(
            ["join", hosted.invite, "--nick", "guest"] + flags, home: TestHome(), environment: environment)
        try await guest.acceptClipboard()
        try await guest.shows("/help lists the")
        try await guest.type("/invite --copy")
        try await guest.shows("the invite was not copied")
        #expect(try await guest.clipboard() == nil)
    }
}
