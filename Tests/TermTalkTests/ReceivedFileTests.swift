import Chat
import Files
import Foundation
import Glibc
import Room
import Sodium
import Synchronization
import Testing

@testable import TermTalk

/// The folder for downloads, and the files in it.
@Suite struct ReceivedFileTests {
    private final class Folder {
        let path = "/tmp/tt-files-\(FileID(Random.uint64()))"

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var names: [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        }
    }

    private static func offer(_ name: String, size: UInt64) -> FileOffer {
        FileOffer(id: FileID(1), name: name, size: size, key: FileKey(), root: [UInt8](repeating: 0, count: 32))
    }

    @Test(
        "user-dirs.dirs is read and not run",
        arguments: [
            (#"XDG_DOWNLOAD_DIR="$HOME/Laden""#, "/home/a/Laden"), (#"  XDG_DOWNLOAD_DIR="/srv/in/"  "#, "/srv/in"),
            (#"XDG_DOWNLOAD_DIR="$HOME/a \"b\" \$c \\d""#, #"/home/a/a "b" $c \d"#),
            (#"XDG_DOWNLOAD_DIR="$HOME/""#, nil),
            (#"XDG_DOWNLOAD_DIR="$(touch x)""#, nil), (#"XDG_DOWNLOAD_DIR="/a$(touch x)""#, nil),
            (#"XDG_DOWNLOAD_DIR="relative""#, nil), (#"XDG_DOWNLOAD_DIR="/a`b`""#, nil),
            (#"#XDG_DOWNLOAD_DIR="/a""#, nil), (#"XDG_DOWNLOAD_DIR=/a"#, nil), (#"XDG_DOWNLOAD_DIR="/a\b""#, nil),
            ("XDG_DOWNLOAD_DIR=\"/a\"\nXDG_DOWNLOAD_DIR=\"/b\"", "/b"), ("", nil),
        ] as [(String, String?)])
    func userDirectories(_ text: String, _ path: String?) {
        #expect(DownloadFolder.path(in: text, home: "/home/a") == path)
    }

    @Test("A file gets its name when it is whole, never that of another one, and is its owner's alone")
    func finish() throws {
        let folder = try Folder()
        try Data("mine".utf8).write(to: URL(filePath: "\(folder.path)/a.txt"))
        symlink("\(folder.path)/elsewhere", "\(folder.path)/a (1).txt")
        let part = try PartFile(for: Self.offer("a.txt", size: 3), in: folder.path)
        try part.put([1, 2, 3, 4], piece: 0)
        let path = try part.finish(FileName("a.txt"), size: 3)
        #expect(path == "\(folder.path)/a (2).txt")
        #expect(try Data(contentsOf: URL(filePath: path)) == Data([1, 2, 3]))
        #expect(try Data(contentsOf: URL(filePath: "\(folder.path)/a.txt")) == Data("mine".utf8))
        #expect(folder.names == ["a (1).txt", "a (2).txt", "a.txt"])
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o7777 == 0o600)
    }

    @Test("A part file is gone on with by the next, is nobody else's meanwhile, and no link is followed")
    func parts() throws {
        let folder = try Folder()
        let offer = Self.offer("b", size: 20)
        let name: String
        do {
            let first = try PartFile(for: offer, in: folder.path)
            name = first.name
            try first.put([9], piece: 0)
            let second = try PartFile(for: offer, in: folder.path)
            #expect(second.name != first.name)
            PartFile.remove(.init(folder: folder.path, name: second.name))
        }
        #expect(folder.names == [name])
        let third = try PartFile(for: offer, in: folder.path)
        #expect(third.name == name)
        PartFile.remove(.init(folder: folder.path, name: name))
        #expect(folder.names.isEmpty)
        symlink("/etc/hostname", "\(folder.path)/\(name)")
        #expect(throws: PartFile.Failure.self) { try PartFile(for: offer, in: folder.path) }
    }

    @Test("What a part file has is proven by the list of hashes")
    func prove() throws {
        let folder = try Folder()
        let key = FileKey()
        let data = [UInt8](repeating: 7, count: 2 * FileFormat.pieceByteCount + 5)
        var leaves = LeafList()
        for index in UInt32(0)..<3 {
            let start = Int(index) * FileFormat.pieceByteCount
            let bytes = Array(data[start..<min(data.count, start + FileFormat.pieceByteCount)])
            leaves.append(key.leaf(index, bytes.span))
        }
        let offer = FileOffer(
            id: FileID(1), name: "c", size: UInt64(data.count), key: key,
            root: key.root(size: UInt64(data.count), leaves: leaves.bytes.span))
        let part = try PartFile(for: offer, in: folder.path)
        var had = PieceSet(count: 3)
        part.prove(0..<3, of: offer, leaves, into: &had)
        #expect(had.filled == 0)
        try part.put(Array(data[..<FileFormat.pieceByteCount]), piece: 0)
        try part.put([UInt8](repeating: 8, count: FileFormat.pieceByteCount), piece: 1)
        try part.put([7, 7, 7, 7, 7], piece: 2)
        part.prove(0..<3, of: offer, leaves, into: &had)
        #expect(had.contains(0) && !had.contains(1) && had.contains(2))
    }

    @Test("A disk that fails in the middle is told, and what was written before counts when it goes on")
    func failingDisk() throws {
        let folder = try Folder()
        let data = [UInt8](repeating: 3, count: 2 * FileFormat.pieceByteCount)
        let key = FileKey()
        var leaves = LeafList()
        let piece = Array(data[..<FileFormat.pieceByteCount])
        for index in UInt32(0)..<2 { leaves.append(key.leaf(index, piece.span)) }
        let offer = FileOffer(
            id: FileID(1), name: "d", size: UInt64(data.count), key: key,
            root: key.root(size: UInt64(data.count), leaves: leaves.bytes.span))
        for code in [EIO, ENOSPC, EDQUOT] {
            do {
                // Half of the second piece, and then nothing.
                let store: PartFile.Store = { descriptor, bytes, place in
                    let half = FileFormat.pieceByteCount / 2
                    guard place < FileFormat.pieceByteCount + half else {
                        errno = code
                        return -1
                    }
                    let count = place < FileFormat.pieceByteCount ? bytes.count : half
                    return bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, count, off_t(place)) }
                }
                let part = try PartFile(for: offer, in: folder.path, store: store)
                try part.put(piece, piece: 0)
                let failure: PartFile.Failure = code == EIO ? .unwritable(errno: EIO) : .noSpace
                #expect(throws: failure) { try part.put(piece, piece: 1) }
            }
            let again = try PartFile(for: offer, in: folder.path)
            var had = PieceSet(count: 2)
            again.prove(0..<2, of: offer, leaves, into: &had)
            #expect(had.contains(0) && !had.contains(1))
            PartFile.remove(.init(folder: folder.path, name: again.name))
        }
    }

    @Test("What is there under another offer is known by what is in it, and by its size")
    func whole() throws {
        let folder = try Folder()
        let path = "\(folder.path)/e"
        try Data([1, 2, 3]).write(to: URL(filePath: path))
        #expect(PartFile.whole(path, size: 3) != nil)
        #expect(PartFile.whole(path, size: 2) == nil)
        symlink(path, "\(folder.path)/link")
        #expect(PartFile.whole("\(folder.path)/link", size: 3) == nil)
        #expect(PartFile.whole(folder.path, size: 3) == nil)
    }

    @Test(
        "What may say more than is seen is known by its first bytes",
        arguments: [
            ("\u{25}PDF-1.7", true), ("ID3\u{3}", true), ("fLaC", true), ("OggS", true), ("II*\0", true),
            ("\0\0\0\u{18}ftypisom", true), ("PK\u{3}\u{4}....[Content_Types].xml", true),
            ("PK\u{3}\u{4}..mimetypeapplication/vnd.oasis", true), ("PK\u{3}\u{4}readme", false), ("<svg a>", true),
            ("plain text", false), ("", false), ("RIFF....WEBPVP8 ", false), ("RIFF....WEBPEXIF", true),
        ])
    func metadata(_ start: String, _ isTold: Bool) {
        #expect((FileMetadata.kind(of: Array(start.utf8)) != nil) == isTold)
    }

    @Test("A picture is told of when it has EXIF data, and not when it has none, or mat2 has cleaned it")
    func pictures() throws {
        let folder = try Folder()
        let head: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE1, 0, 20]
        let camera = head + Array("Exif\0\0MM".utf8)
        let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 13, 10]
        #expect(FileMetadata.kind(of: camera) != nil && FileMetadata.kind(of: head) == nil)
        #expect(FileMetadata.kind(of: png + Array("tEXt".utf8)) != nil && FileMetadata.kind(of: png) == nil)
        for (name, isTold) in [("a.jpg", true), ("a.cleaned.jpg", false)] {
            try Data(camera).write(to: URL(filePath: "\(folder.path)/\(name)"))
            let source = try SourceFile(path: "\(folder.path)/\(name)")
            #expect((source.metadata != nil) == isTold)
        }
        let told = SourceFile.Metadata(kind: "a picture", hasCleaner: true)
        #expect(ChatEvent.Notice.fileMetadata("a.jpg", told).hint?.hasPrefix("mat2 makes a copy") == true)
    }

    @Test("A file for which the disk has no room is not begun")
    func noSpace() throws {
        var space = statvfs()
        try #require(statvfs("/dev/shm", &space) == 0)
        guard UInt64(space.f_bavail) * UInt64(space.f_frsize) < FileFormat.largestSize else { return }
        let folder = "/dev/shm/tt-files-\(FileID(Random.uint64()))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(throws: PartFile.Failure.noSpace) {
            try PartFile(for: Self.offer("large", size: FileFormat.largestSize), in: folder)
        }
        #expect(throws: Never.self) { try PartFile(for: Self.offer("small", size: 1), in: folder) }
    }

    private final class Disk: Sendable {
        let free = Atomic<UInt64>(1 << 40)
    }

    @Test("What stays free is left alone also when other files have taken the rest meanwhile")
    func spaceOfOthers() throws {
        let folder = try Folder()
        let disk = Disk()
        let piece = [UInt8](repeating: 3, count: FileFormat.pieceByteCount)
        let offer = Self.offer("d", size: UInt64(100 * piece.count))
        let part = try PartFile(for: offer, in: folder.path, free: { _ in disk.free.load(ordering: .relaxed) })
        try part.put(piece, piece: 0)
        disk.free.store((64 << 20) + UInt64(piece.count), ordering: .relaxed)
        try part.put(piece, piece: 64)
        disk.free.store((64 << 20) + UInt64(piece.count) - 1, ordering: .relaxed)
        #expect(throws: PartFile.Failure.noSpace) { try part.put(piece, piece: 64) }
    }

    @Test("Only regular files are offered; what ends early has changed")
    func sources() throws {
        let folder = try Folder()
        #expect(throws: SourceFile.Failure.notRegular) { try SourceFile(path: folder.path) }
        #expect(throws: SourceFile.Failure.notRegular) { try SourceFile(path: "/dev/zero") }
        #expect(throws: SourceFile.Failure.unreadable(errno: ENOENT)) { try SourceFile(path: "\(folder.path)/none") }
        mkfifo("\(folder.path)/fifo", 0o600)
        #expect(throws: SourceFile.Failure.notRegular) { try SourceFile(path: "\(folder.path)/fifo") }
        let path = "\(folder.path)/file"
        try Data([1, 2, 3]).write(to: URL(filePath: path))
        let source = try SourceFile(path: path)
        #expect(source.name == "file" && source.size == 3)
        var buffer = [UInt8](repeating: 0, count: FileFormat.pieceByteCount)
        #expect(try source.read(0, into: &buffer) == 3)
        #expect(buffer[..<4] == [1, 2, 3, 0])
        truncate(path, 2)
        #expect(throws: SourceFile.Failure.changed) { try source.read(0, into: &buffer) }
        truncate(path, off_t(FileFormat.largestSize) + 1)
        #expect(throws: SourceFile.Failure.tooLarge) { try SourceFile(path: path) }
    }
}

extension PartFile {
    fileprivate func put(_ bytes: [UInt8], piece index: UInt32) throws(Failure) {
        try write(bytes.span, piece: index)
    }
}
