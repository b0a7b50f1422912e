import Foundation
import Testing

/// The rooms that a machine knows of: `termtalk rooms`, and `join` with a room id alone.
struct RegistryTests {
    private struct Line: Decodable {
        var room: String
        var transport: String
        var address: String
        var host_key: String
        var expires: String?
    }

    @Test func roomIsListedWhileItIsOpen() async throws {
        let hosted = try await HostedRoom.direct(["--room", "listed"])
        try await hosted.waitUntilRegistered()
        let json = try await TermTalkProcess.run(["rooms", "--json"], home: hosted.home)
        #expect(json.status == 0)
        #expect(json.errors == [])
        #expect(json.output.count == 1)
        let line = try JSONDecoder().decode(Line.self, from: Data(try #require(json.output.first).utf8))
        #expect(line.room == "listed")
        #expect(line.transport == "direct")
        #expect(line.address == hosted.address)
        #expect(line.host_key == hosted.hostKey)
        #expect(line.expires == hosted.ready.expires)
        let plain = try await TermTalkProcess.run(["rooms"], home: hosted.home)
        #expect(plain.status == 0)
        #expect(plain.output.count == 1)
        #expect(plain.output.first?.contains("listed") == true)
        #expect(plain.output.first?.contains(hosted.address) == true)

        hosted.host.send("/quit")
        #expect(try await hosted.host.result().status == 0)
        for arguments in [["rooms"], ["rooms", "--json"]] {
            let after = try await TermTalkProcess.run(arguments, home: hosted.home)
            #expect(after.status == 0)
            #expect(after.output == [])
        }
    }

    @Test func onlyItsOwnerMayReadIt() async throws {
        let hosted = try await HostedRoom.direct()
        try await hosted.waitUntilRegistered()
        let permissions = try FileManager.default.attributesOfItem(atPath: hosted.home.registryPath)[.posixPermissions]
        #expect(permissions as? Int == 0o600)
    }

    @Test func severalRoomsAtATime() async throws {
        let home = try TestHome()
        let names = ["one", "two", "three"]
        var hosts: [HostedRoom] = []
        for name in names {
            hosts.append(try await HostedRoom.direct(["--room", name], home: home))
        }
        for host in hosts { try await host.waitUntilRegistered() }
        let listed = try await TermTalkProcess.run(["rooms", "--json"], home: home)
        #expect(listed.output.count == 3)
        for host in hosts { host.host.send("/quit") }
        for host in hosts { #expect(try await host.host.result().status == 0) }
        #expect(try await TermTalkProcess.run(["rooms"], home: home).output == [])
    }

    @Test func joinByTheRoomAlone() async throws {
        let hosted = try await HostedRoom.direct(["--room", "mine"])
        try await hosted.waitUntilRegistered()
        let joiner = try TermTalkProcess(["join", "mine", "--json"], home: hosted.home)
        let joined = try await joiner.event("joined-room")
        #expect(joined.trust == "known")
        #expect(joined.room == "mine")
        #expect(joined.hostKey == hosted.hostKey)
    }

    @Test func damagedRegistryIsSetAside() async throws {
        let home = try TestHome()
        let damaged = #"{"version":1,"entries":[{"room":"precious""#
        _ = try home.write(".termtalk_rooms.json", damaged)

        let rooms = try await TermTalkProcess.run(["rooms"], home: home)
        #expect(rooms.status == 78)
        #expect(rooms.errors.first?.hasPrefix("termtalk: ") == true)
        #expect(rooms.errors.last?.hasPrefix("hint: ") == true)
        let join = try await TermTalkProcess.run(["join", "precious", "--json"], home: home)
        #expect(join.events("warning").map(\.code) == ["registry-unreadable"])
        #expect(join.status == 69)
        // Who only reads changes nothing.
        #expect(try String(contentsOfFile: home.registryPath, encoding: .utf8) == damaged)

        let hosted = try await HostedRoom.direct(home: home)
        #expect(try await hosted.host.event("warning").code == "registry-unreadable")
        let names = try FileManager.default.contentsOfDirectory(atPath: home.path)
        let kept = try #require(names.first { $0.hasPrefix(".termtalk_rooms.json") && $0.contains(".damaged") })
        #expect(try String(contentsOfFile: "\(home.path)/\(kept)", encoding: .utf8) == damaged)
        let after = try await TermTalkProcess.run(["rooms"], home: home)
        #expect(after.status == 0)
        #expect(after.output.count == 1)
    }

    @Test func registryOfAnotherVersionIsNotOverwritten() async throws {
        let home = try TestHome()
        let future = #"{"version":2,"rooms":{}}"#
        _ = try home.write(".termtalk_rooms.json", future)
        let hosted = try await HostedRoom.direct(home: home)
        #expect(try await hosted.host.event("warning").code == "registry-unreadable")
        let kept = try FileManager.default.contentsOfDirectory(atPath: home.path).filter { $0.contains(".damaged") }
        #expect(kept.count == 1)
    }

    /// Nothing that is in the place of the registry, or holds its lock, keeps a room from beginning or ending.
    @Test(arguments: ["lock", "fifo", "fifo as lock", "link"])
    func theRoomEndsAllTheSame(_ obstacle: String) async throws {
        let home = try TestHome()
        let lock = "\(home.registryPath).lock"
        var descriptor: Int32 = -1
        defer { if descriptor >= 0 { close(descriptor) } }
        switch obstacle {
        case "lock":
            descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            #expect(flock(descriptor, LOCK_EX) == 0)
        case "fifo": #expect(mkfifo(home.registryPath, 0o600) == 0)
        case "fifo as lock": #expect(mkfifo(lock, 0o600) == 0)
        default:
            try FileManager.default.createSymbolicLink(
                atPath: home.registryPath, withDestinationPath: try home.write("elsewhere", "precious"))
        }
        let result = try await TermTalkProcess.run(
            ["host", "--direct", "127.0.0.1:0", "--json", "--ttl", "2s"], home: home, input: .pipe, seconds: 60)
        #expect(result.status == 0)
        #expect(result.events("closed").map(\.reason) == ["ttl"])
        let codes = Set(result.events("warning").map(\.code))
        #expect(codes == [["lock", "fifo as lock"].contains(obstacle) ? "registry-unwritable" : "registry-unreadable"])
        #expect((try? String(contentsOfFile: "\(home.path)/elsewhere", encoding: .utf8)) ?? "precious" == "precious")
    }

    @Test func filesOfOthersAreNotRead() async throws {
        let hosted = try await HostedRoom.direct(["--room", "mine"])
        try await hosted.waitUntilRegistered()
        for change in [[.posixPermissions: 0o660], [.posixPermissions: 0o600, .ownerAccountID: 1_000]]
            as [[FileAttributeKey: Int]]
        {
            try FileManager.default.setAttributes(change, ofItemAtPath: hosted.home.registryPath)
            let rooms = try await TermTalkProcess.run(["rooms"], home: hosted.home)
            #expect(rooms.status == 78)
            #expect(rooms.output == [])
        }
    }

    @Test func homeThatCannotBeWritten() async throws {
        let host = try TermTalkProcess(
            ["host", "--direct", "127.0.0.1:0", "--json"], home: TestHome(), environment: ["HOME": "/proc"])
        host.closeInput()
        let result = try await host.result()
        // The room is more important than its entry.
        #expect(result.events("ready").count == 1)
        #expect(result.events("warning").first?.code == "registry-unwritable")
        #expect(result.status == 0)
    }
}

extension HostedRoom {
    /// The entry is written behind the announcement; whoever is in the room by then has to wait for nothing else.
    func waitUntilRegistered() async throws {
        try await home.wait(forFile: home.registryPath) { $0.contains(hostKey) }
    }
}
