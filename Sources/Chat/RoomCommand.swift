/// What the person at the host, and in parts other moderators, can do with the room and its members. Members are named by id or nick.
package enum RoomCommand: Sendable, Equatable {
    /// A further invite: for so many members, valid for so many seconds; nil for no limit. It is told in the
    /// given form, perhaps later.
    case makeInvite(uses: Int?, seconds: Int64?, form: InviteForm = .text)
    case listInvites
    case revokeInvite(number: Int)
    /// With its invites, and the room's, unless they are kept.
    case kick(String, reason: String, keepsInvites: Bool = false)
    case ban(String, reason: String, keepsInvites: Bool = false)
    /// The member moderates, or does not any more.
    case op(String)
    case deop(String)
    /// Nobody new comes in.
    case lock
    case unlock
    case topic(String)
    /// The room lives for so many seconds more.
    case extend(seconds: Int64)
    /// Each member may post once in so many seconds; 0 for as often as it likes.
    case slow(seconds: Int64)
    /// The room gets another onion address, and its members follow.
    case move
    case approve(String)
    case deny(String)
    /// The room ends for everybody, and what was kept of it is deleted.
    case end
}
