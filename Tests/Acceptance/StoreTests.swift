import Foundation
import SharedLog
import TestSupport
import Testing

@testable import TermTalk

/// `host --store`: several processes hold one room through a real redis-server.
struct StoreTests {
    static let name = "club"
    static let place = ["host", "--json", "--headless", "--persist", name, "--no-passphrase"]

    /// Another machine, with a copy of the room's file.
    static func copy(of home: TestHome) throws -> TestHome {
        let other = try TestHome()
        let folder = "state/termtalk/rooms"
        try FileManager.default.createDirectory(
            atPath: "\(other.path)/\(folder)", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let copy = "\(other.path)/\(folder)/\(name).room"
        try FileManager.default.copyItem(atPath: "\(home.path)/\(folder)/\(name).room", toPath: copy)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: copy)
        return other
    }

    static func host(
        _ home: TestHome, _ server: RedisServer, at address: String = "127.0.0.1:0", ttl: String = "none",
        more: [String] = []
    ) throws -> TermTalkProcess {
        try TermTalkProcess(
            place + ["--direct", address, "--ttl", ttl, "--store", "redis://127.0.0.1:\(server.port ?? 0)"] + more,
            home: home)
    }

    private func join(_ invite: String, _ address: String, _ nick: String) async throws -> TermTalkProcess {
        let joiner = try TermTalkProcess(
            ["join", invite, "--direct", address, "--json", "--nick", nick], home: TestHome())
        try await joiner.event("joined-room")
        return joiner
    }

    private func say(_ text: String, _ speaker: TermTalkProcess, to others: [TermTalkProcess]) async throws {
        try await speaker.knows(others)
        speaker.send(text)
        for person in others + [speaker] { try await person.event("message") { $0.text == text } }
    }

    @Test(.enabled(if: RedisServer.program != nil, "needs redis-server(1), 7.0 or later"))
    func twoHosts() async throws {
        let server = try RedisServer(onPort: true)
        try server.ask("PING")
        let home = try TestHome()
        let first = try Self.host(home, server)
        let ready = try await first.event("ready")
        let otherHome = try Self.copy(of: home)
        let second = try Self.host(otherHome, server)
        let otherReady = try await second.event("ready")
        let (address, other) = (try #require(ready.address), try #require(otherReady.address))
        #expect(otherReady.hostKey == ready.hostKey && otherReady.room == ready.room && address != other)

        let alice = try await join(try #require(ready.invite), address, "alice")
        let invite = try #require(try await alice.event("invite").invite)
        let bob = try await join(invite, other, "bob")
        try await say("from alice", alice, to: [bob])
        try await say("from bob", bob, to: [alice])

        // Redis is started again: what is said meanwhile comes then.
        server.kill()
        alice.send("while there is no store")
        try await first.event("warning") { $0.code == "store-unavailable" }
        try server.start()
        try await bob.event("message") { $0.text == "while there is no store" }

        // A host is killed; its members come back to one that takes its place.
        first.signal(SIGKILL)
        _ = try await first.result()
        bob.send("while alice is away")
        try await bob.event("message") { $0.text == "while alice is away" }
        let third = try Self.host(try Self.copy(of: home), server, at: address)
        try await third.event("ready")
        try await alice.event("message") { $0.text == "while alice is away" }
        try await say("back again", alice, to: [bob])

        // Redis holds nothing that tells of the room, and nothing in clear.
        guard case .array(let keys?) = try server.ask("KEYS *") else {
            Issue.record("no keys")
            return
        }
        let room = try #require(ready.room)
        #expect(!keys.isEmpty)
        for case .bytes(let key?) in keys {
            let name = String(decoding: key, as: UTF8.self)
            #expect(name.hasPrefix("termtalk:{") && !name.contains(room))
        }

        // For the others it is nothing when one is stopped.
        third.signal(SIGTERM)
        #expect(try await third.result().status == 0)
        try await say("still here", bob, to: [])
    }

    @Test(
        "The members of a host that is killed go on at another by themselves, with all that is said, once",
        .enabled(if: RedisServer.program != nil, "needs redis-server(1), 7.0 or later"))
    func membersGoOver() async throws {
        let server = try RedisServer(onPort: true)
        try server.ask("PING")
        let home = try TestHome()
        let first = try Self.host(home, server)
        let ready = try await first.event("ready")
        let second = try Self.host(try Self.copy(of: home), server)
        let (address, other) = (
            try #require(ready.address), try #require(try await second.event("ready").address)
        )
        for host in [first, second] { try await host.event("room-hosts") { $0.addresses?.count == 2 } }

        // One address of the invite is that of the first host alone; members learn the other one in the room.
        let alice = try TermTalkProcess(
            ["join", try #require(ready.invite), "--json", "--nick", "alice"], home: TestHome())
        #expect(try await alice.event("joined-room").address == address)
        try await alice.event("room-hosts") { $0.addresses == [address, other] }
        let invite = try #require(try await alice.event("invite").invite)
        let shown = try Invite(parsing: invite)
        #expect([shown.address.text] + shown.alternatives.map(\.text) == [address, other])
        let bob = try await join(invite, address, "bob")
        try await bob.event("room-hosts")
        let carol = try await join(invite, other, "carol")
        let people = [alice, bob, carol]
        for person in people { try await person.knows(people) }
        for (person, name) in zip(people, ["alice", "bob", "carol"]) { person.send("before, by \(name)") }
        for person in people { _ = try await person.events("message", count: 3) }

        first.signal(SIGKILL)
        _ = try await first.result()
        for (person, name) in zip(people, ["alice", "bob", "carol"]) { person.send("after, by \(name)") }
        for person in people { _ = try await person.events("message", count: 6) }
        for person in [alice, bob] {
            try await person.event("connection") { $0.state == "connected" }
            try await person.event("room-hosts") { $0.addresses == [other] }
        }
        // An invite of before leads to the host that is left, and one of now names that alone.
        let dave = try TermTalkProcess(["join", invite, "--json", "--nick", "dave"], home: TestHome())
        #expect(try await dave.event("joined-room").address == other)
        alice.send("/invite")
        try await alice.event("invite") { (try? Invite(parsing: $0.invite ?? ""))?.address.text == other }

        var orders: Set<[String]> = []
        for person in people {
            person.send("/quit")
            let result = try await person.result()
            #expect(result.events("joined-room").count == 1 && result.events("warning").isEmpty)
            orders.insert(result.events("message").compactMap(\.text))
        }
        #expect(orders.count == 1 && orders.first?.count == 6)
    }

    @Test(.enabled(if: RedisServer.program != nil, "needs redis-server(1), 7.0 or later"))
    func theEnd() async throws {
        let server = try RedisServer(onPort: true)
        try server.ask("PING")
        let home = try TestHome()
        let first = try Self.host(home, server)
        let ready = try await first.event("ready")
        let otherHome = try Self.copy(of: home)
        let second = try Self.host(otherHome, server)
        let other = try #require(try await second.event("ready").address)
        let alice = try await join(try #require(ready.invite), other, "alice")
        try await alice.event("invite")
        alice.send("/end")
        try await alice.event("closed")
        // At all hosts, and nothing stays.
        for (host, place) in [(first, home), (second, otherHome)] {
            _ = try await host.result()
            #expect(
                !FileManager.default.fileExists(atPath: "\(place.path)/state/termtalk/rooms/\(Self.name).room"))
        }
    }

    @Test func usage() async throws {
        let store = ["--store", "redis://127.0.0.1:1"]
        for more in [
            ["--direct", "127.0.0.1:0", "--persist", "x", "--no-passphrase"] + store,
            ["--direct", "127.0.0.1:0", "--headless"] + store,
            ["--headless", "--persist", "x", "--no-passphrase"] + store,
            ["--direct", "127.0.0.1:0", "--headless", "--store-password-file", "x"],
            ["--direct", "127.0.0.1:0", "--headless", "--persist", "x", "--no-passphrase", "--files", "1M"] + store,
        ] {
            let result = try await TermTalkProcess.run(["host"] + more, home: TestHome())
            #expect(result.status == 64, "\(more)")
        }
        // Beside an onion room whose host nobody is to find, nothing is dialed without tor; and what no host could read is not kept.
        let onion = "gfsciiiodofyykzz2ntnpumwc2gnjtiohuq5l4spki2l5p4fpxtktuqd.onion"
        let kept = ["host", "--headless", "--persist", "x", "--no-passphrase", "--store"]
        try await expectFailure(
            kept + ["redis://192.0.2.1", "--behind", onion, "--listen", "127.0.0.1:0"], code: "direct-not-allowed",
            status: 77)
        try await expectFailure(
            kept + ["redis://127.0.0.1:1", "--direct", "127.0.0.1:0", "--keep-size", "65M"], code: "input-invalid",
            status: 65)
        for address in ["rediss://127.0.0.1", "redis://u:p@127.0.0.1", "http://127.0.0.1", "redis://127.0.0.1/3"] {
            try await expectFailure(
                [
                    "host", "--headless", "--persist", "x", "--no-passphrase", "--direct", "127.0.0.1:0", "--store",
                    address,
                ], code: "address-invalid", status: 65)
        }
    }

    /// Without its store a host lets nobody in, and says so.
    @Test func noStore() async throws {
        let host = try TermTalkProcess(
            Self.place + ["--direct", "127.0.0.1:0", "--store", "unix:/nowhere/redis.sock"], home: TestHome())
        try await host.event("warning") { $0.code == "store-unavailable" }
        host.signal(SIGTERM)
        let result = try await host.result()
        #expect(result.events("ready").isEmpty)
    }

    @Test(.enabled(if: RedisServer.program != nil, "needs redis-server(1), 7.0 or later"))
    func otherTerms() async throws {
        let server = try RedisServer(onPort: true)
        try server.ask("PING")
        let home = try TestHome()
        let first = try Self.host(home, server)
        try await first.event("ready")
        let second = try Self.host(try Self.copy(of: home), server, more: ["--max-members", "7"])
        let result = try await second.result()
        #expect(result.events("error").map(\.code) == ["input-invalid"] && result.status == 65)
    }
}
