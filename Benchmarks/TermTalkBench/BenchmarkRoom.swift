import SecureSession
import Sodium

/// The room of the benchmarks: host and load generator are separate processes and have to know the same keys.
enum BenchmarkRoom {
    static let prologue = Prologue(room: "benchmark", onionKey: nil)

    static func hostKey() throws -> X25519.PrivateKey {
        try X25519.PrivateKey(copying: secret(0x42, count: X25519.byteCount))
    }

    static func invite() -> InviteSecret {
        InviteSecret(secret(0x23, count: InviteSecret.byteCount))
    }

    static func identity() throws -> RoomIdentity {
        RoomIdentity(prologue: prologue, staticKey: try hostKey(), invites: [invite()], acceptsOpen: true)
    }

    private static func secret(_ byte: UInt8, count: Int) -> SecretBytes {
        SecretBytes(copying: [UInt8](repeating: byte, count: count).span)
    }
}
