internal import SecureSession
package import Sodium

/// A room's password as somebody gave it. It goes into no text, no argument, no variable of the environment.
package final class Password: Sendable {
    private let bytes: SecretBytes

    /// Prepared as ``OpaqueString`` says; nil when the number of bytes is not one of ``RoomPassword/byteCountRange``, before
    /// or after it.
    package init?(_ bytes: consuming SecretBytes) {
        guard RoomPassword.byteCountRange.contains(bytes.count) else { return nil }
        let prepared = OpaqueString.prepare(bytes)
        guard RoomPassword.byteCountRange.contains(prepared.count) else { return nil }
        self.bytes = prepared
    }

    package func equals(_ other: Password) -> Bool {
        bytes.withBytes { left in other.bytes.withBytes { right in constantTimeEquals(left, right) } }
    }

    /// A key of `byteCount` bytes; slow. Throws ``SodiumError/outOfMemory``.
    func key(salt: [UInt8], byteCount: Int, cost: Argon2id.Cost) throws(SodiumError) -> SecretBytes {
        try Argon2id.derive(password: bytes, salt: salt, byteCount: byteCount, cost: cost)
    }

    /// The form that the room uses; slow, so not on the loop's thread. Nil when there is not enough memory.
    func stretched(for room: RoomName) -> RoomPassword? {
        try? RoomPassword(stretching: bytes, room: room.description)
    }
}
