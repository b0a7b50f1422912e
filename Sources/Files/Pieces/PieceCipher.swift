internal import Sodium

/// Seals and opens the pieces of one file: ChaCha20-Poly1305, whose nonce is the piece's place.
///
/// A nonce never comes with two contents: the key follows from the root, which names the content of each piece, and
/// ``seal(_:_:of:)`` seals nothing else.
package final class PieceCipher: Sendable {
    private static let zeros = [UInt8](repeating: 0, count: FileFormat.pieceByteCount)

    private let file: FileID
    private let key: SecretBytes
    private let fileKey: FileKey

    init(_ offer: FileOffer) {
        file = offer.id
        key = offer.key.sealKey(root: offer.root)
        fileKey = offer.key
    }

    /// The sealed piece of data, of at most ``FileFormat/pieceByteCount`` bytes.
    ///
    /// - Throws: ``FileError/changed`` when it is not what was hashed.
    package func seal(_ index: UInt32, _ bytes: Span<UInt8>, of hashes: PieceHashes) throws(FileError) -> PieceFrame {
        guard hashes.isUnchanged(index, bytes) else { throw .changed }
        return seal(.data(index), bytes)
    }

    /// A piece behind the end, that hides how many there are.
    package func sealPadding(_ index: UInt32) -> PieceFrame { seal(.data(index), Span()) }

    /// The sealed part of the list of hashes.
    package func sealPage(_ index: UInt32, of leaves: LeafList) -> PieceFrame {
        seal(.list(index), leaves.page(index).span)
    }

    private func seal(_ number: PieceNumber, _ bytes: Span<UInt8>) -> PieceFrame {
        precondition(bytes.count <= FileFormat.pieceByteCount, "a piece is no larger")
        guard bytes.count == FileFormat.pieceByteCount else {
            var padded = Self.zeros
            for index in bytes.indices { padded[index] = bytes[index] }
            return seal(number, padded.span)
        }
        return PieceFrame(file: file, number: number) { sealed in
            ChaChaPoly.seal(bytes, into: &sealed, nonce: Self.nonce(of: number), key: key)
        }
    }

    /// Opens a piece of the data that has `count` bytes into the first bytes of `text`, which has room for a whole one. It is
    /// proven by its hash.
    ///
    /// - Throws: ``FileError/forged``; what is in `text` is of no use then.
    package func open(
        _ frame: PieceFrame, count: Int, leaf: Span<UInt8>, into text: inout [UInt8]
    ) throws(FileError) {
        try open(frame, into: &text)
        guard count <= text.count, text[count...].allSatisfy({ $0 == 0 }),
            constantTimeEquals(fileKey.leaf(frame.number.index, text.span.extracting(..<count)).span, leaf)
        else { throw .forged }
    }

    /// The padded plaintext of a part of the list of hashes, which only the root proves.
    ///
    /// - Throws: ``FileError/forged``.
    func openPage(_ frame: PieceFrame) throws(FileError) -> [UInt8] {
        var text = Self.zeros
        try open(frame, into: &text)
        return text
    }

    private func open(_ frame: PieceFrame, into text: inout [UInt8]) throws(FileError) {
        precondition(text.count == FileFormat.pieceByteCount, "there is room for a piece")
        do throws(SodiumError) {
            var span = text.mutableSpan
            try ChaChaPoly.open(
                frame.bytes.span.extracting(PieceFrame.sealedRange), into: &span, nonce: Self.nonce(of: frame.number),
                key: key)
        } catch {
            throw .forged
        }
    }

    /// Eight zero bytes, then the number as on the wire, big endian.
    private static func nonce(of number: PieceNumber) -> Nonce {
        let raw = number.rawValue
        let bytes: [UInt8] = (0..<12).map { $0 < 8 ? 0 : UInt8(truncatingIfNeeded: raw >> UInt32(8 * (11 - $0))) }
        guard let nonce = try? Nonce(bytes: bytes.span) else { preconditionFailure("these are 12 bytes") }
        return nonce
    }
}
