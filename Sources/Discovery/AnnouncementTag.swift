internal import Sodium

/// What those who know a room's id recognise it by, and others cannot tell from random bytes: a random salt, and what is
/// made from both.
///
/// The id is the only secret in it. One that a person chose can be guessed, and each guess be checked.
package struct AnnouncementTag: Equatable, Sendable {
    static let saltByteCount = 8
    static let proofByteCount = 16
    private static let purpose = Array("TermTalk LAN tag 1".utf8)

    /// The salt and the proof: 24 bytes.
    package let bytes: [UInt8]

    /// A new tag of the room; each is another one.
    init(room: String) {
        let salt = Random.bytes(Self.saltByteCount)
        bytes = salt + Self.proof(room: room, salt: salt[...])
    }

    /// A tag as it was received; nil when it has another length.
    init?(bytes: [UInt8]) {
        guard bytes.count == Self.saltByteCount + Self.proofByteCount else { return nil }
        self.bytes = bytes
    }

    /// A tag in hexadecimal, as it is the name of a service; nil for another name.
    init?(name: String) {
        guard let bytes = Base16.decode(name) else { return nil }
        self.init(bytes: bytes)
    }

    /// The name of the service that announces the room under this tag.
    package var name: String { Base16.encode(bytes) }

    /// Whether it is one of the room.
    func isOf(room: String) -> Bool {
        constantTimeEquals(
            Array(bytes.dropFirst(Self.saltByteCount)), Self.proof(room: room, salt: bytes.prefix(Self.saltByteCount)))
    }

    private static func proof(room: String, salt: ArraySlice<UInt8>) -> [UInt8] {
        let name = Array(room.utf8)
        var code = HMACBLAKE2b(key: SecretBytes(copying: name.span))
        let message = purpose + salt
        code.update(message.span)
        return code.finalize().withBytes { output in
            (0..<proofByteCount).map { output[$0] }
        }
    }
}
