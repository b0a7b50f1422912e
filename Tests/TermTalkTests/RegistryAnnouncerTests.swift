import Chat
import EventLoop
import Foundation
import SharedLog
import Sodium
import TestSupport
import Testing

@testable import TermTalk

/// A room's record in a real redis-server.
@Suite(.enabled(if: RedisServer.program != nil, "needs redis-server(1), 7.0 or later"))
struct RegistryAnnouncerTests {
    private static let room = "registered"

    private static func access(_ server: RedisServer) throws -> RegistryAccess {
        RegistryAccess(location: try RedisLocation(parsing: "unix:\(server.socketPath)"), password: nil)
    }

    private static func announcement(_ address: String) throws -> RegistryAnnouncer.Announcement {
        .init(addresses: [try RoomAddress(address)], hostKey: X25519.PrivateKey().publicKey, endsAt: nil)
    }

    /// Runs an announcer on a loop; `look` is called again and again until it says that it has seen enough.
    private static func announce(
        _ announcement: RegistryAnnouncer.Announcement, at access: RegistryAccess, name: String? = nil,
        until look: (RegistryAnnouncer, [NoticeCode]) throws -> Bool
    ) throws -> [NoticeCode] {
        SodiumLibrary.initialize()
        var told: [NoticeCode] = []
        try withoutActuallyEscaping(look) { look in
            try withStoreLoop { loop in
                let announcer = RegistryAnnouncer(
                    loop: loop, client: RegistryClient(loop: loop, access: access),
                    room: try #require(RoomName(room)), name: name, announcement: announcement, wallClock: { 1_000 }
                ) { told.append($0.code) }
                func again() {
                    guard (try? look(announcer, told)) == false else {
                        return announcer.withdraw { loop.stop() }
                    }
                    loop.schedule(after: .milliseconds(20)) { again() }
                }
                again()
            }
        }
        return told
    }

    private static func record(_ server: RedisServer, _ keys: RegistryKeys) throws -> RegistryRecord? {
        guard case .bytes(let bytes?) = try server.ask("GET \(keys.name)") else { return nil }
        return keys.open(bytes)
    }

    private static func put(_ bytes: [UInt8], at name: String, _ server: RedisServer) throws {
        let connection = try #require(BlockingRedis(path: server.socketPath))
        let words: [[UInt8]] = [Array("SET".utf8), Array(name.utf8), bytes]
        #expect(try connection.ask(words) == .text(Array("OK".utf8)))
    }

    private static func keys() throws -> RegistryKeys {
        SodiumLibrary.initialize()
        let name = try #require(RoomName(room))
        return try #require(RegistryKeys(room: name))
    }

    @Test("A record comes, changes with the room, expires by itself, and goes with the room")
    func comesAndGoes() async throws {
        try await onOwnThread {
            let server = try RedisServer()
            try server.ask("PING")
            let keys = try Self.keys()
            var announcement = try Self.announcement("192.0.2.1:1")
            let changed = try RoomAddress("192.0.2.9:9")
            let key = announcement.hostKey
            var first: RegistryRecord?
            var time: Int64 = 0
            let told = try Self.announce(announcement, at: try Self.access(server), name: "Kitchen") { announcer, _ in
                guard let record = try Self.record(server, keys) else { return false }
                if first == nil {
                    first = record
                    guard case .integer(let left) = try server.ask("PTTL \(keys.name)") else { return true }
                    time = left
                    announcement.addresses = [changed]
                    announcer.change(to: announcement)
                }
                guard try server.ask("DBSIZE") == .integer(2) else { return false }
                return record.addresses == [changed]
            }
            #expect(told == [])
            #expect(first?.addresses == [try RoomAddress("192.0.2.1:1")])
            #expect(first?.hostKey == key && first?.writtenAt == 1_000)
            #expect((1...60_000).contains(time))
            #expect(try server.ask("DBSIZE") == .integer(0))
        }
    }

    @Test("Another host's record is left alone, as long as it is there; what nobody can open is not")
    func taken() async throws {
        try await onOwnThread {
            let server = try RedisServer()
            try server.ask("PING")
            let keys = try Self.keys()
            let other = RegistryRecord(
                addresses: [try RoomAddress("192.0.2.7:7")], hostKey: X25519.PrivateKey().publicKey, writtenAt: 1_000,
                endsAt: nil)
            try Self.put(keys.seal(other), at: keys.name, server)
            let announcement = try Self.announcement("192.0.2.1:1")
            let told = try Self.announce(announcement, at: try Self.access(server)) { _, told in !told.isEmpty }
            #expect(told == [.registryTaken])
            #expect(try Self.record(server, keys) == other)

            try Self.put(Array("nonsense".utf8), at: keys.name, server)
            let again = try Self.announce(announcement, at: try Self.access(server)) { _, _ in
                try Self.record(server, keys)?.hostKey == announcement.hostKey
            }
            #expect(again == [])
            #expect(try server.ask("DBSIZE") == .integer(0))
        }
    }

    @Test("A registry that is away, that refuses, and that is no Redis is told of")
    func away() async throws {
        try await onOwnThread {
            let server = try RedisServer(["--requirepass", "secret"])
            let announcement = try Self.announcement("192.0.2.1:1")
            let refused = try Self.announce(announcement, at: try Self.access(server)) { _, told in !told.isEmpty }
            #expect(refused == [.registryUnreachable])
            server.kill()
            let away = try Self.announce(announcement, at: try Self.access(server)) { _, told in !told.isEmpty }
            #expect(away == [.registryUnreachable])
        }
    }

    @Test func theListIsOfWhatIsShownAndNoLongerThanItMayBe() async throws {
        try await onOwnThread {
            SodiumLibrary.initialize()
            let server = try RedisServer()
            try server.ask("PING")
            let record = try RegistryRecordTests.record(["192.0.2.1:1"])
            func put(_ count: Int) throws {
                for number in 0..<count {
                    let room = try #require(RoomName("room\(number)"))
                    let listing = RegistryListing(name: "Room \(number)", room: room, record: record)
                    try Self.put(listing.encoded, at: RegistryListing.key(of: room), server)
                }
            }
            func list(now: Int64 = 1_000) throws -> (rooms: [RegistryListing], isWhole: Bool)? {
                var result: (rooms: [RegistryListing], isWhole: Bool)?
                try withStoreLoop { loop in
                    let client = RegistryClient(loop: loop, access: try Self.access(server))
                    client.list(now: now) {
                        result = try? $0.get()
                        client.close()
                        loop.stop()
                    }
                }
                return result
            }
            #expect(try list()?.rooms.isEmpty == true)
            // Under another room's name, and under one of its own that is none.
            let stranger = RegistryListing(name: "x", room: try #require(RoomName("x")), record: record)
            try Self.put(stranger.encoded, at: "\(RegistryListing.prefix)0", server)
            try Self.put([1, 2, 3], at: "\(RegistryListing.prefix)1", server)
            try put(RegistryClient.listingLimit - 2)
            let whole = try #require(try list())
            #expect(whole.rooms.count == RegistryClient.listingLimit - 2 && whole.isWhole)
            #expect(whole.rooms.allSatisfy { $0.record == record })
            #expect(try list(now: 1_000_000)?.rooms.isEmpty == true)
            try put(RegistryClient.listingLimit + 1)
            let more = try #require(try list())
            #expect(more.rooms.count <= RegistryClient.listingLimit && !more.isWhole)
        }
    }
}
