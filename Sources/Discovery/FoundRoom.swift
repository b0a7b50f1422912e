package import Transport

/// A room that somebody announces on a local network, and one address of it.
package struct FoundRoom: Equatable, Sendable {
    package let announcement: RoomAnnouncement
    /// In the network that it was found on, with the zone where it needs one.
    package let address: HostPort
}
