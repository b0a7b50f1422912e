internal import Wire

/// What the lane of files carries between a member and its host; the host passes most of it on.
///
/// `peer` is, on its way to the host, the member that it is for, and on its way from the host the one that it is from.
package enum FileFrame: Sendable, Equatable {
    /// The host: files of up to so many bytes are passed on; 0 for none.
    case limit(UInt64)
    /// So many bytes of frames with pieces have been received on this connection.
    case taken(UInt64)
    /// A receiver wants `count` pieces from `first` on.
    case want(peer: UInt32, file: FileID, first: PieceNumber, count: UInt16)
    /// A receiver has so many bytes of the file.
    case have(peer: UInt32, file: FileID, bytes: UInt64)
    /// Nothing more of it comes, or is wanted.
    case end(peer: UInt32, file: FileID, FileEnd)
    /// A sealed piece; from its sender, for all who want it.
    case piece(PieceFrame)

    private enum Kind: UInt8 {
        case limit = 1
        case taken, want, have, end
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 24)
        switch self {
        case .limit(let bytes):
            writer.write(Kind.limit.rawValue)
            writer.write(bytes)
        case .taken(let bytes):
            writer.write(Kind.taken.rawValue)
            writer.write(bytes)
        case .want(let peer, let file, let first, let count):
            writer.write(Kind.want, peer, file)
            writer.write(first.rawValue)
            writer.write(count)
        case .have(let peer, let file, let bytes):
            writer.write(Kind.have, peer, file)
            writer.write(bytes)
        case .end(let peer, let file, let end):
            writer.write(Kind.end, peer, file)
            writer.write(end.rawValue)
        case .piece(let frame):
            return frame.bytes
        }
        return writer.bytes
    }

    var isPiece: Bool {
        if case .piece = self { true } else { false }
    }

    /// - Throws: ``FileError/malformed``.
    init(decoding bytes: [UInt8]) throws(FileError) {
        if bytes.first == PieceFrame.type {
            self = .piece(try PieceFrame(decoding: bytes))
            return
        }
        do throws(WireError) {
            var reader = ByteReader(bytes)
            guard let kind = Kind(rawValue: try reader.readUInt8()) else { throw .invalidValue }
            switch kind {
            case .limit: self = .limit(try reader.readUInt64())
            case .taken: self = .taken(try reader.readUInt64())
            case .want:
                let (peer, file) = try reader.readPlace()
                self = .want(
                    peer: peer, file: file, first: PieceNumber(rawValue: try reader.readUInt32()),
                    count: try reader.readUInt16())
            case .have:
                let (peer, file) = try reader.readPlace()
                self = .have(peer: peer, file: file, bytes: try reader.readUInt64())
            case .end:
                let (peer, file) = try reader.readPlace()
                self = .end(peer: peer, file: file, FileEnd(rawValue: try reader.readUInt8()) ?? .unspecified)
            }
            try reader.finish()
        } catch {
            throw .malformed
        }
    }
}

extension ByteWriter {
    fileprivate mutating func write(_ kind: some RawRepresentable<UInt8>, _ peer: UInt32, _ file: FileID) {
        write(kind.rawValue)
        write(peer)
        write(file.value)
    }
}

extension ByteReader {
    fileprivate mutating func readPlace() throws(WireError) -> (peer: UInt32, file: FileID) {
        (try readUInt32(), FileID(try readUInt64()))
    }
}
