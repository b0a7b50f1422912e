import Chat
import Foundation
import Room
import RoomStore
import Sodium
import Testing
import TorController

@testable import TermTalk

struct KeptRoomTests {
    /// As cheap as libsodium allows.
    private static let cost = Argon2id.Cost(passes: 1, memory: 8 * 1_024)
    private static let name = RoomName("kept.room-1")
    private static let other = RoomName("another")

    private static func passphrase(_ text: String) throws -> Password {
        SodiumLibrary.initialize()
        let bytes = Array(text.utf8)
        let password = Password(SecretBytes(copying: bytes.span))
        return try #require(password)
    }

    private static func content(_ secret: borrowing SecretBytes) -> [UInt8] {
        secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }

    private static func file(_ room: KeptRoom, passphrase: Password?) throws -> [UInt8] {
        content(try KeptRoomFile(room, name: try #require(name), passphrase: passphrase, cost: cost).bytes)
    }

    /// The room in a file, as texts, or why there is none.
    private static func read(
        _ bytes: [UInt8], as name: RoomName? = KeptRoomTests.name, passphrase: Password?
    ) throws -> [String] {
        let name = try #require(name)
        do throws(KeptRoomFile.Failure) {
            let file = try KeptRoomFile(reading: SecretBytes(copying: bytes.span), name: name)
            return describe(try file.room(name: name, passphrase: passphrase, cost: cost))
        } catch {
            return ["\(error)"]
        }
    }

    private static func describe(_ room: KeptRoom) -> [String] {
        let (address, key) = (room.onionKey().address, room.staticKey().publicKey)
        return [room.room.description, address.host, key.text]
    }

    private static func room(_ id: String = "room") throws -> KeptRoom {
        SodiumLibrary.initialize()
        return KeptRoom(new: try #require(RoomName(id)))
    }

    @Test(arguments: ["a", "0123456789abcdef", String(repeating: "x", count: RoomName.characterLimit)])
    func aRoomIsWhatItWas(id: String) throws {
        let room = try Self.room(id)
        let passphrase = try Self.passphrase("correct horse")
        let sealed = try Self.file(room, passphrase: passphrase)
        #expect(sealed.count == KeptRoomFile.byteCount)
        #expect(try Self.read(sealed, passphrase: passphrase) == Self.describe(room))
        let open = try Self.file(room, passphrase: nil)
        #expect(open.count == KeptRoomFile.byteCount)
        #expect(try Self.read(open, passphrase: nil) == Self.describe(room))
    }

    @Test("Each move has an address of its own, which is found again, and those of another room are not")
    func moves() throws {
        let (room, other) = (try Self.room(), try Self.room())
        func place(_ room: KeptRoom, _ moves: Int) -> OnionPlace {
            OnionPlace(key: room.onionKey(moves: moves).address.publicKey, port: 1)
        }
        #expect(room.moves(to: nil) == 0)
        #expect([1, 2, KeptRoom.moveLimit].map { room.moves(to: place(room, $0)) } == [1, 2, KeptRoom.moveLimit])
        #expect(room.moves(to: place(room, KeptRoom.moveLimit + 1)) == nil && room.moves(to: place(other, 1)) == nil)
        #expect(Set([place(room, 0), place(room, 1), place(room, 2), place(other, 1)]).count == 4)
    }

    @Test("Nothing of the keys or the id is in a sealed file, and no two files are alike")
    func sealsAll() throws {
        let room = try Self.room("roomroomroomroom")
        let passphrase = try Self.passphrase("correct horse")
        let sealed = try Self.file(room, passphrase: passphrase)
        for part in [Array("roomroom".utf8), Self.content(room.onionSeed), Self.content(room.hostKey)] {
            #expect(sealed.firstRange(of: part) == nil)
            #expect(try Self.file(room, passphrase: nil).firstRange(of: part) != nil)
        }
        #expect(try Self.file(room, passphrase: passphrase).prefix(30) != sealed.prefix(30))
    }

    @Test("Wrong passphrase, damage and another version are three things")
    func toldApart() throws {
        let passphrase = try Self.passphrase("correct horse")
        let sealed = try Self.file(try Self.room(), passphrase: passphrase)
        #expect(try Self.read(sealed, passphrase: try Self.passphrase("correct hors")) == ["passphraseWrong"])
        #expect(try Self.read(sealed, passphrase: nil) == ["passphraseNeeded"])
        for position in sealed.indices {
            var changed = sealed
            changed[position] ^= 1 << UInt8(position % 8)
            let expected = position == 14 ? "otherVersion(\(changed[14]))" : "damaged"
            #expect(try Self.read(changed, passphrase: passphrase) == [expected], "byte \(position)")
        }
        for count in [0, 1, 14, 15, 100, sealed.count - 1] {
            #expect(try Self.read(Array(sealed.prefix(count)), passphrase: passphrase) == ["damaged"])
        }
        #expect(try Self.read(sealed + [0], passphrase: passphrase) == ["damaged"])
        // A version that is to come may have any length.
        #expect(try Self.read(Array(sealed.prefix(14)) + [2], passphrase: passphrase) == ["otherVersion(2)"])
    }

    @Test("A file in the place of another one is not that one")
    func boundToItsName() throws {
        for passphrase in [nil, try Self.passphrase("correct horse")] {
            let file = try Self.file(try Self.room(), passphrase: passphrase)
            #expect(try Self.read(file, as: Self.other, passphrase: passphrase) == ["damaged"])
        }
    }

    @Test("What is sealed cannot be changed by somebody who mends the check, either")
    func authenticates() throws {
        let passphrase = try Self.passphrase("correct horse")
        let sealed = try Self.file(try Self.room(), passphrase: passphrase)
        let end = sealed.count - 16
        for position in [16, 31, 32, 40, 100, 160, end - 1] {
            var changed = sealed
            changed[position] ^= 1
            var hash = BLAKE2b()
            hash.update(Array("kept.room-1".utf8).span)
            hash.update(Array(changed[..<end]).span)
            changed.replaceSubrange(end..., with: hash.finalize().prefix(16))
            #expect(try Self.read(changed, passphrase: passphrase) == ["passphraseWrong"], "byte \(position)")
        }
    }
}

struct KeptRoomStoreTests {
    private final class Home {
        let path = FileManager.default.temporaryDirectory.appending(path: "termtalk-\(UUID().uuidString)").path
        let store: KeptRoomStore

        init() {
            SodiumLibrary.initialize()
            store = KeptRoomStore(directories: UserDirectories(home: path, state: "\(path)/state/termtalk"))
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var rooms: String { "\(path)/state/termtalk/rooms" }

        func mode(_ name: String) throws -> Int {
            let attributes = try FileManager.default.attributesOfItem(atPath: name.isEmpty ? rooms : "\(rooms)/\(name)")
            return try #require(attributes[.posixPermissions] as? Int)
        }

        /// The code with which a room cannot be opened; nil when it can.
        func code(_ name: RoomName) -> NoticeCode? {
            let result = Result { () throws(ChatEvent.Notice) in try store.open(name).state }
            return switch result {
            case .success: nil
            case .failure(let notice): notice.code
            }
        }
    }

    private let room = RoomName("room")

    @Test func keepsARoom() throws {
        let home = Home()
        let room = try #require(room)
        let slot = try home.store.open(room)
        #expect(slot.state == .new)
        let made = try slot.create(room, passphrase: nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.rooms).sorted() == ["room.lock", "room.room"])
        #expect(try home.mode("room.room") == 0o600 && home.mode("room.lock") == 0o600 && home.mode("") == 0o700)
        // Nothing is written over what is there.
        let again = Result { () throws(ChatEvent.Notice) in try slot.create(room, passphrase: nil).room }
        #expect(throws: ChatEvent.Notice.self) { try again.get() }
        withExtendedLifetime(made) {}
    }

    @Test("While it is in use nobody else can use it; afterwards it is there as it was")
    func isLocked() throws {
        let home = Home()
        let room = try #require(room)
        var address = ""
        do {
            let slot = try home.store.open(room)
            let made = try slot.create(room, passphrase: nil)
            address = made.onionKey().address.host
            #expect(home.code(room) == .persistInUse)
            #expect(try home.store.open(try #require(RoomName("other"))).state == .new)
            withExtendedLifetime((slot, made)) {}
        }
        let slot = try home.store.open(room)
        #expect(slot.state == .open)
        let again = try slot.room(passphrase: nil).onionKey().address.host
        #expect(again == address)
    }

    /// A room that was kept, and whose store was ended.
    private func end(_ name: RoomName, in home: Home) throws {
        let made = try home.store.open(name).create(name, passphrase: nil)
        let store = try made.open { _ in }.store
        try store.end()
        try store.close(within: .seconds(60))
    }

    @Test("A room whose end was interrupted is over: the next start removes the rest, and begins anew")
    func interruptedEnd() throws {
        let home = Home()
        let room = try #require(room)
        let file = "\(home.rooms)/room.room"
        for step in 0...3 {
            try end(room, in: home)
            if step >= 1 { try Data(count: KeptRoomFile.byteCount).write(to: URL(filePath: file)) }
            if step >= 2 { unlink(file) }
            if step >= 3 { unlink("\(home.rooms)/room.store/room.db") }
            chmod(file, 0o600)
            #expect(try home.store.open(room).state == .new, "step \(step)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: home.rooms) == ["room.lock"], "step \(step)")
        }
    }

    @Test("A file whose keys were overwritten is none; one that was cut is damaged, and left alone")
    func overwrittenKeys() throws {
        let home = Home()
        let room = try #require(room)
        let file = URL(filePath: "\(home.rooms)/room.room")
        _ = try home.store.open(room)
        let contents = [Data(count: KeptRoomFile.byteCount), Data(count: 20), Data()]
        for (content, isOver) in zip(contents, [true, false, false]) {
            try content.write(to: file)
            chmod(file.path, 0o600)
            #expect(home.code(room) == (isOver ? nil : .persistDamaged))
            #expect((try? Data(contentsOf: file)) == (isOver ? nil : content))
        }
    }

    @Test func filesThatCannotBeTrusted() throws {
        let home = Home()
        let room = try #require(room)
        _ = try home.store.open(room).create(room, passphrase: nil)
        let path = "\(home.rooms)/room.room"
        for mode in [0o640, 0o604, 0o620] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            #expect(home.code(room) == .persistUnreadable)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(home.code(room) == nil)
        try FileManager.default.moveItem(atPath: path, toPath: "\(path).away")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "\(path).away")
        #expect(home.code(room) == .persistUnreadable)
        try FileManager.default.removeItem(atPath: path)
        try Data(repeating: 0x54, count: 100_000).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(home.code(room) == .persistDamaged)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        #expect(home.code(room) == .persistUnreadable)
    }

    @Test("What is kept can be removed for good: the keys are overwritten where they stand")
    func removal() throws {
        let home = Home()
        let room = try #require(room)
        let made = try home.store.open(room).create(room, passphrase: nil)
        // Another name of the same blocks.
        let other = "\(home.path)/other"
        try FileManager.default.linkItem(atPath: "\(home.rooms)/room.room", toPath: other)
        #expect(try Data(contentsOf: URL(filePath: other)).contains { $0 != 0 })
        // The guards of its own tor; a link in their place is not followed.
        let folder = try #require(made.torFolder)
        try FileManager.default.createDirectory(atPath: "\(folder)/keys", withIntermediateDirectories: true)
        try Data("Guard".utf8).write(to: URL(filePath: "\(folder)/state"))
        let elsewhere = "\(home.path)/elsewhere"
        try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: false)
        try Data("mine".utf8).write(to: URL(filePath: "\(elsewhere)/file"))
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: elsewhere)
        #expect(made.remove(nil, within: .seconds(60)) == nil)
        #expect(FileManager.default.fileExists(atPath: "\(elsewhere)/file"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.rooms) == [])
        #expect(try Data(contentsOf: URL(filePath: other)).allSatisfy { $0 == 0 })
        #expect(try home.store.open(room).state == .new)
    }

    @Test func foldersThatCannotBeTrusted() throws {
        let home = Home()
        let room = try #require(room)
        _ = try home.store.open(room)
        try FileManager.default.setAttributes([.posixPermissions: 0o770], ofItemAtPath: home.rooms)
        #expect(home.code(room) == .persistUnreadable)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: home.rooms)
        #expect(home.code(room) == nil)
        try FileManager.default.moveItem(atPath: home.rooms, toPath: "\(home.path)/elsewhere")
        try FileManager.default.createSymbolicLink(atPath: home.rooms, withDestinationPath: "\(home.path)/elsewhere")
        #expect(home.code(room) == .persistUnreadable)
    }
}
