import Room
import SecureSession

@testable import TermTalk

/// What a host may need of memory beyond what it has when its room opens, whatever its peers do.
enum MemoryBound {
    /// One peer that is no member: a frame of the largest size that is not whole yet, a message that is not whole yet, and
    /// 16 KiB for the session, its keys, the stream, and the allocator's rounding.
    static let pendingPeer = 65_536 + SessionProtocol.messageLimit + 16_384

    /// One member that takes nothing: what the stream holds of it as ciphertext (its high-water mark
    /// and what one turn adds, with one frame of the largest size at most), and what any peer may hold.
    static let member = 262_144 + SecureSession.sealedBytesPerTurn + 65_536 + pendingPeer

    /// What does not depend on peers: remembered ids and receipts, the loop's buffers, code that is loaded when it is first
    /// used, and what the allocator keeps.
    static let fixed = 16 << 20

    /// 256 peers before the door (38 MiB), 49 members that take nothing (35 MiB), the log (64 MiB), and the rest: 153 MiB.
    static let host =
        fixed + ConnectionGate.Limits().pending * pendingPeer + RoomLimits().members * member
        + RoomLimits().logByteCount

    /// 256 peers before the door, and a room that is left alone: 54 MiB.
    static let door = fixed + ConnectionGate.Limits().pending * pendingPeer
}
