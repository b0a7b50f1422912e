internal import Files
import Glibc

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

    /// The hashes `known` of its first pieces, and those of up to `count` more.
    func hash(_ count: UInt32, behind known: LeafList, _ key: FileKey) throws(Failure) -> LeafList {
        let pieces = FileFormat.pieceCount(size: size)
        var leaves = known
        leaves.reserve(pieces: pieces)
        for index in known.count..<min(pieces, known.count + count) {
            let bytes = try read(index)
            leaves.append(key.leaf(index, bytes.span))
        }
        return leaves
    }

    /// The bytes of a piece of the data.
    func read(_ index: UInt32) throws(Failure) -> [UInt8] {
        let start = UInt64(index) * UInt64(FileFormat.pieceByteCount)
        let count = Int(min(UInt64(FileFormat.pieceByteCount), size - min(start, size)))
        var filled = 0
        var failure: Failure?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while filled < count {
                let got = unsafe pread(
                    descriptor.number, buffer.baseAddress?.advanced(by: filled), count - filled,
                    off_t(start) + off_t(filled))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    failure = got == 0 ? .changed : .unreadable(errno: errno)
                    break
                }
                filled += got
            }
            initialized = filled
        }
        if let failure { throw failure }
        return bytes
    }
}
