internal import CPace
package import Sodium
internal import Wire

/// A room's password in the form in which it is used: Argon2id of it, with the room's id in the salt.
///
/// It never leaves the process, and neither does anything that guesses could be compared with.
package final class RoomPassword: Sendable {
    /// Bytes of a password as people give it, in UTF-8, not normalized.
    package static let byteCountRange = 1...1_024

    private static let saltLabel = "TermTalk room password 1"
    private static let identifierLabel = "TermTalk admission 1"
    private static let stretchedByteCount = 32

    private let stretched: SecretBytes

    /// Takes a fifth of a second and 64 MiB, so not on the loop's thread.
    ///
    /// - Throws: ``SodiumError/outOfMemory``.
    package init(
        stretching password: borrowing SecretBytes, room: String, cost: Argon2id.Cost = .interactive
    ) throws(SodiumError) {
        var hash = BLAKE2b()
        hash.update(Array((Self.saltLabel + room).utf8).span)
        stretched = try Argon2id.derive(
            password: password, salt: Array(hash.finalize().prefix(Argon2id.saltByteCount)),
            byteCount: Self.stretchedByteCount, cost: cost)
    }

    /// What the member and the host of one connection must agree on.
    func context(
        room: String, memberKey: X25519.PublicKey, hostKey: X25519.PublicKey, handshakeHash: [UInt8]
    ) -> CPaceContext {
        var identifier = ByteWriter()
        identifier.writeVector(Array(Self.identifierLabel.utf8))
        identifier.writeVector(Array(room.utf8))
        identifier.writeVector(memberKey.bytes)
        identifier.writeVector(hostKey.bytes)
        return CPaceContext(
            password: stretched.clone(), channelIdentifier: identifier.bytes, sessionID: handshakeHash)
    }
}
