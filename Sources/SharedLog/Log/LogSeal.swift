package import Sodium
internal import Wire

/// Entries and snapshots sealed under keys of the room: XChaCha20-Poly1305 with a random nonce, one key for each kind.
///
/// The store learns sizes and times, and can make none itself. What it can do with those it was given (leave out, repeat, swap, keep
/// back) is found by numbers, openings and the head that each entry says its writer has seen.
package struct LogSeal: LogCoding, ~Copyable {
    /// The length of the room's key in bytes.
    package static let keyByteCount = 32

    private let entryKey: SecretBytes
    private let snapshotKey: SecretBytes
    private let headKey: SecretBytes

    /// - Precondition: a key of 32 bytes, of this room's log only.
    package init(key: borrowing SecretBytes) {
        precondition(key.count == Self.keyByteCount)
        entryKey = Self.derive("TermTalk shared log entry", key)
        snapshotKey = Self.derive("TermTalk shared log snapshot", key)
        headKey = Self.derive("TermTalk shared log head", key)
    }

    private static func derive(_ label: String, _ key: borrowing SecretBytes) -> SecretBytes {
        var code = key.withBytes { HMACSHA256(key: $0) }
        code.update(Array(label.utf8).span)
        return code.finalizeSecret()
    }

    package func seal(_ entry: LogEntry) -> [UInt8] { Self.seal(entry.bytes, entryKey) }

    package func openEntry(_ bytes: [UInt8]) -> LogEntry? {
        guard let opened = Self.open(bytes, entryKey) else { return nil }
        return try? LogEntry(bytes: opened)
    }

    package func seal(_ snapshot: LogSnapshot) -> [UInt8] { Self.seal(snapshot.bytes, snapshotKey) }

    package func openSnapshot(_ bytes: [UInt8]) -> LogSnapshot? {
        guard let opened = Self.open(bytes, snapshotKey) else { return nil }
        return try? LogSnapshot(bytes: opened)
    }

    package func head(after head: LogHead, _ position: LogPosition, _ bytes: [UInt8]) -> LogHead {
        var code = headKey.withBytes { HMACSHA256(key: $0) }
        var writer = ByteWriter(reserving: LogPlace.byteCount)
        LogPlace(position: position, head: head).write(to: &writer)
        code.update(writer.bytes.span)
        code.update(bytes.span)
        var reader = ByteReader(code.finalize())
        guard let head = try? LogHead(reading: &reader) else { preconditionFailure("a code is longer than a head") }
        return head
    }

    /// Where an entry stands is not known when it is sealed.
    private static let nothing: [UInt8] = []

    private static func seal(_ bytes: [UInt8], _ key: borrowing SecretBytes) -> [UInt8] {
        var buffer: [UInt8] = []
        buffer.reserveCapacity(bytes.count + XChaChaPoly.addedByteCount)
        buffer.append(contentsOf: repeatElement(0, count: XChaChaPoly.nonceByteCount))
        buffer.append(contentsOf: bytes)
        buffer.append(contentsOf: repeatElement(0, count: XChaChaPoly.addedByteCount - XChaChaPoly.nonceByteCount))
        var span = buffer.mutableSpan
        XChaChaPoly.seal(inPlace: &span, authenticating: nothing.span, key: key)
        return buffer
    }

    private static func open(_ sealed: consuming [UInt8], _ key: borrowing SecretBytes) -> ArraySlice<UInt8>? {
        do throws(SodiumError) {
            var span = sealed.mutableSpan
            try XChaChaPoly.open(inPlace: &span, authenticating: nothing.span, key: key)
        } catch {
            return nil
        }
        let tagByteCount = XChaChaPoly.addedByteCount - XChaChaPoly.nonceByteCount
        return sealed[XChaChaPoly.nonceByteCount..<sealed.count - tagByteCount]
    }
}
