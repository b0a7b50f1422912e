import Discovery
import Foundation
import TestSupport
import Testing

/// Somebody at the network announces what it likes.
@Suite(.enabled(if: NetworkLab.isAvailable, NetworkLab.reason))
struct HostileLANTests {
    private struct Service: Encodable {
        var name: String
        var host = "h"
        var address = "192.168.7.66"
        var port = 12_345
        /// In hexadecimal; nil to tell the name only.
        var txt: [String]?
    }

    /// A service that those recognise who know the room.
    private static func service(of room: String, shownAs name: String? = nil, host: String) -> Service {
        let announcement = RoomAnnouncement(room: room, name: name)
        return Service(name: announcement.tag.name, host: host, txt: announcement.strings.map { hex($0) })
    }

    private static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "announcer.py")
        .path

    /// Returns when all has been told once; it is told again and again.
    ///
    /// - Parameter mode: `take` to answer, too, for each name that is heard.
    private func announce(
        _ services: [Service], by machine: LabMachine, _ mode: String = ""
    ) async throws -> TermTalkProcess {
        let file = try machine.home.write(
            "services.json", String(decoding: try JSONEncoder().encode(services), as: UTF8.self))
        let announcer = try machine.start(["python3", Self.script, "192.168.7.66", file, mode])
        _ = try await announcer.line { $0 == "sent" }
        return announcer
    }

    private func attacker(in pair: LANPair) async throws -> LabMachine {
        try await pair.lab.addMachine("attacker", [("lan", ["192.168.7.66/24"])])
    }

    @Test("Addresses that are not of the network are not dialed, false ones of it lead on to the room")
    func falseAddresses() async throws {
        let pair = try await LANPair()
        let attacker = try await attacker(in: pair)
        // What goes anywhere else would be seen, on its way there.
        try await pair.guest.run("ip route add default via 192.168.7.66")
        let addresses = [
            "11.0.0.9", "10.0.0.1", "127.0.0.1", "224.0.0.9", "255.255.255.255", "0.0.0.0", "192.168.7.66",
        ]
        let services = addresses.enumerated().map { index, address in
            var service = Self.service(of: LANPair.room, host: "false\(index)")
            service.address = address
            return service
        }
        var port = Self.service(of: LANPair.room, host: "p")
        port.port = 0
        let announcer = try await announce(services + [port], by: attacker)
        defer { announcer.signal(SIGTERM) }
        let capture = try await pair.guest.capture()
        let none = try await pair.join([LANPair.room, "--accept-new-host"], home: TestHome()).result()
        #expect(none.status == 69, "\(none.output)")
        let (host, ready) = try await pair.open()
        defer { host.signal(SIGTERM) }
        let guest = try pair.join([LANPair.room, "--accept-new-host"], home: TestHome())
        #expect(try await guest.event("joined-room").hostKey == ready.hostKey)
        let packets = try await capture.finish()
        /// Whether the guest has sent a packet there: source and destination stand beside each other (RFC 791, 3.1).
        func sent(to address: [UInt8]) -> Bool { packets.range(of: Data([192, 168, 7, 2] + address)) != nil }
        #expect(sent(to: [192, 168, 7, 66]), "else the test sees nothing")
        for address in [[11, 0, 0, 9], [10, 0, 0, 1], [224, 0, 0, 9], [255, 255, 255, 255]] as [[UInt8]] {
            #expect(!sent(to: address), "\(address)")
        }
    }

    @Test("What stands in an announcement reaches no terminal, and nothing of it is believed that does not fit")
    func naughtyTexts() async throws {
        let pair = try await LANPair()
        let attacker = try await attacker(in: pair)
        let junk: [[String]] = [
            [], ["00"], ["ff", "fe"], [hex(Array("v=1".utf8))], Array(repeating: "78", count: 200),
            [String(repeating: "41", count: 255)],
        ]
        var services = junk.enumerated().map {
            Service(name: RoomAnnouncement(room: "junk", name: nil).tag.name, host: "junk\($0)", txt: $1)
        }
        services.append(Service(name: "\u{1B}[2J", host: "name", txt: [hex(Array("v=1".utf8))]))
        services.append(Self.service(of: "red", shownAs: "\u{1B}[31mred\u{202E}\u{7}", host: "red"))
        var unfit = Self.service(of: "a", host: "unfit")
        unfit.txt? += ["6e3d78", "723d62"]
        services.append(unfit)
        let announcer = try await announce(services, by: attacker)
        defer { announcer.signal(SIGTERM) }
        var plain = try await pair.guest.termtalk(["rooms", "--lan"]).result()
        while plain.output.isEmpty { plain = try await pair.guest.termtalk(["rooms", "--lan"]).result() }
        #expect(plain.status == 0 && plain.output.count == 1, "\(plain.output)")
        let shown = (plain.output + plain.errors).joined()
        #expect(
            shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x202A...0x202E).contains($0.value) }, "\(shown)")
    }

    @Test(
        "Among two thousand services, of which a quarter are never answered for, the room is found",
        arguments: ["another room", LANPair.room])
    func thousands(announced: String) async throws {
        let pair = try await LANPair()
        let attacker = try await attacker(in: pair)
        let services = (0..<2_000).map { number in
            var service = Self.service(of: announced, host: "many\(number)")
            if number.isMultiple(of: 4) { service.txt = nil }
            return service
        }
        // Nobody announces anything over IPv6.
        try await pair.guest.run("sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1")
        let announcer = try await announce(services, by: attacker)
        defer { announcer.signal(SIGTERM) }
        let (host, ready) = try await pair.open()
        defer { host.signal(SIGTERM) }
        let guest = try pair.join([try #require(ready.invite)], home: TestHome())
        #expect(try await guest.event("joined-room").hostKey == ready.hostKey)
        let listed = try await pair.guest.termtalk(["rooms", "--lan", "--json"]).result()
        #expect(listed.status == 0 && listed.output.isEmpty, "\(listed.output)")
    }

    @Test("Somebody else answers for the names that the host announces: it takes others")
    func namesTaken() async throws {
        let pair = try await LANPair()
        let attacker = try await attacker(in: pair)
        let announcer = try await announce([], by: attacker, "take")
        let (host, ready) = try await pair.open()
        defer { host.signal(SIGTERM) }
        for _ in 0..<3 { _ = try await announcer.line { $0 == "taken" } }
        announcer.signal(SIGTERM)
        _ = try await announcer.result()
        let guest = try pair.join([try #require(ready.invite)], home: TestHome())
        #expect(try await guest.event("joined-room").hostKey == ready.hostKey)
    }

    @Test("Another host with this room's id is passed over by who holds an invite")
    func impostor() async throws {
        let pair = try await LANPair()
        let attacker = try await attacker(in: pair)
        let impostor = try attacker.termtalk(["host", "--lan", "--json", "--room", LANPair.room])
        defer { impostor.signal(SIGTERM) }
        try await impostor.event("ready")
        let (host, ready) = try await pair.open()
        defer { host.signal(SIGTERM) }
        for _ in 0..<2 {
            let guest = try pair.join([try #require(ready.invite)], home: TestHome())
            let joined = try await guest.event("joined-room")
            #expect(joined.hostKey == ready.hostKey)
            guest.send("/quit")
            _ = try await guest.result()
        }
    }
}
