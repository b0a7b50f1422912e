import Chat
import Foundation
import Room
import Sodium
import Testing

@testable import TermTalk

/// The keys of hosts that somebody accepted.
struct TrustStoreTests {
    private final class Home: Sendable {
        let path = FileManager.default.temporaryDirectory.appending(path: "termtalk-\(UUID().uuidString)").path
        let store: TrustStore

        init() {
            SodiumLibrary.initialize()
            store = TrustStore(directories: UserDirectories(home: path, state: "\(path)/state/termtalk"))
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var folder: String { "\(path)/state/termtalk" }
        var file: String { "\(folder)/known_hosts.json" }
    }

    private let home = Home()
    private let key = TrustStoreTests.newKey()

    private static func newKey() -> X25519.PublicKey {
        SodiumLibrary.initialize()
        return X25519.PrivateKey().publicKey
    }

    private static func room(_ name: String) throws -> RoomName { try #require(RoomName(name)) }
    private static func address(_ text: String) throws -> RoomAddress { try RoomAddress(direct: text) }

    @Test func knowsARoomAtAnAddress() throws {
        let (room, address) = (try Self.room("lobby"), try Self.address("192.0.2.1:5000"))
        #expect(home.store.hostKey(room: room, address: address) == (nil, nil))
        #expect(home.store.remember(key, room: room, address: address) == nil)
        #expect(home.store.hostKey(room: room, address: address).0 == key)
        // Neither the same room elsewhere nor another room there.
        #expect(home.store.hostKey(room: room, address: try Self.address("192.0.2.1:5001")).0 == nil)
        #expect(home.store.hostKey(room: try Self.room("other"), address: address).0 == nil)
        let second = Self.newKey()
        #expect(home.store.remember(second, room: room, address: address) == nil)
        #expect(home.store.hostKey(room: room, address: address).0 == second)
    }

    @Test func keepsTheLatest() throws {
        let room = try Self.room("a")
        let address = { (number: Int) throws in try Self.address("192.0.2.1:\(number)") }
        let text = (1...TrustStore.maximumCount).map { number in
            #"{"room":"a","address":"192.0.2.1:\#(number)","host_key":"\#(key.text)"}"#
        }
        try FileManager.default.createDirectory(atPath: home.folder, withIntermediateDirectories: true)
        try #"{"version":1,"entries":[\#(text.joined(separator: ","))]}"#
            .write(toFile: home.file, atomically: false, encoding: .utf8)
        #expect(home.store.hostKey(room: room, address: try address(1)).0 == key)
        #expect(home.store.remember(key, room: room, address: try address(60_000)) == nil)
        #expect(home.store.hostKey(room: room, address: try address(1)).0 == nil)
        for number in [2, TrustStore.maximumCount, 60_000] {
            #expect(home.store.hostKey(room: room, address: try address(number)).0 == key)
        }
    }

    @Test func isForItsOwnerOnly() throws {
        #expect(home.store.remember(key, room: try Self.room("a"), address: try Self.address("192.0.2.1:1")) == nil)
        for (path, mode) in [(home.file, 0o600), ("\(home.file).lock", 0o600), (home.folder, 0o700)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == mode, "\(path)")
        }
        #expect(!FileManager.default.fileExists(atPath: "\(home.file).new"))
    }

    @Test("Many that write at once lose nothing")
    func isLocked() async throws {
        let (home, key) = (self.home, self.key)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    guard let room = RoomName("room\(number)"), let address = try? RoomAddress(direct: "192.0.2.1:1")
                    else { return }
                    _ = home.store.remember(key, room: room, address: address)
                }
            }
        }
        for number in 0..<40 {
            let known = home.store.hostKey(
                room: try Self.room("room\(number)"), address: try Self.address("192.0.2.1:1")
            ).0
            #expect(known == key, "\(number)")
        }
    }

    @Test(
        "A damaged file is told, accepts nobody, and is kept",
        arguments: ["{", "[]", "{\"version\":2,\"entries\":[]}", ""])
    func damaged(content: String) throws {
        let (room, address) = (try Self.room("lobby"), try Self.address("192.0.2.1:5000"))
        #expect(home.store.remember(key, room: room, address: address) == nil)
        try content.write(toFile: home.file, atomically: false, encoding: .utf8)
        let (known, warning) = home.store.hostKey(room: room, address: address)
        #expect(known == nil && warning?.code == .trustStoreUnreadable)
        // Writing sets it aside, under another name each time, and says so.
        for number in 1...2 {
            #expect(home.store.remember(key, room: room, address: address)?.code == .trustStoreUnreadable)
            let kept = try String(contentsOfFile: "\(home.file).damaged-\(number)", encoding: .utf8)
            #expect(kept == content)
            try content.write(toFile: home.file, atomically: false, encoding: .utf8)
        }
    }
}
