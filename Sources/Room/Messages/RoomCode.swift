internal import Chat

/// Why the host refused or declined something, one byte on the wire; unknown values read as ``unspecified``.
package enum RoomCode: UInt8, Sendable {
    case unspecified = 0
    case full = 1
    case nickInvalid = 2
    case nickTaken = 3
    case rateLimited = 4
    case tooLarge = 5
    case noSuchMember = 6
    case expired = 7
    /// The room has this message already; it was sent again after a broken connection.
    case alreadyAccepted = 8
    /// The receiver keeps its place, but nothing can be kept for it until it comes back.
    case away = 9
    /// The room has a password, and the joiner did not begin to show that it knows it.
    case passwordRequired = 10
    case passwordWrong = 11
    /// The joiner wanted to show a password, and the room has none.
    case passwordUnknown = 12
    case banned = 13
    case locked = 14
    /// The host did not let the joiner in.
    case denied = 15
    /// The invite has expired, is used up, or was revoked, and members that came with it are still there.
    case inviteUsed = 16
    /// Another member has the id that belongs to the joiner's key.
    case idTaken = 17
    /// The joiner's KeyPackage cannot be used.
    case keyPackageInvalid = 18
    /// At a relay: the room has a group, and the joiner did not come with the group's invite.
    case groupInviteNeeded = 20
    /// The member is no moderator.
    case notPermitted = 23
    /// At a relay: no member is there who could let the joiner in.
    case nobodyHere = 22
    /// In slow mode, too soon after the member's message before; it is to be sent again.
    case slow = 21
}

extension ChatEvent.LeaveReason {
    /// The reason as one byte on the wire.
    var wireValue: UInt8 {
        switch self {
        case .quit: 0
        case .lost: 1
        case .kicked: 2
        case .banned: 3
        }
    }

    init(wireValue: UInt8) {
        self =
            switch wireValue {
            case 0: .quit
            case 2: .kicked
            case 3: .banned
            default: .lost
            }
    }
}

extension ChatEvent.CloseReason {
    /// The reason as one byte on the wire.
    var wireValue: UInt8 {
        switch self {
        case .ttl: 0
        case .hostQuit: 1
        case .kicked: 2
        case .banned: 3
        case .quit: 4
        case .lost: 5
        case .moderatorEnded: 6
        }
    }

    init(wireValue: UInt8) {
        self =
            switch wireValue {
            case 0: .ttl
            case 1: .hostQuit
            case 2: .kicked
            case 3: .banned
            case 4: .quit
            case 6: .moderatorEnded
            default: .lost
            }
    }
}
