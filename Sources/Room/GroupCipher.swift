/// The narrow interface between what members say and what the room carries: opaque bytes.
///
/// Rooms, sessions and hosts see only what `seal` returns. Group encryption (RFC 9420) takes this place.
package protocol GroupCipher {
    /// Makes content ready for the room.
    mutating func seal(_ content: [UInt8]) throws(RoomError) -> [UInt8]

    /// The content that `sender` sealed.
    mutating func open(_ sealed: [UInt8], from sender: MemberID) throws(RoomError) -> [UInt8]
}

/// No group encryption: the host can read what it relays. Every link is encrypted and authenticated by its session all the same.
package struct HostTrustingGroup: GroupCipher {
    package init() {}

    package func seal(_ content: [UInt8]) -> [UInt8] { content }

    package func open(_ sealed: [UInt8], from sender: MemberID) -> [UInt8] { sealed }
}
