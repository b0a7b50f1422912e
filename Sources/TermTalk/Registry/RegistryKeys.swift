package import Sodium

/// What those who know a room's id can derive from it: under which name the room's record stands in a registry, and the key that it is
/// sealed under. A registry can derive the one from the other as little as the id from either.
///
/// Through Argon2id, so that whoever holds the registry guesses ids that people chose slowly; with one salt for all rooms, because who
/// looks for a room knows nothing else of it.
package final class RegistryKeys: Sendable {
    /// What is in front of all names of a registry.
    static let prefix = "termtalk:registry:"
    /// What the random room ids have is not guessed either way.
    private static let nameByteCount = 16

    /// The key of Redis.
    package let name: String
    private let sealing: SecretBytes

    /// Takes 64 MiB and a fifth of a second. Nil when there is not enough memory.
    package init?(room: RoomName, cost: Argon2id.Cost = .interactive) {
        let id = Array(room.description.utf8)
        let salt = Array("TermTalk registry".utf8.prefix(Argon2id.saltByteCount))
        guard
            let root = try? Argon2id.derive(
                password: SecretBytes(copying: id.span), salt: salt, byteCount: KeyedBLAKE2b.keyByteCount, cost: cost)
        else { return nil }
        name = Self.prefix + Base16.encode(Array(Self.derive("name", from: root).finalize().prefix(Self.nameByteCount)))
        sealing = Self.derive("record", from: root).finalizeSecret()
    }

    private static func derive(_ label: String, from root: borrowing SecretBytes) -> KeyedBLAKE2b {
        var hash = KeyedBLAKE2b(key: root)
        hash.update(Array("TermTalk registry \(label) 1".utf8).span)
        return hash
    }

    /// Bytes of a sealed record.
    static let sealedByteCount = RegistryRecord.byteCount + XChaChaPoly.addedByteCount

    package func seal(_ record: RegistryRecord) -> [UInt8] {
        let tagByteCount = XChaChaPoly.addedByteCount - XChaChaPoly.nonceByteCount
        var buffer = [UInt8](repeating: 0, count: XChaChaPoly.nonceByteCount) + record.encoded
        buffer += [UInt8](repeating: 0, count: tagByteCount)
        var span = buffer.mutableSpan
        XChaChaPoly.seal(inPlace: &span, authenticating: Array(name.utf8).span, key: sealing)
        return buffer
    }

    /// Nil for what was not written by somebody who knows the room's id, or is no record of this version.
    func open(_ sealed: [UInt8]) -> RegistryRecord? {
        guard sealed.count == Self.sealedByteCount else { return nil }
        var buffer = sealed
        do throws(SodiumError) {
            var span = buffer.mutableSpan
            try XChaChaPoly.open(inPlace: &span, authenticating: Array(name.utf8).span, key: sealing)
        } catch {
            return nil
        }
        let start = XChaChaPoly.nonceByteCount
        return try? RegistryRecord(buffer[start..<start + RegistryRecord.byteCount])
    }
}
