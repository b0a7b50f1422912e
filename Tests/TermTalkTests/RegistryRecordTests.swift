import Chat
import Sodium
import TestSupport
import Testing
import TorController

@testable import TermTalk

/// What a registry holds, as values.
@Suite struct RegistryRecordTests {
    /// As cheap as libsodium allows.
    static let cost = Argon2id.Cost(passes: 1, memory: 8 * 1_024)

    static func keys(_ room: String) throws -> RegistryKeys {
        SodiumLibrary.initialize()
        let name = try #require(RoomName(room))
        return try #require(RegistryKeys(room: name, cost: cost))
    }

    static func record(_ addresses: [String], endsAt: Int64? = 2_000) throws -> RegistryRecord {
        RegistryRecord(
            addresses: try addresses.map { try RoomAddress($0) }, hostKey: X25519.PrivateKey().publicKey,
            writtenAt: 1_000, endsAt: endsAt)
    }

    private static let onion = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion:12345"
    private static let longest = String(repeating: "a", count: 253) + ":65535"

    @Test(arguments: [
        [Self.onion], ["192.0.2.1:1"], ["[2001:db8::1]:65535", "example.org:80"],
        Array(repeating: Self.longest, count: 4),
    ])
    func aRecordIsWhatItWas(addresses: [String]) throws {
        let keys = try Self.keys("room")
        for endsAt in [nil, 1, Int64.max] {
            let record = try Self.record(addresses, endsAt: endsAt)
            let sealed = keys.seal(record)
            // Of one size, whatever is in it, and never twice the same.
            #expect(sealed.count == RegistryKeys.sealedByteCount)
            #expect(keys.seal(record) != sealed)
            #expect(keys.open(sealed) == record)
        }
    }

    @Test("Nobody opens or moves a record who does not know the room, and nothing of it can be changed")
    func sealing() throws {
        let keys = try Self.keys("room")
        let sealed = keys.seal(try Self.record(["192.0.2.1:1"]))
        let others = try Self.keys("room2")
        #expect(others.open(sealed) == nil)
        #expect(others.name != keys.name)
        #expect(keys.name.wholeMatch(of: /termtalk:registry:[0-9a-f]{32}/) != nil)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(keys.open(changed) == nil)
        }
        for bytes in [[], Array(sealed.dropLast()), sealed + [0], Array(sealed.dropFirst())] {
            #expect(keys.open(bytes) == nil)
        }
    }

    @Test func theNameIsAlwaysTheSame() throws {
        let (first, second) = (try Self.keys("a"), try Self.keys("a"))
        #expect(first.name == second.name)
        let record = try Self.record([Self.onion])
        #expect(second.open(first.seal(record)) == record)
    }

    @Test func whatIsNoRecord() throws {
        let whole = try Self.record(["192.0.2.1:1", "192.0.2.2:1"]).encoded
        func changed(_ index: Int, _ value: UInt8) -> [UInt8] {
            var bytes = whole
            bytes[index] = value
            return bytes
        }
        #expect((try? RegistryRecord(whole[...])) != nil)
        let count = 1 + 32 + 8 + 8
        #expect(whole[count] == 2)
        // Another version, no address, too many, one that is none.
        for bytes in [changed(0, 2), changed(count, 0), changed(count, 5), changed(count, 255), changed(count + 2, 0)] {
            #expect((try? RegistryRecord(bytes[...])) == nil)
        }
        #expect((try? RegistryRecord(whole.dropLast())) == nil)
        // Both kinds.
        let mixed = try Self.record([Self.onion, "192.0.2.1:1"])
        #expect((try? RegistryRecord(mixed.encoded[...])) == nil)
        var random = SeededRandom(seed: 7)
        for _ in 0..<2_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<200, using: &random)] = .random(in: .min ... .max, using: &random)
            }
            _ = (try? RegistryRecord(bytes[...]))?.isCurrent(now: 1_000)
        }
    }

    @Test func age() throws {
        var record = try Self.record(["192.0.2.1:1"], endsAt: nil)
        let limit = RegistryRecord.ageLimit
        for (now, isCurrent) in [
            (1_000, true), (1_000 + limit, true), (1_001 + limit, false), (1_000 - limit, true), (999 - limit, false),
            (Int64.max, false), (Int64.min, false),
        ] {
            #expect(record.isCurrent(now: now) == isCurrent, "\(now)")
        }
        record.endsAt = 1_001
        #expect(record.isCurrent(now: 1_000) && !record.isCurrent(now: 1_001))
        record.writtenAt = .max
        #expect(!record.isCurrent(now: .min) && !record.isCurrent(now: 0))
    }

    @Test func listings() throws {
        let room = try #require(RoomName(String(repeating: "r", count: RoomName.characterLimit)))
        let record = try Self.record([Self.longest, Self.longest, Self.longest, Self.longest])
        for count in [1, RegistryListing.nameLimit, RegistryListing.nameLimit + 1] {
            let listing = RegistryListing(name: String(repeating: "n", count: count), room: room, record: record)
            #expect((RegistryListing(listing.encoded) == listing) == (count <= RegistryListing.nameLimit))
        }
        let whole = RegistryListing(name: "name", room: room, record: record).encoded
        for bytes in [[], Array(whole.dropLast()), whole + [0], [2] + whole.dropFirst()] {
            #expect(RegistryListing(bytes) == nil)
        }
        #expect(RegistryListing(RegistryListing(name: "", room: room, record: record).encoded) == nil)
        #expect(RegistryListing([UInt8](repeating: 1, count: RegistryListing.byteLimit + 1)) == nil)
    }

    @Test func whatIsOfThisMachine() throws {
        for (text, isHere) in [
            ("unix:/run/redis.sock", true), ("redis://127.0.0.1", true), ("redis://127.9.9.9:1", true),
            ("redis://[::1]:6379", true), ("redis://localhost", true), ("redis://LOCALHOST", true),
            ("redis://192.168.1.1", false), ("redis://localhost.example", false), ("redis://0.0.0.0", false),
            ("redis://example.org", false), ("redis://abc.onion", false),
        ] {
            let access = RegistryAccess(location: try RedisLocation(parsing: text), password: nil)
            #expect(access.isOfThisMachine == isHere, "\(text)")
        }
    }
}
