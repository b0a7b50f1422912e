import Foundation
import Testing

@testable import RoomStore

/// A file system in memory that is soon full, for a store of its own. Only root can have one.
final class SmallDisk {
    static let isPossible: Bool = {
        guard let disk = try? SmallDisk(byteCount: 1 << 20) else { return false }
        _ = disk
        return true
    }()
    static let impossible: Comment = "only root can mount a file system"

    let fixture: StoreFixture
    private var filler: String { "\(fixture.directory)/filler" }

    init(byteCount: Int) throws {
        fixture = try StoreFixture()
        guard mount("tmpfs", fixture.directory, "tmpfs", 0, "size=\(byteCount)") == 0 else { throw NotPossible() }
    }

    struct NotPossible: Error {}

    deinit {
        umount2(fixture.directory, Int32(MNT_DETACH))
    }

    /// Takes all space but so many bytes.
    func fill(leaving byteCount: Int = 0) throws {
        let free = try freeByteCount()
        let file = open(filler, O_WRONLY | O_CREAT, 0o600)
        defer { close(file) }
        guard posix_fallocate(file, lseek(file, 0, SEEK_END), max(1, free - byteCount)) == 0 else {
            throw NotPossible()
        }
    }

    /// Gives back what ``fill(leaving:)`` took.
    func makeSpace() throws {
        var file = stat()
        guard stat(filler, &file) == 0, unlink(filler) == 0 else { throw NotPossible() }
        // What stalled takes its part of it at once.
        try waitForChildren { try freeByteCount() > Int(file.st_size) / 2 }
    }

    func makeReadOnly() throws {
        try waitForChildren {
            mount("tmpfs", fixture.directory, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0
        }
    }

    private func freeByteCount() throws -> Int {
        var status = statvfs()
        guard statvfs(fixture.directory, &status) == 0 else { throw NotPossible() }
        return Int(status.f_bavail) * Int(status.f_bsize)
    }

    /// A process that another test has just started has all open files of this one until its program runs.
    private func waitForChildren(until isSo: () throws -> Bool) throws {
        let start = ContinuousClock.now
        while try !isSo() {
            guard start.duration(to: .now) < .seconds(60) else { throw NotPossible() }
            sched_yield()
        }
    }
}
