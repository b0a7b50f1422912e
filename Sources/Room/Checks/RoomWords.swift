package import Sodium
internal import Wire

/// What the room words of an epoch are made from. The same for all members of the epoch, and for nobody else; a host that
/// has made two groups of one room cannot make the words equal.
package final class RoomWords: Sendable {
    /// 66 bits. What could be searched for equal ones costs Argon2id at each try.
    static let count = 6
    private static let label = "TermTalk room words 1"
    private static let byteCount = 16

    package let epoch: UInt64
    private let authenticator: SecretBytes
    private let salt: [UInt8]

    /// - Parameter authenticator: the `epoch_authenticator` of RFC 9420 section 8.7.
    init(epoch: UInt64, groupID: [UInt8], authenticator: consuming SecretBytes) {
        self.epoch = epoch
        self.authenticator = authenticator
        var writer = ByteWriter()
        writer.writeUTF8Vector(Self.label)
        writer.writeVector(groupID)
        writer.write(epoch)
        salt = Array(BLAKE2b.hash(writer.bytes.span).prefix(Argon2id.saltByteCount))
    }

    /// The words. Takes a fifth of a second and 64 MiB, so not on the loop's thread.
    ///
    /// - Throws: ``SodiumError/outOfMemory``.
    package func words(cost: Argon2id.Cost = .interactive) throws(SodiumError) -> [String] {
        let hash = try Argon2id.derive(password: authenticator, salt: salt, byteCount: Self.byteCount, cost: cost)
        return hash.withBytes { bytes in WordList.words(Self.count, of: bytes.indices.map { bytes[$0] }) }
    }
}
