internal import Files
import Glibc
internal import Sodium

/// What a receiver has of a file, under a name of its own in the folder where the file will be. It blocks; it is used on
/// threads of the loop's offloader only, by one piece of work at a time.
final class PartFile: Sendable {
    enum Failure: Error, Equatable {
        case folder(DownloadFolder.Failure)
        case noSpace
        /// Another process, or transfer, writes it.
        case inUse
        case unwritable(errno: Int32)
    }

    /// What is left free on the disk.
    private static let reserve: UInt64 = 64 << 20
    /// Pieces after which it is looked at again whether that is so, as other files come meanwhile: 1 MB.
    private static let checkedPieces: UInt32 = 64
    /// Pieces after which the disk is to begin: 8 MB.
    private static let flushedPieces: UInt32 = 512
    /// Names that are tried for a file whose own is taken, and for a part file that is in use.
    private static let namesTried = 1_000
    private static let partsTried = 8

    /// Where a part file is.
    struct Place: Sendable {
        let folder: String?
        let name: String
    }

    private let folder: OpenDescriptor
    private let folderPath: String
    private let descriptor: OpenDescriptor
    let name: String
    /// As pwrite(2), which a test replaces by a disk that fails.
    private let store: Store
    /// How many bytes are free on a file's disk; nil for unknown.
    private let free: Free

    typealias Store = @Sendable (_ descriptor: Int32, _ bytes: Span<UInt8>, _ place: Int64) -> Int

    typealias Free = @Sendable (_ descriptor: Int32) -> UInt64?

    private static let ofDisk: Free = { descriptor in
        var space = statvfs()
        guard unsafe fstatvfs(descriptor, &space) == 0 else { return nil }
        let free = UInt64(space.f_bavail).multipliedReportingOverflow(by: UInt64(space.f_frsize))
        return free.overflow ? .max : free.partialValue
    }

    private static let toDisk: Store = { descriptor, bytes, place in
        unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, off_t(place)) }
    }

    /// Opens the part file for an offer of this name and size, or makes it. It is known by these two alone: what is in it is
    /// proven by whoever goes on with it.
    init(
        for offer: FileOffer, in folderName: String?, free: Free? = nil, store: Store? = nil
    ) throws(Failure) {
        self.store = store ?? Self.toDisk
        self.free = free ?? Self.ofDisk
        do throws(DownloadFolder.Failure) {
            (folder, folderPath) = try DownloadFolder.open(folderName)
        } catch {
            throw .folder(error)
        }
        let hash = BLAKE2b.hash(Array("\(offer.size) \(offer.name)".utf8).span)
        let digits = hash[..<8].map { FileID(UInt64($0)).description.suffix(2) }.joined()
        for number in 0..<Self.partsTried {
            let name = number == 0 ? ".tt-\(digits).part" : ".tt-\(digits)-\(number).part"
            let opened = unsafe openat(
                folder.number, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
            guard let descriptor = OpenDescriptor(opened) else { throw .unwritable(errno: errno) }
            guard flock(descriptor.number, LOCK_EX | LOCK_NB) == 0 else { continue }
            self.name = name
            self.descriptor = descriptor
            try check(offer)
            return
        }
        throw .inUse
    }

    private func check(_ offer: FileOffer) throws(Failure) {
        var status = stat()
        guard unsafe fstat(descriptor.number, &status) == 0 else { throw .unwritable(errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(), status.st_nlink == 1 else {
            throw .unwritable(errno: EPERM)
        }
        let had = UInt64(max(0, status.st_blocks)) * 512
        try checkSpace(for: offer.size - min(offer.size, had))
    }

    private func checkSpace(for byteCount: UInt64) throws(Failure) {
        guard byteCount > 0 else { return }
        guard let free = free(descriptor.number) else { throw .unwritable(errno: errno) }
        guard free >= Self.reserve, free - Self.reserve >= byteCount else { throw .noSpace }
    }

    /// A whole file of that size, to be proven.
    static func whole(_ path: String, size: UInt64) -> OpenDescriptor? {
        let opened = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard let descriptor = OpenDescriptor(opened) else { return nil }
        var status = stat()
        guard unsafe fstat(descriptor.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            UInt64(max(0, status.st_size)) == size
        else { return nil }
        return descriptor
    }

    /// Which of these pieces are in it.
    func prove(_ range: Range<UInt32>, of offer: FileOffer, _ leaves: LeafList, into pieces: inout PieceSet) {
        Self.prove(range, in: descriptor, of: offer, leaves, into: &pieces)
    }

    /// Which of these pieces are in a file.
    static func prove(
        _ range: Range<UInt32>, in descriptor: OpenDescriptor, of offer: FileOffer, _ leaves: LeafList,
        into pieces: inout PieceSet
    ) {
        var buffer = [UInt8](repeating: 0, count: FileFormat.pieceByteCount)
        for index in range {
            let start = UInt64(index) * UInt64(FileFormat.pieceByteCount)
            let count = offer.byteCount(of: index)
            let got = unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(descriptor.number, $0.baseAddress, count, off_t(start))
            }
            // Behind the end of what was written there is nothing.
            guard got > 0 else { return }
            guard got == count, let place = leaves.range(of: index),
                constantTimeEquals(
                    offer.key.leaf(index, buffer.span.extracting(..<count)).span, leaves.bytes.span.extracting(place))
            else { continue }
            pieces.insert(index)
        }
    }

    func write(_ bytes: Span<UInt8>, piece index: UInt32) throws(Failure) {
        let start = Int64(index) * Int64(FileFormat.pieceByteCount)
        if index % Self.checkedPieces == 0 { try checkSpace(for: UInt64(bytes.count)) }
        var written = 0
        while written < bytes.count {
            let count = store(descriptor.number, bytes.extracting(written..<bytes.count), start + Int64(written))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(count == 0 ? EIO : errno) }
            written += count
        }
        if index % Self.flushedPieces == Self.flushedPieces - 1 {
            let count = Int64(Self.flushedPieces) * Int64(FileFormat.pieceByteCount)
            // The kernel begins to write it, so that little is left for the end.
            posix_fadvise(
                descriptor.number, off_t(start + Int64(FileFormat.pieceByteCount) - count), off_t(count),
                POSIX_FADV_DONTNEED)
        }
    }

    /// Gives the whole file its name, or that with the first number that is free, and never that of another file.
    ///
    /// - Returns: its path.
    func finish(_ name: FileName, size: UInt64) throws(Failure) -> String {
        guard ftruncate(descriptor.number, off_t(size)) == 0, fchmod(descriptor.number, 0o600) == 0,
            fsync(descriptor.number) == 0
        else { throw Self.failure(errno) }
        for number in 0..<Self.namesTried {
            let chosen = name.numbered(number)
            if take(chosen) {
                fsync(folder.number)
                return folderPath.hasSuffix("/") ? folderPath + chosen : "\(folderPath)/\(chosen)"
            }
            guard errno == EEXIST else { throw Self.failure(errno) }
        }
        throw .unwritable(errno: EEXIST)
    }

    /// Takes a name that is free; false, and errno, when it is not.
    private func take(_ chosen: String) -> Bool {
        if unsafe linkat(folder.number, name, folder.number, chosen, 0) == 0 {
            unsafe unlinkat(folder.number, name, 0)
            return true
        }
        guard errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK else { return false }
        // A file system without links: the name is taken by an empty file of ours first.
        let taken = unsafe openat(folder.number, chosen, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard OpenDescriptor(taken) != nil else { return false }
        return unsafe renameat(folder.number, name, folder.number, chosen) == 0
    }

    static func remove(_ place: Place) {
        guard let (folder, _) = try? DownloadFolder.open(place.folder) else { return }
        unsafe unlinkat(folder.number, place.name, 0)
    }

    private static func failure(_ code: Int32) -> Failure {
        code == ENOSPC || code == EDQUOT ? .noSpace : .unwritable(errno: code)
    }
}
