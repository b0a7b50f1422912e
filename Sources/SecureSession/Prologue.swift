internal import Wire

/// What both sides must agree on before the handshake; a difference makes it fail (docs/protocol.md, "Prologue").
package struct Prologue: Sendable {
    /// The room's id, 1 to 64 bytes of ASCII.
    package var room: String
    /// The onion service's Ed25519 public key, 32 bytes; nil without tor.
    var onionKey: [UInt8]?

    package init(room: String, onionKey: [UInt8]?) {
        precondition(onionKey.map { $0.count == 32 } ?? true, "an onion key has 32 bytes")
        self.room = room
        self.onionKey = onionKey
    }

    func bytes(pattern: UInt8) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes(Array(SessionProtocol.prologueLabel.utf8))
        writer.write(pattern)
        writer.writeVector(Array(room.utf8))
        writer.writeBytes(onionKey ?? [UInt8](repeating: 0, count: 32))
        return writer.bytes
    }
}
