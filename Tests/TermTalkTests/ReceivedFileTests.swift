import Files
import Foundation
import Glibc
import Sodium
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
        try part.write([1, 2, 3, 4], piece: 0)
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
            try first.write([9], piece: 0)
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
        try part.write(Array(data[..<FileFormat.pieceByteCount]), piece: 0)
        try part.write([UInt8](repeating: 8, count: FileFormat.pieceByteCount), piece: 1)
        try part.write([7, 7, 7, 7, 7], piece: 2)
        part.prove(0..<3, of: offer, leaves, into: &had)
        #expect(had.contains(0) && !had.contains(1) && had.contains(2))
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
        #expect(try source.read(0) == [1, 2, 3])
        truncate(path, 2)
        #expect(throws: SourceFile.Failure.changed) { try source.read(0) }
        truncate(path, off_t(FileFormat.largestSize) + 1)
        #expect(throws: SourceFile.Failure.tooLarge) { try SourceFile(path: path) }
    }
}
