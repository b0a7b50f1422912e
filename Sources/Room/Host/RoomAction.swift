package import Chat
package import Wire

/// A connection at the host, by its slot; the host's own participant has one too.
package struct LinkID: Hashable, Sendable {
    package let slot: Int

    package init(slot: Int) {
        self.slot = slot
    }

    /// A link of one of the hosts that hold a room together; `host` is its number in the room, from 1.
    package init(host: UInt32, number: UInt32) {
        slot = Int(host) << 32 | Int(number)
    }

    /// The number in the room of the host that has the link; 0 where there is one host.
    package var host: UInt32 { UInt32(truncatingIfNeeded: slot >> 32) }

    /// The number that the host has given it, where several hold a room.
    package var number: UInt32 { UInt32(truncatingIfNeeded: slot) }
}

/// What the room wants done, in this order.
package enum RoomAction: Sendable, Equatable {
    case send(LinkID, EncodedMessage)
    /// The same message to each of these.
    case sendToEach([LinkID], EncodedMessage)
    /// A message of which it is to be told by ``Room/receivedPrivately(_:actions:)`` with the number when it has arrived.
    case sendTracked(LinkID, EncodedMessage, number: UInt64)
    /// To every member that it is for, also those that are away for a moment. Its acknowledgement comes back with `tag`, if that
    /// is not 0.
    case broadcast(EncodedMessage, tag: UInt64, to: RoomLog.Audience = .all)
    /// The link is this member's from now on, and gets what is said to it and to all.
    case admit(LinkID, MemberID)
    /// Read nothing from the link until then: its member sends faster than it may.
    case pauseReading(LinkID, until: Duration)
    /// The person at the host decides whether this joiner comes in.
    case askHost(LinkID, MemberID, nick: String)
    /// At a relay: the room knows other invites of its group (``Room/groupInvite``).
    case invitesChanged
    /// The link is asked for something, and may answer with a message as long as a member may send, or with one of so many
    /// bytes if that is more.
    case expectLongMessage(LinkID, byteCount: Int)
    /// A member that moderates the room wants this.
    case moderate(Moderation, by: MemberID)
    /// The link is no member's any more; close it when what was sent has gone out.
    case release(LinkID)
}
