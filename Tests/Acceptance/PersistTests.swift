import Foundation
import PrivateTorNetwork
import Testing

/// `host --persist`, with the program itself.
struct PersistTests {
    private static let place = ["host", "--direct", "127.0.0.1:0", "--json", "--ttl", "20m"]

    private static func file(of name: String, in home: TestHome) -> String {
        "\(home.path)/state/termtalk/rooms/\(name).room"
    }

    /// Runs a host that must fail; gives code and status.
    private static func failure(_ more: [String], _ home: TestHome) async throws -> String {
        let result = try await TermTalkProcess.run(place + more, home: home)
        let errors = result.events("error")
        #expect(errors.count == 1 && errors.first?.hint?.isEmpty == false, "\(result.output)")
        return "\(errors.first?.code ?? "none") \(result.status)"
    }

    /// Opens a room and closes it again.
    private static func open(_ more: [String], _ home: TestHome) async throws -> ProgramEvent {
        let host = try TermTalkProcess(place + more, home: home)
        let ready = try await host.event("ready")
        host.send("/quit")
        #expect(try await host.result().status == 0)
        return ready
    }

    @Test func keepsIdHostKeyAndInvites() async throws {
        let home = try TestHome()
        let options = ["--persist", "club", "--no-passphrase"]
        let first = try TermTalkProcess(Self.place + options, home: home)
        let ready = try await first.event("ready")
        let guest = try TestHome()
        let address = try #require(ready.address)
        let join = ["join", try #require(ready.room), "--direct", address, "--json"]
        let member = try TermTalkProcess(join + ["--accept-new-host"], home: guest)
        #expect(try await member.event("joined-room").trust == "new")
        // Two hosts do not use one room.
        #expect(try await Self.failure(options, home) == "persist-in-use 75")
        first.send("/quit")
        #expect(try await first.result().status == 0)
        member.signal(SIGKILL)

        // The next day: same id, same keys, so the same room for who knows it.
        let second = try TermTalkProcess(
            ["host", "--direct", address, "--json", "--persist", "club"], home: home)
        let again = try await second.event("ready")
        #expect(again.room == ready.room && again.hostKey == ready.hostKey && again.address == address)
        #expect(again.invite == ready.invite)
        let returning = try TermTalkProcess(join + ["--strict"], home: guest)
        #expect(try await returning.event("joined-room").trust == "known")
        let invited = try TermTalkProcess(["join", try #require(ready.invite), "--json"], home: TestHome())
        try await invited.event("joined-room")
    }

    /// A host that asks for less than it did before says so, and once: it was meant, then.
    @Test func lessIsAskedForThanBefore() async throws {
        let home = try TestHome()
        let password = ["--password-file", try home.write("password", "correct horse\n")]
        func warnings(_ more: [String]) async throws -> [String] {
            let options = ["--persist", "club", "--no-passphrase"] + more
            let host = try TermTalkProcess(Self.place + options, home: home)
            try await host.event("ready")
            host.send("/quit")
            let result = try await host.result()
            #expect(result.status == 0)
            return result.events("warning").filter { $0.code == "persist-unguarded" }.compactMap(\.message)
        }
        #expect(try await warnings(password + ["--invite-only"]).isEmpty)
        #expect(try await warnings(password + ["--invite-only", "--approve"]).isEmpty)
        let less = try await warnings(["--invite-only"])
        #expect(less.count == 1 && less[0].contains("with --password, --approve before"), "\(less)")
        #expect(try await warnings(["--invite-only"]).isEmpty)
        #expect(try await warnings([]).count == 1)
    }

    @Test func anotherRoomInItsPlaceIsLoud() async throws {
        let home = try TestHome()
        let guest = try TestHome()
        let first = try await HostedRoom.direct(["--room", "lobby", "--persist", "one", "--no-passphrase"], home: home)
        let join = ["join", "lobby", "--direct", first.address, "--json"]
        let member = try TermTalkProcess(join + ["--accept-new-host"], home: guest)
        try await member.event("joined-room")
        first.host.send("/quit")
        _ = try await first.host.result()
        let second = try TermTalkProcess(
            ["host", "--direct", first.address, "--room", "lobby", "--json", "--persist", "two", "--no-passphrase"],
            home: home)
        try await second.event("ready")
        for more in [["--strict"], ["--accept-new-host"]] {
            let result = try await TermTalkProcess.run(join + more, home: guest)
            #expect(result.events("error").map(\.code) == ["host-key-mismatch"])
            #expect(result.status == 76)
        }
    }

    /// A person types the passphrase: what was mistyped is asked for again, and a pause is told as one.
    @Test(.enabled(if: Terminal.tmux != nil, "needs tmux")) func aPassphraseThatIsTyped() async throws {
        let home = try TestHome()
        let options = ["host", "--direct", "127.0.0.1:0", "--ttl", "20m", "--persist", "club"]
        let first = try await Terminal(options, home: home)
        try await first.shows("Passphrase of the room's keys:")
        try await first.type("correct horse")
        try await first.shows("Once more:")
        try await first.type("correct hose")
        try await first.shows("The two were not the same. Passphrase of the room's keys:")
        try await first.type("correct horse")
        try await first.seen("the second question") { rows in rows.filter { $0.contains("Once more:") }.count == 2 }
        try await first.type("correct horse")
        try await first.shows("/help lists the")
        try await first.type("/quit")
        let end = try await first.shows("status 0.")
        #expect(end.contains { $0.contains("the room is paused: the same command goes on with it") })
        #expect(!end.contains { $0.contains("has ended") })
        let rooms = try await TermTalkProcess.run(["rooms"], home: home)
        #expect(rooms.errors.contains("kept here: club; termtalk host --persist NAME goes on with one"))

        let second = try await Terminal(options, home: home)
        try await second.shows("Passphrase of the room's keys:")
        try await second.type("correct hose")
        try await second.shows("That is not the passphrase. Once more:")
        try await second.type("correct horse")
        try await second.shows("/help lists the")
        try await second.type("/end")
        #expect(try await second.shows("status 0.").contains { $0.contains("the host has ended it") })
        #expect(try await TermTalkProcess.run(["rooms"], home: home).errors.allSatisfy { !$0.contains("kept here") })
    }

    @Test func wrongPassphraseDamageAndAnotherVersionAreThreeThings() async throws {
        let home = try TestHome()
        let right = ["--persist", "club", "--passphrase-file", try home.write("right", "correct horse\n")]
        let wrong = ["--persist", "club", "--passphrase-file", try home.write("wrong", "correct hors\n")]
        let ready = try await Self.open(right, home)
        #expect(try await Self.open(right, home).room == ready.room)
        let path = Self.file(of: "club", in: home)
        let content = try Data(contentsOf: URL(filePath: path))
        #expect(content.firstRange(of: Data((ready.room ?? "").utf8)) == nil)

        #expect(try await Self.failure(wrong, home) == "passphrase-wrong 77")
        #expect(try await Self.failure(["--persist", "club", "--no-passphrase"], home) == "passphrase-wrong 77")
        #expect(try await Self.failure(right + ["--room", "other"], home) == "input-invalid 65")
        func change(_ body: (inout Data) -> Void) throws {
            var changed = content
            body(&changed)
            try changed.write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        }
        try change { $0[100] ^= 1 }
        let damaged = try Data(contentsOf: URL(filePath: path))
        #expect(try await Self.failure(right, home) == "persist-damaged 65")
        // Nothing was written over it.
        #expect(try Data(contentsOf: URL(filePath: path)) == damaged)
        try change { $0[14] = 2 }
        #expect(try await Self.failure(right, home) == "persist-version 76")
        try change { _ in }
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect(try await Self.failure(right, home) == "persist-unreadable 78")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(try await Self.open(right, home).hostKey == ready.hostKey)
    }

    @Test func cannotBeWritten() async throws {
        let home = try TestHome()
        try FileManager.default.removeItem(atPath: "\(home.path)/state")
        _ = try home.write("state", "a file where a folder should be")
        #expect(try await Self.failure(["--persist", "club", "--no-passphrase"], home) == "persist-unwritable 73")
        #expect(try await Self.failure(["--persist", "../club", "--no-passphrase"], home) == "room-invalid 65")
    }

    @Test(arguments: [
        ["--no-passphrase"], ["--passphrase-file", "x"],
        ["--persist", "a", "--no-passphrase", "--passphrase-file", "x"],
        ["--persist", "a", "--passphrase-file", "-", "--password-file", "-"], ["--persist", "a", "--passphrase", "x"],
    ])
    func options(more: [String]) async throws {
        #expect(try await TermTalkProcess.run(Self.place + more, home: TestHome()).status == 64)
    }

    @Test(.enabled(if: Terminal.tmux != nil, "needs tmux")) func atATerminal() async throws {
        let home = try TestHome()
        let arguments = ["host", "--direct", "127.0.0.1:0", "--persist", "club"]
        let question = "Passphrase of the room's keys:"
        do {
            let host = try await Terminal(arguments, home: home)
            try await host.shows(question)
            try await host.type("correct horse")
            try await host.shows("Once more:")
            try await host.type("correct horse")
            let screen = try await host.shows("it closes in 5 minutes")
            #expect(!screen.contains { $0.contains("horse") })
            try await host.type("/quit")
            try await host.shows("status 0.")
        }
        let host = try await Terminal(arguments, home: home)
        try await host.shows(question)
        try await host.type("correct hors")
        for attempt in 1...2 {
            try await host.seen("the question again") { rows in
                rows.filter { $0.contains("That is not the passphrase. Once more:") }.count == attempt
            }
            try await host.type("correct hors")
        }
        try await host.shows("the passphrase is wrong")
        let screen = try await host.shows("status 77.")
        #expect(!screen.contains { $0.contains("hors") })
    }

    /// Who forgets --persist is told, while the room can still be ended.
    @Test func aRoomBesideAKeptOne() async throws {
        let home = try TestHome()
        let kept = "kept here: club; termtalk host --persist NAME goes on with one"
        _ = try await Self.open(["--persist", "club", "--no-passphrase"], home)
        for (more, isTold) in [([], true), (["--headless"], true), (["--persist", "other", "--no-passphrase"], false)] {
            let host = try TermTalkProcess(["host", "--direct", "127.0.0.1:0", "--plain"] + more, home: home)
            try await host.line { $0.hasPrefix("expires") }
            if isTold { try await host.errorLine { $0.contains(kept) } }
            host.signal(SIGTERM)
            let result = try await host.result()
            #expect(result.errors.contains { $0.contains(kept) } == isTold, "\(result.errors)")
        }
    }

    @Test(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
    func keepsTheOnionAddress() async throws {
        let network = try await PrivateTorNetwork.shared()
        let home = try TestHome()
        var places: [String] = []
        for _ in 0..<2 {
            let host = try TermTalkProcess(
                ["host", "--onion", "--json", "--ttl", "20m", "--persist", "club", "--no-passphrase"]
                    + network.host.controlFlags, home: home)
            let ready = try await host.event("ready")
            let (room, address) = (try #require(ready.room), try #require(ready.address))
            places.append("\(room) \(address) \(ready.hostKey ?? "")")
            // By id and address, as somebody would who wrote them down the first time.
            let said = try await TermTalkProcess.run(
                ["say", room, "hello", "--onion", address, "--json"] + network.client.controlFlags, home: TestHome())
            #expect(said.status == 0, "\(said.output)")
            host.send("/quit")
            #expect(try await host.result().status == 0)
        }
        #expect(places[0] == places[1])
    }
}
