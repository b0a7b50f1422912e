import EventLoop
import Room
import Sodium
import TestSupport
import Testing
import TorController
import Transport
import Wire

@testable import TermTalk

/// Which addresses of a room's hosts are known, told and dialed.
@Suite struct HostListTests {
    private static func place(_ host: String, _ port: Int = 1) throws -> HostPlace {
        .direct(try #require(HostPlace.DirectPlace(host: host, port: UInt16(port))))
    }

    private static func table(hosts: Int) -> SharedTable {
        var table = SharedTable()
        for host in 0..<hosts { table.came(UInt64(host + 100)) }
        return table
    }

    // MARK: Among the hosts

    @Test("The first place of each host comes first, and each once")
    func order() throws {
        var table = Self.table(hosts: 3)
        table.listens(2, at: [try Self.place("b"), try Self.place("b2")])
        table.listens(1, at: [try Self.place("a"), try Self.place("both")])
        table.listens(3, at: [try Self.place("both")])
        #expect(
            table.hostPlaces
                == [try Self.place("a"), try Self.place("b"), try Self.place("both"), try Self.place("b2")])
        table.listens(1, at: [])
        #expect(table.hostPlaces == [try Self.place("b"), try Self.place("both"), try Self.place("b2")])
    }

    @Test func limits() throws {
        let limit = SharedTable.placedHostLimit
        var table = Self.table(hosts: limit + 1)
        for host in 1...UInt32(limit + 1) { table.listens(host, at: [try Self.place("a", Int(host))]) }
        #expect(table.places(of: UInt32(limit)).count == 1 && table.places(of: UInt32(limit + 1)).isEmpty)
        #expect(table.hostPlaces.count == HostPlace.listLimit)
        // One that is known says something else; and when one has gone there is room for another.
        table.listens(1, at: try (1...HostPlace.placesPerHost + 1).map { try Self.place("b", $0) })
        #expect(table.places(of: 1).count == HostPlace.placesPerHost)
        table.listens(1, at: [])
        table.listens(UInt32(limit + 1), at: [try Self.place("c")])
        #expect(table.places(of: UInt32(limit + 1)).count == 1)
        // All of it stands in the snapshot.
        var writer = ByteWriter()
        table.write(to: &writer)
        var reader = ByteReader(writer.bytes)
        let read = try SharedTable(reading: &reader)
        try reader.finish()
        #expect(read == table && read.hostPlaces == table.hostPlaces)
    }

    @Test("Of an input one place more than a host has is refused")
    func input() throws {
        let most = try (1...HostPlace.placesPerHost).map { try Self.place("a", $0) }
        #expect(try RoomInput(bytes: RoomInput.listens(most).bytes) == .listens(most))
        let more = RoomInput.listens(most + [try Self.place("b")]).bytes
        #expect(throws: WireError.tooLong) { try RoomInput(bytes: more) }
    }

    // MARK: At a member

    private func dialer(
        _ address: RoomAddress, loop: EventLoop, tor: TorController? = nil,
        random: @escaping () -> UInt64 = Random.uint64
    ) throws -> RoomDialer {
        RoomDialer(
            .init(room: .random(), address: address, acceptsNewHost: false, nick: "", tor: nil), tor: tor, loop: loop,
            random: random, onReached: { _ in })
    }

    @Test("Members who lose a host go to the others in an order of their own each, and come back to it first")
    func ownOrder() throws {
        SodiumLibrary.initialize()
        let loop = try EventLoop()
        let first = try RoomAddress("192.0.2.1:1")
        let others = try (2...4).map { try RoomAddress("192.0.2.\($0):1") }
        /// Where a member whose random numbers these are dials when its stay at the first one has ended.
        func order(_ numbers: [UInt64]) throws -> [RoomAddress] {
            var rest = numbers[...]
            let dialer = try dialer(first, loop: loop, random: { rest.popFirst() ?? 0 })
            _ = dialer.hear(of: ([first] + others).compactMap(\.hostPlace))
            dialer.reached(first)
            return dialer.ways.next()
        }
        #expect(try order([1, 2, 3]) == [first] + others)
        #expect(try order([3, 1, 2]) == [first, others[1], others[2], others[0]])
        #expect(try order([2, 3, 1]) == [first, others[2], others[0], others[1]])
    }

    @Test("Who came to an onion service is led to onion services only, and who came to an address to addresses only")
    func kinds() throws {
        SodiumLibrary.initialize()
        let loop = try EventLoop()
        let onion = RoomAddress.onion(OnionKey().address, port: 1)
        let other = RoomAddress.onion(OnionKey().address, port: 2)
        let direct = try RoomAddress("192.0.2.1:1")
        let told = [other, direct].compactMap(\.hostPlace) + [try Self.place("relay.example")]
        #expect(told.count == 3)
        let byTor = try dialer(onion, loop: loop)
        #expect(byTor.hear(of: told) == [other])
        #expect(byTor.ways.others(than: onion) == [other])
        let plainly = try dialer(try RoomAddress("192.0.2.9:1"), loop: loop)
        #expect(plainly.hear(of: told) == [direct, try RoomAddress("relay.example:1")])
        let inLAN = try dialer(.lan(HostPort(host: "192.168.1.5", port: 1)), loop: loop)
        #expect(inLAN.hear(of: told) == [])
    }

    @Test(
        "A direct address that leads into this machine or its network is not followed",
        arguments: [
            "127.0.0.1", "::1", "0.0.0.0", "127.1", "2130706433", "localhost", "192.168.1.1", "10.0.0.1", "169.254.1.1",
            "100.64.0.1", "224.0.0.1", "fd00::1", "::ffff:127.0.0.1", "x.onion",
        ])
    func ownMachine(host: String) throws {
        let loop = try EventLoop()
        let dialer = try dialer(try RoomAddress("192.0.2.9:1"), loop: loop)
        #expect(dialer.hear(of: [try Self.place(host)]) == [])
    }

    @Test("A name that only the room says is not dialed in a network of one's own; where it led says nothing")
    func names() throws {
        let loop = try EventLoop()
        let invited = HostPort(host: "invited.example", port: 1)
        let told = HostPort(host: "relay.example", port: 1)
        let dialer = try dialer(.direct(invited), loop: loop)
        #expect(dialer.hear(of: [try Self.place(told.host)]) == [.direct(told)])
        let (loopback, home, world) = (
            SocketAddress.ip("127.0.0.1", port: 1), SocketAddress.ip("192.168.1.1", port: 1),
            SocketAddress.ip("192.0.2.1", port: 1)
        )
        for place in [loopback, home, world] { #expect(dialer.mayDial(place, of: invited)) }
        #expect(!dialer.mayDial(loopback, of: told) && !dialer.mayDial(home, of: told))
        #expect(dialer.mayDial(world, of: told) && !dialer.mayDial(.unix(path: "/x"), of: told))
        dialer.reached(.direct(told), at: home)
        #expect(!dialer.mayDial(home, of: told))
        dialer.reached(.direct(invited), at: home)
        #expect(dialer.mayDial(home, of: told) && !dialer.mayDial(loopback, of: told))
        #expect(dialer.hear(of: [try Self.place("192.168.1.7")]).count == 1)
    }

    @Test("Where the room itself was found, its other hosts may be")
    func reach() throws {
        var reach = AddressReach()
        let (loopback, home, world) = (
            try #require(IPAddress("127.0.0.1")), try #require(IPAddress("192.168.1.1")),
            try #require(IPAddress("192.0.2.1"))
        )
        #expect(!reach.allows(loopback) && !reach.allows(home) && reach.allows(world))
        reach.found(at: loopback)
        #expect(reach.allows(loopback) && !reach.allows(home) && reach.allows(world))
        reach.found(at: home)
        #expect(!reach.allows(loopback) && reach.allows(home) && reach.allows(world))
        reach.found(at: world)
        #expect(!reach.allows(loopback) && !reach.allows(home))
        #expect(!reach.allows(try #require(IPAddress("0.0.0.0"))))
    }
}
