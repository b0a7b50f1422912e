/// What is told about the room itself: the first six to everybody, the others to the person at the host.
package enum RoomChange: Sendable, Equatable {
    /// Empty when there is none any more.
    case topic(String)
    case locked(Bool)
    /// The room ends in so many seconds.
    case extended(secondsLeft: Int64)
    /// The room ends in so many seconds, and the person may give it more time, or not.
    case ending(secondsLeft: Int64, canExtend: Bool)
    /// Each member may post once in so many seconds; 0 for as often as it likes.
    case slow(seconds: Int64)
    case moderator(id: MemberID, nick: String, isModerator: Bool)
    /// The room is at this onion address from now on.
    case moved(address: String)
    /// Several hosts hold the room, at these addresses, as far as they may be dialed; for scripts.
    case hosts(addresses: [String])
    /// The answer to `/invite` with options; after a kick or ban also the room's new invite.
    case inviteMade(Invite)
    /// The answer to `/invite --list`.
    case invites([Invite])
    case inviteRevoked(number: Int)
    /// Somebody wants to come in, and waits for `/approve` or `/deny`.
    case joinRequest(id: MemberID, nick: String)
    /// Somebody no longer waits: the person decided, or it left. For a screen, which offers those who wait.
    case joinRequestOver(id: MemberID)

    /// An invite as told to the host.
    package struct Invite: Sendable, Equatable {
        /// The number of the room's own invite, in whose place another one comes when it is revoked.
        package static let roomNumber = 1

        package var number: Int
        package var text: String
        /// Nil for no limit.
        package var usesLeft: Int?
        package var used: Int
        /// Nil for as long as the room.
        package var secondsLeft: Int64?
        /// How the person who made it wants to see it.
        package var form: InviteForm

        package init(
            number: Int, text: String, usesLeft: Int?, used: Int, secondsLeft: Int64?, form: InviteForm = .text
        ) {
            self.number = number
            self.text = text
            self.usesLeft = usesLeft
            self.used = used
            self.secondsLeft = secondsLeft
            self.form = form
        }
    }
}
