internal import Files
import Glibc
internal import Sodium

/// A file that a member offers. It blocks; it is read on threads of the loop's offloader only.
final class SourceFile: Sendable {
    enum Failure: Error, Equatable {
        case unreadable(errno: Int32)
        /// A folder, a device, a pipe.
        case notRegular
        case tooLarge
        /// It is not what it was when it was opened.
        case changed
    }

    /// What people are told of what a file says beside what is seen.
    struct Metadata: Sendable, Equatable {
        /// What the file is.
        let kind: String
        /// Whether mat2 is there, which removes it.
        let hasCleaner: Bool
    }

    /// The last part of its path.
    let name: String
    let size: UInt64
    /// What it is, when it may say more than is seen of it.
    let metadata: Metadata?
    private let descriptor: OpenDescriptor

    init(path: String) throws(Failure) {
        guard let descriptor = OpenDescriptor(unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) else {
            throw .unreadable(errno: errno)
        }
        var status = stat()
        guard unsafe fstat(descriptor.number, &status) == 0 else { throw .unreadable(errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
        size = UInt64(max(0, status.st_size))
        guard size <= FileFormat.largestSize else { throw .tooLarge }
        let last = path.split(separator: "/").last.map(String.init) ?? path
        name = last.utf8.count <= FileFormat.nameByteCount ? last : FileName(last).text
        self.descriptor = descriptor
        // As mat2 calls what it has cleaned.
        metadata = last.contains(".cleaned.") ? nil : Self.metadata(in: descriptor)
    }

    private static func metadata(in descriptor: OpenDescriptor) -> Metadata? {
        var start = [UInt8](repeating: 0, count: FileMetadata.byteCount)
        let count = unsafe start.withUnsafeMutableBytes {
            unsafe pread(descriptor.number, $0.baseAddress, $0.count, 0)
        }
        guard count > 0, let kind = FileMetadata.kind(of: Array(start[..<count])) else { return nil }
        return Metadata(kind: kind, hasCleaner: FileMetadata.hasCleaner)
    }

    /// The hashes of some of its pieces.
    func hash(_ range: Range<UInt32>, _ key: FileKey, _ checksum: SecretChecksum) throws(Failure) -> PieceHashes {
        var hashes = PieceHashes(checksum)
        hashes.reserve(pieces: UInt32(range.count))
        var buffer = [UInt8](repeating: 0, count: FileFormat.pieceByteCount)
        for index in range {
            let count = try read(index, into: &buffer)
            hashes.append(index, buffer.span.extracting(..<count), key: key)
        }
        return hashes
    }

    /// Reads a piece of the data into the first bytes of `buffer`, which has room for a whole one; how many they are.
    func read(_ index: UInt32, into buffer: inout [UInt8]) throws(Failure) -> Int {
        let start = UInt64(index) * UInt64(FileFormat.pieceByteCount)
        let count = Int(min(UInt64(FileFormat.pieceByteCount), size - min(start, size)))
        var filled = 0
        while filled < count {
            let got = unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(
                    descriptor.number, $0.baseAddress?.advanced(by: filled), min(count, $0.count) - filled,
                    off_t(start) + off_t(filled))
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw got == 0 ? .changed : .unreadable(errno: errno) }
            filled += got
        }
        return count
    }
}
