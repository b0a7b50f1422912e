import Chat
import Foundation
import SharedLog
import Sodium
import TermTalk
import TestSupport
import Testing

/// Rooms that are found by their id from other machines, `--registry`, with the program and a real redis-server. A machine is a home of
/// its own.
@Suite(.enabled(if: RedisServer.program != nil, "needs redis-server(1), 7.0 or later"))
struct SharedRegistryTests {
    private let server: RedisServer
    private var flags: [String] { ["--registry", "redis://127.0.0.1:\(server.port ?? 0)"] }

    init() throws {
        SodiumLibrary.initialize()
        server = try RedisServer(onPort: true)
        try server.ask("PING")
    }

    private func keys(_ room: String) throws -> RegistryKeys {
        let name = try #require(RoomName(room))
        return try #require(RegistryKeys(room: name))
    }

    private func waitForRecord(_ hosted: HostedRoom, isThere: Bool = true) async throws {
        let keys = try keys(hosted.room)
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        while try server.ask("EXISTS \(keys.name)") != .integer(isThere ? 1 : 0) {
            try #require(ContinuousClock.now < deadline, "the record did not come, or go")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func put(_ bytes: [UInt8], of room: String) throws {
        let connection = try #require(BlockingRedis(path: server.socketPath))
        let words: [[UInt8]] = [Array("SET".utf8), Array(try keys(room).name.utf8), bytes]
        #expect(try connection.ask(words) == .text(Array("OK".utf8)))
    }

    /// What joining by the id alone ends with: status and code.
    private func failure(_ room: String, _ more: [String] = []) async throws -> String {
        let result = try await TermTalkProcess.run(["join", room, "--json"] + flags + more, home: TestHome())
        let error = result.events("error").first
        #expect(error?.hint?.isEmpty == false)
        return "\(result.status) \(error?.code ?? "none")"
    }

    @Test func aRoomIsFoundByItsIdFromAnotherMachine() async throws {
        let hosted = try await HostedRoom.direct(flags)
        try await waitForRecord(hosted)
        // What Redis holds tells nothing of the room.
        guard case .bytes(let sealed?) = try server.ask("GET \(try keys(hosted.room).name)") else {
            Issue.record("no record")
            return
        }
        for secret in [hosted.room, hosted.address] {
            #expect(sealed.firstRange(of: Array(secret.utf8)) == nil)
            #expect(try server.ask("KEYS *\(secret)*") == .array([]))
        }

        let guest = try TestHome()
        // Nobody vouches for the host's key, but the person.
        #expect(try await failure(hosted.room) == "76 host-key-unknown")
        let member = try TermTalkProcess(["join", hosted.room, "--json", "--accept-new-host"] + flags, home: guest)
        let joined = try await member.event("joined-room")
        #expect(joined.trust == "new" && joined.hostKey == hosted.hostKey && joined.transport == "direct")
        member.send("/quit")
        #expect(try await member.result().status == 0)
        // Another time it is known.
        let again = try await TermTalkProcess.run(["join", hosted.room, "--json"] + flags, home: guest)
        #expect(again.events("joined-room").map(\.trust) == ["known"])
        let named = try await TermTalkProcess.run(
            ["join", hosted.room, "--json", "--host-key", hosted.hostKey] + flags, home: TestHome())
        #expect(named.events("joined-room").map(\.trust) == ["known"])

        hosted.host.send("/quit")
        #expect(try await hosted.host.result().status == 0)
        #expect(try server.ask("DBSIZE") == .integer(0))
        #expect(try await failure(hosted.room) == "69 no-such-room")
    }

    @Test("The record of a host that was killed goes by itself, within a minute")
    func killed() async throws {
        let hosted = try await HostedRoom.direct(flags)
        try await waitForRecord(hosted)
        hosted.host.signal(SIGKILL)
        try await waitForRecord(hosted, isThere: false)
        #expect(try await failure(hosted.room) == "69 no-such-room")
    }

    @Test("What others write there leads nobody to a wrong host without a word")
    func hostileRecords() async throws {
        let impostor = try await HostedRoom.direct(["--room", "wanted"])
        let real = try await HostedRoom.direct(["--room", "wanted"])
        try put(Array("nonsense".utf8), of: "wanted")
        #expect(try await failure("wanted", ["--accept-new-host"]) == "76 registry-forged")

        let now = Int64(Date().timeIntervalSince1970)
        var record = RegistryRecord(
            addresses: [try RoomAddress(impostor.address)],
            hostKey: try #require(X25519.PublicKey(text: impostor.hostKey)),
            writtenAt: now, endsAt: nil)
        // Of another room, put into this one's place.
        try put(try keys("another").seal(record), of: "wanted")
        #expect(try await failure("wanted", ["--accept-new-host"]) == "76 registry-forged")
        // By somebody who knows the id.
        try put(try keys("wanted").seal(record), of: "wanted")
        #expect(try await failure("wanted") == "76 host-key-unknown")
        #expect(try await failure("wanted", ["--host-key", real.hostKey]) == "76 registry-forged")
        // The key of one, and the place of another.
        record.hostKey = try #require(X25519.PublicKey(text: real.hostKey))
        try put(try keys("wanted").seal(record), of: "wanted")
        #expect(try await failure("wanted", ["--accept-new-host"]) == "76 host-key-mismatch")
        #expect(try await failure("wanted", ["--host-key", real.hostKey]) == "76 host-key-mismatch")
        // One that was kept.
        record.writtenAt = now - 2 * 3_600
        try put(try keys("wanted").seal(record), of: "wanted")
        #expect(try await failure("wanted", ["--accept-new-host"]) == "76 registry-forged")
        // Whose host would see who comes.
        record.writtenAt = now
        record.addresses = [try RoomAddress("192.0.2.1:12345")]
        try put(try keys("wanted").seal(record), of: "wanted")
        #expect(try await failure("wanted", ["--accept-new-host"]) == "77 direct-not-allowed")
    }

    @Test("An invite says whom to trust, and the registry where the room is by now")
    func anInviteFindsARoomThatHasMoved() async throws {
        let home = try TestHome()
        let options = ["--persist", "club", "--no-passphrase"] + flags
        let first = try await HostedRoom.direct(options, home: home)
        try await waitForRecord(first)
        first.host.send("/quit")
        #expect(try await first.host.result().status == 0)
        let second = try await HostedRoom.direct(options, home: home)
        try await waitForRecord(second)
        #expect(second.address != first.address)
        let member = try await first.join(flags)
        let joined = try await member.event("joined-room")
        #expect(joined.trust == "invite" && joined.address == second.address)
        member.send("/quit")
        #expect(try await member.result().status == 0)
        // What another one has put there is told, and not followed.
        let now = Int64(Date().timeIntervalSince1970)
        let record = RegistryRecord(
            addresses: [try RoomAddress("127.0.0.1:9")], hostKey: X25519.PrivateKey().publicKey, writtenAt: now,
            endsAt: nil)
        try put(try keys(second.room).seal(record), of: second.room)
        let told = try await second.join(flags)
        #expect(try await told.event("warning").code == "registry-forged")
        // Nor does a host lead anybody to where its address is seen who has not said that it may be.
        let other = try RedisServer()
        try other.ask("PING")
        let elsewhere = RegistryRecord(
            addresses: [try RoomAddress("192.0.2.1:9")], hostKey: try #require(X25519.PublicKey(text: second.hostKey)),
            writtenAt: now, endsAt: nil)
        let sealing = try keys(second.room)
        let words: [[UInt8]] = [Array("SET".utf8), Array(sealing.name.utf8), sealing.seal(elsewhere)]
        #expect(try BlockingRedis(path: other.socketPath)?.ask(words) == .text(Array("OK".utf8)))
        let kept = try await second.join(["--registry", "unix:\(other.socketPath)"])
        #expect(try await kept.event("warning").code == "direct-not-allowed")
        // A registry that is away keeps nobody with an invite out.
        server.kill()
        let without = try await second.join(flags)
        #expect(try await without.event("warning").code == "registry-unreachable")
    }

    @Test("A member whose host was killed goes to where it begins again")
    func aMemberFollows() async throws {
        let home = try TestHome()
        let options = ["--persist", "club", "--no-passphrase"] + flags
        let first = try await HostedRoom.direct(options, home: home)
        try await waitForRecord(first)
        let member = try await first.join(flags)
        first.host.signal(SIGKILL)
        try await member.event("connection") { $0.state != "connected" }
        let second = try await HostedRoom.direct(options, home: home)
        #expect(second.address != first.address)
        // Whether its absence was long enough to be told depends on the machine.
        member.send("still the same room")
        try await second.host.event("message") { $0.text == "still the same room" }
    }

    @Test func aRegistryThatIsAwayIsToldAndEndsNoRoom() async throws {
        server.kill()
        let hosted = try await HostedRoom.direct(flags)
        #expect(try await hosted.host.event("warning").code == "registry-unreachable")
        _ = try await hosted.join()
        #expect(try await failure(hosted.room) == "69 registry-unreachable")
        try server.start()
        // It is announced when it is there again.
        try await waitForRecord(hosted)
        hosted.host.send("/quit")
        #expect(try await hosted.host.result().status == 0)
    }

    @Test func onlyWhatHasANameIsListed() async throws {
        let named = try await HostedRoom.direct(flags + ["--announce-name", "Kitchen table", "--room", "kitchen"])
        let hidden = try await HostedRoom.direct(flags)
        try await waitForRecord(named)
        try await waitForRecord(hidden)
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        while try server.ask("DBSIZE") != .integer(3) {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(50))
        }
        let listed = try await TermTalkProcess.run(["rooms"] + flags, home: TestHome())
        #expect(listed.status == 0)
        #expect(listed.output == ["kitchen  direct  \(named.address)  Kitchen table"])
        let json = try await TermTalkProcess.run(["rooms", "--json"] + flags, home: TestHome())
        #expect(json.output.count == 1 && json.output.first?.contains(#""name":"Kitchen table""#) == true)
        named.host.send("/quit")
        #expect(try await named.host.result().status == 0)
        #expect(try await TermTalkProcess.run(["rooms"] + flags, home: TestHome()).output == [])
        server.kill()
        #expect(try await TermTalkProcess.run(["rooms"] + flags, home: TestHome()).status == 69)
    }

    @Test(
        "A registry on another machine is asked through tor, its name is not looked up here, and it leads to no port of this one"
    )
    func throughTor() async throws {
        let hosted = try await HostedRoom.direct(flags)
        try await waitForRecord(hosted)
        let proxy = try SocksStub(to: server.port ?? 0)
        let result = try await TermTalkProcess.run(
            [
                "join", hosted.room, "--json", "--accept-new-host", "--registry", "redis://registry.example:7000",
                "--tor-socks", "127.0.0.1:\(proxy.port)",
            ], home: TestHome())
        #expect(proxy.asked == ["registry.example:7000"])
        #expect(result.status == 76)
        #expect(result.events("error").map(\.code) == ["registry-forged"])
        let list = try await TermTalkProcess.run(["rooms", "--registry", "redis://registry.example"], home: TestHome())
        #expect(list.status == 77)
    }

    @Test func usage() async throws {
        for arguments in [
            ["host", "--direct", "127.0.0.1:0", "--announce-name", "x"], ["host", "--lan"] + flags,
            ["join", "room", "--onion", "x"] + flags, ["join", "room", "--direct", "127.0.0.1:1"] + flags,
            ["join", "room", "--registry-password-file", "x"],
        ] {
            #expect(try await TermTalkProcess.run(arguments, home: TestHome()).status == 64, "\(arguments)")
        }
        for registry in [
            "redis://user:secret@127.0.0.1", "rediss://127.0.0.1", "http://127.0.0.1", "unix:", "redis://127.0.0.1/1",
        ] {
            let result = try await TermTalkProcess.run(
                ["join", "room", "--json", "--registry", registry], home: TestHome())
            #expect(result.status == 65 && result.events("error").map(\.code) == ["address-invalid"], "\(registry)")
            #expect(!result.output.joined().contains("secret"))
        }
    }

    @Test func withAPassword() async throws {
        let guarded = try RedisServer(["--requirepass", "opensesame"])
        let home = try TestHome()
        let file = try home.write("password", "opensesame\n")
        let flags = ["--registry", "unix:\(guarded.socketPath)"]
        let hosted = try await HostedRoom.direct(flags + ["--registry-password-file", file], home: home)
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        var result: TermTalkProcess.Result?
        while result?.status != 0 {
            try #require(ContinuousClock.now < deadline, "\(String(describing: result?.output))")
            result = try await TermTalkProcess.run(
                ["join", hosted.room, "--json", "--accept-new-host", "--registry-password-file", file] + flags,
                home: TestHome())
        }
        let refused = try await TermTalkProcess.run(["join", hosted.room, "--json"] + flags, home: TestHome())
        #expect(refused.status == 69)
        #expect(refused.events("error").first?.message?.contains("NOAUTH") == true)
    }
}
