internal import Sodium
internal import Wire

/// Seals what stands in rows, each for its one place: the format, the table and the number are authenticated with it.
///
/// The key belongs to one store (``StoreKeyFile``), so a row is of no use in another.
struct RowSeal: ~Copyable {
    /// What a value is, authenticated as one byte.
    enum Kind: UInt8 {
        case ledger = 0
        case snapshot = 1
        case input = 2
        case entry = 3
    }

    /// What sealing adds to a value, in bytes.
    static let addedByteCount = XChaChaPoly.addedByteCount

    private let key: SecretBytes

    /// - Precondition: 32 bytes.
    init(key: consuming SecretBytes) {
        precondition(key.count == XChaChaPoly.keyByteCount)
        self.key = key
    }

    func seal(_ bytes: [UInt8], _ kind: Kind, _ number: UInt64) -> [UInt8] {
        var buffer: [UInt8] = []
        buffer.reserveCapacity(bytes.count + XChaChaPoly.addedByteCount)
        buffer.append(contentsOf: repeatElement(0, count: XChaChaPoly.nonceByteCount))
        buffer.append(contentsOf: bytes)
        buffer.append(contentsOf: repeatElement(0, count: XChaChaPoly.addedByteCount - XChaChaPoly.nonceByteCount))
        var span = buffer.mutableSpan
        XChaChaPoly.seal(inPlace: &span, authenticating: Self.place(kind, number).span, key: key)
        return buffer
    }

    /// Nil when these are not the bytes that were sealed for this place.
    func open(_ sealed: consuming [UInt8], _ kind: Kind, _ number: UInt64) -> [UInt8]? {
        do throws(SodiumError) {
            var span = sealed.mutableSpan
            try XChaChaPoly.open(inPlace: &span, authenticating: Self.place(kind, number).span, key: key)
        } catch {
            return nil
        }
        let tagByteCount = XChaChaPoly.addedByteCount - XChaChaPoly.nonceByteCount
        return Array(sealed[XChaChaPoly.nonceByteCount..<sealed.count - tagByteCount])
    }

    private static func place(_ kind: Kind, _ number: UInt64) -> [UInt8] {
        var writer = ByteWriter(reserving: 32)
        writer.writeBytes(label)
        writer.write(StoreKeyFile.version)
        writer.write(kind.rawValue)
        writer.write(number)
        return writer.bytes
    }

    private static let label = Array("TermTalk store row".utf8)
}
