internal import Sodium

/// Seals and opens the pieces of one file: ChaCha20-Poly1305, whose nonce is the piece's place.
///
/// A nonce never comes with two contents: the key follows from the root, which names the content of each piece, and
/// ``seal(_:_:leaf:)`` seals nothing else.
package final class PieceCipher: Sendable {
    private let key: SecretBytes
    private let fileKey: FileKey

    package init(_ offer: FileOffer) {
        key = offer.key.sealKey(root: offer.root)
        fileKey = offer.key
    }

    /// The sealed piece of data, of at most ``FileFormat/pieceByteCount`` bytes.
    ///
    /// - Throws: ``FileError/changed`` when it is not what was offered.
    package func seal(_ index: UInt32, _ bytes: [UInt8], leaf: Span<UInt8>) throws(FileError) -> [UInt8] {
        guard constantTimeEquals(fileKey.leaf(index, bytes.span).span, leaf) else { throw .changed }
        return seal(.data(index), bytes)
    }

    /// A piece behind the end, that hides how many there are.
    package func sealPadding(_ index: UInt32) -> [UInt8] { seal(.data(index), []) }

    /// The sealed part of the list of hashes.
    package func sealPage(_ index: UInt32, of leaves: LeafList) -> [UInt8] { seal(.list(index), leaves.page(index)) }

    private func seal(_ number: PieceNumber, _ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count <= FileFormat.pieceByteCount, "a piece is no larger")
        var sealed = bytes
        sealed.reserveCapacity(FileFormat.sealedByteCount)
        sealed.append(contentsOf: repeatElement(0, count: FileFormat.sealedByteCount - bytes.count))
        var span = sealed.mutableSpan
        ChaChaPoly.seal(inPlace: &span, authenticating: Span(), nonce: Self.nonce(of: number), key: key)
        return sealed
    }

    /// The data of a piece that has `count` bytes, proven by its hash.
    ///
    /// - Throws: ``FileError/forged``.
    package func open(
        _ index: UInt32, _ sealed: [UInt8], count: Int, leaf: Span<UInt8>
    ) throws(FileError) -> [UInt8] {
        var bytes = try open(.data(index), sealed)
        guard count <= bytes.count, bytes[count...].allSatisfy({ $0 == 0 }) else { throw .forged }
        bytes.removeLast(bytes.count - count)
        guard constantTimeEquals(fileKey.leaf(index, bytes.span).span, leaf) else { throw .forged }
        return bytes
    }

    /// The padded plaintext of a part of the list of hashes, which only the root proves.
    ///
    /// - Throws: ``FileError/forged``.
    func openPage(_ index: UInt32, _ sealed: [UInt8]) throws(FileError) -> [UInt8] { try open(.list(index), sealed) }

    private func open(_ number: PieceNumber, _ sealed: [UInt8]) throws(FileError) -> [UInt8] {
        guard sealed.count == FileFormat.sealedByteCount else { throw .forged }
        var bytes = sealed
        do throws(SodiumError) {
            var span = bytes.mutableSpan
            try ChaChaPoly.open(inPlace: &span, authenticating: Span(), nonce: Self.nonce(of: number), key: key)
        } catch {
            throw .forged
        }
        bytes.removeLast(FileFormat.sealedByteCount - FileFormat.pieceByteCount)
        return bytes
    }

    /// Eight zero bytes, then the number as on the wire, big endian.
    private static func nonce(of number: PieceNumber) -> Nonce {
        let raw = number.rawValue
        let bytes: [UInt8] = (0..<12).map { $0 < 8 ? 0 : UInt8(truncatingIfNeeded: raw >> UInt32(8 * (11 - $0))) }
        guard let nonce = try? Nonce(bytes: bytes.span) else { preconditionFailure("these are 12 bytes") }
        return nonce
    }
}
