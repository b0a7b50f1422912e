import Sodium
import Testing

@testable import TorController

struct OnionAddressTests {
    static let known = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad"

    @Test(arguments: [known, "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid"])
    func readsRealAddresses(id: String) throws {
        let address = try OnionAddress(id + ".onion")
        #expect(address.serviceID == id && address.host == id + ".onion")
        #expect(OnionAddress(publicKey: address.publicKey) == address)
        #expect(try OnionAddress(id.uppercased() + ".ONION") == address)
        let (parsed, port) = try OnionAddress.parse("\(id).onion:12345")
        #expect(parsed == address && port == 12345)
        #expect(try OnionAddress.parse("\(id).onion").port == nil)
    }

    @Test(arguments: [
        (known, OnionAddressProblem.notOnion), ("example.com", .notOnion), ("", .notOnion), (".onion", .length),
        ("www.\(known).onion", .subdomain), ("\(known).onion.", .notOnion), ("\(known)a.onion", .length),
        ("expyuzz4wqqyqhjn.onion", .length), (known.dropLast() + "1.onion", .alphabet),
        (known.dropLast() + "é.onion", .length),
        ("duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswq22yc.onion", .version),
        ("duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswqaaad.onion", .checksum),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaam2dqd.onion", .publicKey),
        ("777777777777777777777777777777777777777777777777777vpaqd.onion", .publicKey),
        ("\(known).onion:0", .port), ("\(known).onion:65536", .port), ("\(known).onion:", .port),
        ("\(known).onion:1:2", .port), ("\(known).onion: 1", .port),
    ])
    func refuses(text: String, problem: OnionAddressProblem) {
        #expect(throws: TorError.invalidAddress(problem)) { try OnionAddress.parse(text) }
    }

    @Test func refusesEverySingleWrongCharacter() {
        for index in Self.known.indices {
            var text = Self.known
            text.replaceSubrange(index...index, with: text[index] == "a" ? "b" : "a")
            #expect(throws: TorError.self) { try OnionAddress(text + ".onion") }
        }
    }

    @Test func keepsAKey() throws {
        let key = OnionKey()
        let copy = try OnionKey(seed: key.exportedSeed())
        #expect(copy.address == key.address && key.clone().address == key.address)
        #expect(OnionKey().address != key.address)
        do {
            _ = try OnionKey(seed: SecretBytes(count: 31))
            Issue.record("a short seed was taken")
        } catch {
            #expect(error == .invalidKey)
        }
    }
}
