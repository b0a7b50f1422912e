import PrivateTorNetwork
import TermTalk
import Testing
import Transport

/// Where a direct room listens, and what its invite names.
struct AddressTests {
    @Test("[::] takes both families, and the invite names no loopback of one family only")
    func bothFamilies() async throws {
        let hosted = try await HostedRoom.direct(at: ["[::]:0"])
        let port = try #require(hosted.address.split(separator: ":").last)
        for address in ["127.0.0.1:\(port)", "[::1]:\(port)"] {
            let joiner = try TermTalkProcess(
                ["join", hosted.room, "--direct", address, "--host-key", hosted.hostKey, "--json"], home: TestHome())
            #expect(try await joiner.event("joined-room").address == address)
        }
    }

    @Test func severalAddresses() async throws {
        let hosted = try await HostedRoom.direct(at: ["127.0.0.1:0", "127.0.0.2:0", "[::1]:0"])
        let places = hosted.invite.split(separator: "@")[1].split(separator: "/")[0].split(separator: ",").map(
            String.init)
        #expect(places.map { $0.prefix { $0 != "]" }.split(separator: ":").first } == ["127.0.0.1", "127.0.0.2", "["])
        #expect(hosted.address == places[0])
        for address in places {
            let joiner = try TermTalkProcess(
                ["join", hosted.room, "--direct", address, "--host-key", hosted.hostKey, "--json"], home: TestHome())
            #expect(try await joiner.event("joined-room").address == address)
        }
        _ = try await hosted.join()
    }

    @Test("With an invite, --direct names another address of the same room")
    func anotherAddressThanTheInvites() async throws {
        let hosted = try await HostedRoom.direct(at: ["0.0.0.0:0"])
        let address = "127.0.0.2:\(hosted.address.split(separator: ":").last ?? "")"
        #expect(!hosted.invite.contains("127.0.0.2"))
        let joiner = try hosted.startJoin(["--direct", address])
        let joined = try await joiner.event("joined-room")
        #expect(joined.address == address && joined.trust == "invite")
    }

    @Test func whatIsAlwaysWrong() async throws {
        for arguments in [
            ["--direct", "127.0.0.1:0", "--port", "80"],
            Array(repeating: ["--direct", "127.0.0.1:0"], count: 5).flatMap(\.self),
        ] {
            try await expectFailure(["host"] + arguments, code: "usage", status: 64)
        }
    }

    @Test("Beside each other: one that refuses, one that is not the room, and one that never answers cost no stay")
    func oneAddressOfFour() async throws {
        let hosted = try await HostedRoom.direct()
        let (closing, silent) = (try FakePeer(.closes), try FakePeer(.says([])))
        let room = try Invite(parsing: hosted.invite)
        let places = [closing.address, "127.0.0.1:\(try LoopbackAddress.unusedPort())", silent.address, hosted.address]
            .map { try? HostPort(parsing: $0) }.compactMap(\.self)
        let invite = Invite(
            room: room.room, address: .direct(places[0]), alternatives: places.dropFirst().map { .direct($0) },
            hostKey: room.hostKey,
            creatorKey: room.creatorKey, secret: room.secret)
        let joiner = try TermTalkProcess(["join", invite.text, "--json"], home: TestHome())
        #expect(try await joiner.event("joined-room").address == hosted.address)
    }
}
