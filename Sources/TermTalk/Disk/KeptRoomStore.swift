package import Chat
import Glibc
internal import RoomStore
internal import Sodium
internal import TorController

/// Rooms that keep their keys, by name: `rooms/NAME.room` in the state directory, 0600; beside it `NAME.tor`, 0700, of a tor
/// of the room's own, which the room's lock keeps to one process. A file is written once, when the room
/// is new, and never again. All of it blocks.
package struct KeptRoomStore: Sendable {
    private let directories: UserDirectories
    private var folder: String { "\(directories.state)/rooms" }

    package init(directories: UserDirectories) {
        self.directories = directories
    }

    /// The names of all that are kept, in order; none when the folder cannot be read.
    package var names: [String] {
        let suffix = ".room"
        return PrivateDirectory.names(in: folder)
            .compactMap { $0.hasSuffix(suffix) ? RoomName(String($0.dropLast(suffix.count)))?.description : nil }
            .sorted()
    }

    /// Takes a room for this process alone.
    ///
    /// - Throws: persist-in-use, persist-damaged, persist-version, persist-unreadable, persist-unwritable.
    package func open(_ name: RoomName) throws(ChatEvent.Notice) -> KeptRoomSlot {
        directories.makeState()
        unsafe mkdir(folder, 0o700)
        var status = stat()
        guard unsafe lstat(folder, &status) == 0 else { throw .keptRoomUnwritable(errno) }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw .keptRoomFolder
        }
        let lock: FileLock
        do throws(FileLock.Failure) {
            lock = try FileLock(path: "\(folder)/\(name).lock")
        } catch {
            switch error {
            case .held: throw .keptRoomInUse
            case .unusable(let code): throw .keptRoomUnwritable(code)
            }
        }
        let place = KeptRoom.Place(
            file: PrivateFile(path: "\(folder)/\(name).room"), lock: lock, torFolder: "\(folder)/\(name).tor",
            folder: folder, name: name.description)
        return try KeptRoomSlot(name: name, place: place)
    }
}

/// A kept room that no other process can use meanwhile, before its keys are known.
package final class KeptRoomSlot {
    package enum State: Sendable {
        /// There is none of this name yet.
        case new
        /// It has no passphrase.
        case open
        /// It has one.
        case sealed
    }

    package let state: State
    private let name: RoomName
    private let place: KeptRoom.Place
    private let content: KeptRoomFile?

    fileprivate init(name: RoomName, place: KeptRoom.Place) throws(ChatEvent.Notice) {
        self.name = name
        self.place = place
        // The process that ended the room did not get to the end of that.
        if RoomStore.isEnded(in: place.folder, name: place.name) {
            if let notice = place.removeAll() { throw notice }
        }
        guard let bytes = try Self.read(place.file) else {
            content = nil
            state = .new
            return
        }
        do throws(KeptRoomFile.Failure) {
            let content = try KeptRoomFile(reading: bytes, name: name)
            state = content.isSealed ? .sealed : .open
            self.content = consume content
        } catch {
            throw error.notice
        }
    }

    private static func read(_ file: PrivateFile) throws(ChatEvent.Notice) -> SecretBytes? {
        do throws(PrivateFile.Failure) {
            guard let bytes = try file.readSecret(limit: 2 * KeptRoomFile.byteCount) else { return nil }
            // Its keys were overwritten, and then it was to be removed.
            let isOver = bytes.withBytes { bytes in
                bytes.count == KeptRoomFile.byteCount && bytes.indices.allSatisfy { bytes[$0] == 0 }
            }
            guard isOver else { return bytes }
            try file.shred()
            return nil
        } catch {
            throw error.keptRoomNotice
        }
    }

    /// The room as it was kept.
    ///
    /// - Throws: passphrase-wrong; internal-error when there is not enough memory.
    package func room(passphrase: Password?) throws(ChatEvent.Notice) -> KeptRoom {
        do throws(KeptRoomFile.Failure) {
            switch content {
            case .some(let content): return try content.room(name: name, passphrase: passphrase, at: place)
            case nil: throw .damaged
            }
        } catch {
            throw error.notice
        }
    }

    /// A new room, which is kept before anybody hears of it.
    ///
    /// - Throws: persist-unwritable; internal-error when there is not enough memory.
    package func create(_ room: RoomName, passphrase: Password?) throws(ChatEvent.Notice) -> KeptRoom {
        let kept = KeptRoom(new: room, at: place)
        let content: KeptRoomFile
        do throws(KeptRoomFile.Failure) {
            content = try KeptRoomFile(kept, name: name, passphrase: passphrase)
        } catch {
            throw error.notice
        }
        do throws(PrivateFile.Failure) {
            try content.bytes.withBytes { bytes throws(PrivateFile.Failure) in try place.file.create(bytes) }
        } catch {
            throw error.keptRoomNotice
        }
        return kept
    }
}
