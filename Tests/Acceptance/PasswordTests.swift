import Foundation
import PrivateTorNetwork
import TestSupport
import Testing

/// Rooms with a password, with the program itself.
struct PasswordTests {
    private static let password = "open sesame \u{e9}\u{1f512}"

    private static func file(_ home: TestHome, _ text: String = password, name: String = "password") throws -> String {
        try home.write(name, text + "\n")
    }

    private func room(_ more: [String] = []) async throws -> HostedRoom {
        let home = try TestHome()
        return try await HostedRoom.direct(["--password-file", Self.file(home)] + more, home: home)
    }

    @Test func rightWrongAndMissing() async throws {
        let hosted = try await room()
        let home = try TestHome()
        let member = try await hosted.join(["--password-file", Self.file(home)], home: home)
        member.send("hello")
        try await hosted.host.event("message")

        let wrong = try Self.file(home, "open barley", name: "wrong")
        try await expectFailure(
            ["join", hosted.invite, "--password-file", wrong], code: "password-wrong", status: 77)
        try await expectFailure(["join", hosted.invite], code: "password-required", status: 77)
        let warnings = try await hosted.host.events("warning", count: 2) { $0.code == "password-guessed" }
        #expect(warnings.map(\.count) == [1, 2])
        #expect(warnings.allSatisfy { $0.message?.contains("with an invite") == true })
        #expect(hosted.host.eventsSoFar.filter { $0.event == "member-joined" && $0.nick != nil }.count <= 2)

        member.send("still here")
        try await hosted.host.event("message") { $0.text == "still here" }
        member.send("/quit")
        #expect(try await member.result().status == 0)
    }

    /// The same letters are the same password, however they are made, and whatever an editor adds to the line.
    @Test(arguments: [
        "open sesame e\u{301}\u{1f512}", "\u{FEFF}open sesame \u{e9}\u{1f512}", "open sesame \u{e9}\u{1f512} \r",
        "open\u{A0}sesame e\u{301}\u{1f512}",
    ])
    func theSamePassword(_ written: String) async throws {
        let hosted = try await room()
        let home = try TestHome()
        let result = try await TermTalkProcess.run(
            ["say", hosted.invite, "hello", "--password-file", Self.file(home, written), "--json"], home: home)
        #expect(result.status == 0, "\(result.output)")
    }

    /// The room's name and address are enough, with the password; and the host's key is remembered only after it.
    @Test func withoutAnInvite() async throws {
        let hosted = try await room()
        let home = try TestHome()
        let place = ["join", hosted.room, "--direct", hosted.address, "--accept-new-host", "--json"]
        let wrong = try Self.file(home, "open barley", name: "wrong")
        let refused = try await TermTalkProcess.run(place + ["--password-file", wrong], home: home)
        #expect(refused.status == 77)
        let strict = try await TermTalkProcess.run(
            ["join", hosted.room, "--direct", hosted.address, "--strict", "--json"], home: home)
        #expect(strict.events("error").map(\.code) == ["host-key-unknown"])
        let member = try TermTalkProcess(place + ["--password-file", Self.file(home)], home: home)
        #expect(try await member.event("joined-room").trust == "new")
        member.send("/quit")
        #expect(try await member.result().status == 0)
        try await hosted.host.event("warning") { $0.message?.contains("without an invite") == true }
    }

    @Test func guessesAreSlowed() async throws {
        let hosted = try await room()
        let home = try TestHome()
        let wrong = try Self.file(home, "open barley", name: "wrong")
        var codes: [String?] = []
        // The delay doubles: however slow this machine is, a try comes too early at last.
        while codes.last != "rate-limited", codes.count < 14 {
            let result = try await TermTalkProcess.run(
                ["join", hosted.invite, "--json", "--password-file", wrong], home: home)
            codes.append(result.events("error").first?.code)
            if codes.last == "rate-limited" { #expect(result.status == 75) }
        }
        #expect(codes.last == "rate-limited")
        // Two are free, and the third has a consequence.
        #expect(codes.count > 3)
        #expect(codes.dropLast().allSatisfy { $0 == "password-wrong" })
        // The right one has to wait, too, and then is let in.
        let right = try Self.file(home)
        var status: Int32 = 75
        while status == 75 {
            let result = try await TermTalkProcess.run(
                ["say", hosted.invite, "made it", "--json", "--password-file", right], home: home)
            status = result.status
        }
        #expect(status == 0)
        try await hosted.host.event("message") { $0.text == "made it" }
    }

    /// The first line of standard input is the password, and the next one the first message.
    @Test func fromStandardInput() async throws {
        let host = try TermTalkProcess(
            ["host", "--direct", "127.0.0.1:0", "--json", "--password-file", "-"], home: TestHome())
        host.send(Self.password)
        host.send("welcome")
        let invite = try #require(try await host.event("ready").invite)
        #expect(try await host.event("message").text == "welcome")
        let member = try TermTalkProcess(
            ["join", invite, "--json", "--password-file", "-"], home: TestHome())
        member.write("\(Self.password)\r\nhello\n")
        #expect(try await host.event("message") { $0.isOwn == false }.text == "hello")
    }

    @Test func filesThatCannotBeUsed() async throws {
        let home = try TestHome()
        for text in ["", "\nsecond line", String(repeating: "x", count: 1_025)] {
            try await expectFailure(
                ["host", "--direct", "127.0.0.1:0", "--password-file", Self.file(home, text)], code: "input-invalid",
                status: 65, home: home)
        }
        try await expectFailure(
            ["host", "--direct", "127.0.0.1:0", "--password-file", "\(home.path)/none"], code: "input-invalid",
            status: 65)
        let longest = try Self.file(home, String(repeating: "x", count: 1_024), name: "longest")
        let hosted = try await HostedRoom.direct(["--password-file", longest], home: home)
        let member = try await hosted.join(["--password-file", longest])
        member.send("/quit")
        #expect(try await member.result().status == 0)
    }

    /// Three round trips more through tor, by the room's name and the onion address alone.
    @Test(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
    func overOnion() async throws {
        let network = try await PrivateTorNetwork.shared()
        let home = try TestHome()
        let right = try Self.file(home)
        let wrong = try Self.file(home, "open barley", name: "wrong")
        let hosted = try await HostedRoom.onion(
            network.client.controlFlags, ["--password-file", right])
        let place = ["join", hosted.room, "--onion", hosted.address, "--json"] + network.client.controlFlags
        let refused = try await TermTalkProcess.run(place + ["--password-file", wrong], home: home)
        #expect(refused.events("error").map(\.code) == ["password-wrong"])
        #expect(refused.status == 77)
        let member = try TermTalkProcess(place + ["--password-file", right], home: home)
        try await member.event("joined-room")
        member.send("through tor")
        try await hosted.host.event("message") { $0.text == "through tor" }
        try await hosted.host.event("warning") { $0.code == "password-guessed" }
        member.send("/quit")
        #expect(try await member.result().status == 0)
    }

    @Test(.enabled(if: Terminal.tmux != nil, "needs tmux")) func atATerminal() async throws {
        let host = try await Terminal(["host", "--direct", "127.0.0.1:0", "--password"], home: TestHome())
        try await host.shows("Password of the room:")
        try await host.type("open sesame")
        try await host.shows("Once more:")
        try await host.type("open sesame")
        try await host.shows("it closes in 5 minutes")
        // As one line to copy.
        try await host.press("F2")
        let lines = try await host.shows("Enter goes back")
        let invite = try #require(lines.last { $0.hasPrefix("termtalk://") })
        try await host.press("Enter")
        // Without the option the guest is asked when the host wants it.
        let guest = try await Terminal(["join", invite], home: TestHome())
        try await guest.shows("Password of the room:")
        try await guest.type("open sesame")
        try await guest.shows("joined room")
        try await guest.type("hello there")
        let all = try await host.shows("hello there") + guest.shows("hello there")
        #expect(!all.contains { $0.contains("sesame") })
        try await guest.type("/quit")
        try await guest.shows("status 0.")
    }

    /// Keys that are no text do not silently become part of it.
    @Test(.enabled(if: Terminal.tmux != nil, "needs tmux")) func controlKeys() async throws {
        let hosted = try await room()
        let guest = try await Terminal(["join", hosted.invite, "--plain", "--password"], home: TestHome())
        try await guest.shows("Password of the room:")
        try await guest.press("C-z", "C-a")
        try await guest.type(Self.password)
        try await guest.shows("joined room")
    }

    @Test(.enabled(if: Terminal.tmux != nil, "needs tmux")) func twoThatDiffer() async throws {
        let host = try await Terminal(["host", "--direct", "127.0.0.1:0", "--password"], home: TestHome())
        try await host.shows("Password of the room:")
        for attempt in 1...3 {
            try await host.type("one")
            try await host.shows("Once more:", times: attempt)
            try await host.type("two")
            guard attempt < 3 else { break }
            try await host.shows("not the same. Password of the room:", times: attempt)
        }
        try await host.shows("status 65.")
    }

    /// Not in logs at the lowest level, not in files, not where other processes of the machine can look.
    @Test func isNowhere() async throws {
        let home = try TestHome()
        let guestHome = try TestHome()
        let secret = "pw\(UInt64.random(in: .min ... .max))"
        let host = try TermTalkProcess(
            [
                "host", "--direct", "127.0.0.1:0", "--json", "--ttl", "20m", "--log-level", "trace", "--password-file",
                "-",
            ], home: home)
        host.send(secret)
        let invite = try #require(try await host.event("ready").invite)
        let member = try TermTalkProcess(
            ["join", invite, "--json", "--log-level", "trace", "--password-file", "-"], home: guestHome)
        member.send(secret)
        try await member.event("joined-room")
        for process in [host, member] {
            let pid = try #require(process.pid)
            for name in ["cmdline", "environ"] {
                guard let content = FileManager.default.contents(atPath: "/proc/\(pid)/\(name)") else { continue }
                #expect(!content.isEmpty || name == "environ")
                #expect(content.range(of: Data(secret.utf8)) == nil)
            }
        }
        for folder in [home, guestHome] {
            let files = FileManager.default.enumerator(atPath: folder.path)
            while let name = files?.nextObject() as? String {
                guard let content = FileManager.default.contents(atPath: "\(folder.path)/\(name)") else { continue }
                #expect(content.range(of: Data(secret.utf8)) == nil, "\(name)")
            }
        }
        member.send("/quit")
        let left = try await member.result()
        host.send("/quit")
        let ended = try await host.result()
        #expect(!ended.errors.isEmpty)
        let forms = [secret, hex(Array(secret.utf8)), Data(secret.utf8).base64EncodedString()]
        for line in left.errors + left.output + ended.errors + ended.output {
            for form in forms { #expect(!line.localizedCaseInsensitiveContains(form)) }
        }
    }
}
