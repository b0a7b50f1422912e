import Foundation
import Sodium
import Testing

@testable import RoomStore

/// What is no store of this room, of this user or of this program is told apart, and not touched.
@Suite struct RefusalTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    /// Opening fails with `error`, and all files stay as they are.
    private func expectRefused(_ error: StoreError, name: String? = nil, key: UInt8 = 7) {
        let before = fixture.contents()
        #expect(throws: error) { _ = try fixture.open(name: name, key: key) }
        #expect(fixture.contents() == before)
    }

    private func fill() throws {
        let store = try fixture.create()
        try store.append(inputs(1...20))
        try store.append([], then: checkpoint(10, entries: entries(1...5)))
        try store.close(within: .seconds(60))
    }

    @Test func thereIsNone() throws {
        expectRefused(.notFound)
        #expect(throws: StoreError.notFound) {
            _ = try RoomStore.open(in: "/nonexistent", name: "lobby", key: StoreFixture.key()) { _ in }
        }
        #expect(fixture.files == [])
    }

    @Test func thereIsOne() throws {
        try fill()
        #expect(throws: StoreError.alreadyExists) { _ = try fixture.create() }
        #expect(fixture.files == ["lobby.store"])
        #expect(try fixture.recovered().inputs == inputs(11...20))
    }

    @Test func anotherKeyOrName() throws {
        try fill()
        expectRefused(.wrongKey, key: 8)
        try FileManager.default.moveItem(atPath: fixture.folder, toPath: "\(fixture.directory)/other.store")
        #expect(throws: StoreError.wrongKey) { _ = try fixture.open(name: "other") }
    }

    @Test(arguments: [(UInt8(0), StoreError.olderFormat(0)), (2, .newerFormat(2)), (255, .newerFormat(255))])
    func anotherFormat(_ version: UInt8, _ error: StoreError) throws {
        try fill()
        let file = try FileHandle(forUpdating: URL(filePath: "\(fixture.folder)/\(StoreFolder.keyName)"))
        try file.seek(toOffset: 15)
        try file.write(contentsOf: Data([version]))
        try file.close()
        expectRefused(error)
    }

    /// A later version may have a longer or shorter file.
    @Test func anotherFormatOfAnotherLength() throws {
        #expect(throws: StoreError.newerFormat(9)) { try StoreKeyFile(reading: Array("TermTalk store\n".utf8) + [9]) }
        #expect(throws: StoreError.damaged(.keyFile)) { try StoreKeyFile(reading: Array("TermTalk store\n".utf8)) }
        #expect(throws: StoreError.damaged(.keyFile)) {
            try StoreKeyFile(reading: Array("TermTalk store\n".utf8) + [1])
        }
    }

    @Test func permissions() throws {
        try fill()
        let paths = try FileManager.default.subpathsOfDirectory(atPath: fixture.directory).map {
            "\(fixture.directory)/\($0)"
        }
        #expect(paths.count >= 4)
        for path in paths {
            var status = stat()
            #expect(lstat(path, &status) == 0)
            #expect(status.st_mode & 0o7777 == (status.st_mode & S_IFMT == S_IFDIR ? 0o700 : 0o600), "\(path)")
        }
        for (path, part) in trustedPaths {
            chmod(path, part == .folder ? 0o750 : 0o640)
            expectRefused(.distrusted(part, .openToOthers))
            chmod(path, part == .folder ? 0o700 : 0o600)
        }
        #expect(try fixture.recovered().inputs == inputs(11...20))
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file to another user"))
    func foreignOwner() throws {
        try fill()
        for (path, part) in trustedPaths {
            chown(path, 65_534, 65_534)
            expectRefused(.distrusted(part, .foreignOwner))
            chown(path, geteuid(), getegid())
        }
        #expect(try fixture.recovered().inputs == inputs(11...20))
    }

    @Test func symbolicLinks() throws {
        try fill()
        for (path, part) in trustedPaths {
            let elsewhere = "\(fixture.directory)/elsewhere"
            try FileManager.default.moveItem(atPath: path, toPath: elsewhere)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: elsewhere)
            expectRefused(.distrusted(part, .symbolicLink))
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: elsewhere, toPath: path)
        }
        // The way to the directory may be one.
        try FileManager.default.createSymbolicLink(
            atPath: "\(fixture.directory)/link", withDestinationPath: fixture.directory)
        let (store, room) = try RoomStore.open(
            in: "\(fixture.directory)/link", name: "lobby", key: StoreFixture.key()
        ) { _ in }
        #expect(room.inputs == inputs(11...20))
        try store.close(within: .seconds(60))
    }

    @Test func otherKindsOfFiles() throws {
        try fill()
        for (path, part) in trustedPaths {
            let elsewhere = "\(fixture.directory)/elsewhere"
            if part != .folder {
                link(path, elsewhere)
                expectRefused(.distrusted(part, .wrongKind))
                unlink(elsewhere)
            }
            try FileManager.default.moveItem(atPath: path, toPath: elsewhere)
            mkfifo(path, 0o600)
            expectRefused(.distrusted(part, .wrongKind))
            unlink(path)
            try FileManager.default.moveItem(atPath: elsewhere, toPath: path)
        }
        // SQLite would play it back.
        _ = FileManager.default.createFile(
            atPath: "\(fixture.database)-journal", contents: Data(), attributes: [.posixPermissions: 0o600])
        expectRefused(.damaged(.database))
    }

    private var trustedPaths: [(String, StoreError.Part)] {
        [
            (fixture.folder, .folder), ("\(fixture.folder)/\(StoreFolder.keyName)", .keyFile),
            (fixture.database, .database),
            ("\(fixture.database)-wal", .database),
        ]
    }

    /// What a process has left that ended while it made or deleted a store.
    @Test func whatIsLeftOfOthers() throws {
        let unfinished = "\(fixture.directory)/.lobby.store.new"
        try FileManager.default.createDirectory(atPath: unfinished, withIntermediateDirectories: false)
        chmod(unfinished, 0o700)
        _ = FileManager.default.createFile(atPath: "\(unfinished)/key", contents: Data([1]))
        try fill()
        #expect(fixture.files == ["lobby.store"])
        try Data(StoreKeyFile.ended).write(to: URL(filePath: "\(fixture.folder)/\(StoreFolder.keyName)"))
        chmod("\(fixture.folder)/\(StoreFolder.keyName)", 0o600)
        #expect(throws: StoreError.notFound) { _ = try fixture.open() }
        #expect(fixture.files == [])
        try FileManager.default.createDirectory(atPath: fixture.folder, withIntermediateDirectories: false)
        chmod(fixture.folder, 0o700)
        #expect(throws: StoreError.notFound) { _ = try fixture.open() }
        #expect(fixture.files == [])
        try fill()
    }

    @Test func deletedStores() throws {
        let store = try fixture.create()
        try store.append(inputs(1...20))
        let key = "\(fixture.folder)/\(StoreFolder.keyName)"
        let other = "\(fixture.directory)/second-name"
        #expect(link(key, other) == 0)
        try store.delete(within: .seconds(60))
        #expect(fixture.files == ["second-name"])
        // Overwritten, not only without a name.
        #expect(try Data(contentsOf: URL(filePath: other)) == Data(StoreKeyFile.ended))
        #expect(throws: StoreError.closed) { try store.append(inputs(21...22)) }
        expectRefused(.notFound)
        try fill()
        #expect(try fixture.recovered().inputs == inputs(11...20))
    }

    /// Whoever has lost the key can still delete it.
    @Test func deletedWithoutKey() throws {
        try fill()
        let (store, _) = try fixture.open()
        #expect(throws: StoreError.locked) { try RoomStore.delete(in: fixture.directory, name: fixture.name) }
        try store.close(within: .seconds(60))
        try RoomStore.delete(in: fixture.directory, name: fixture.name)
        #expect(fixture.files == [])
        #expect(throws: StoreError.notFound) { try RoomStore.delete(in: fixture.directory, name: fixture.name) }
    }

    @Test func deletedAfterItWasClosed() throws {
        let store = try fixture.create()
        try store.close(within: .seconds(60))
        #expect(throws: StoreError.closed) { try store.delete(within: .seconds(60)) }
        #expect(fixture.files == ["lobby.store"])
    }

    /// What is to be deleted while the rest is still being written is not only closed.
    @Test func deletedWhileItCloses() throws {
        let queue = StoreQueue(nextInput: 1)
        queue.end(deleting: false)
        var batch = StoreBatch()
        #expect(queue.next(&batch, needsCheckpoint: false, atMost: nil) == .close)
        queue.end(deleting: true)
        #expect(!queue.hasClosed(nil) { Issue.record("it is let go of") })
        #expect(throws: StoreError.timedOut) { try queue.waitForEnd(deleting: true, atMost: .zero) }
        queue.hasDeleted(nil)
        try queue.waitForEnd(deleting: true, atMost: .zero)
    }

    /// Also a store that has failed can be deleted.
    @Test func deletedAfterFailure() throws {
        let store = try fixture.create()
        try store.append(inputs(1...2))
        try store.append([NumberedBytes(1, [9])])
        try fixture.reports.wait(for: "failure") { $0 == .failed(.conflicting(1)) }
        try store.delete(within: .seconds(60))
        #expect(fixture.files == [])
    }
}
