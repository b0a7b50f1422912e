/// What a person or a script is told, in the order it happened: the vocabulary of line mode, screen and `--json`.
///
/// Strings that come from peers are as received; the terminal and the log sanitize them.
package enum ChatEvent: Sendable, Equatable {
    case starting(StartPhase, progress: Int?)
    case ready(ReadyRoom)
    case joinedRoom(JoinedRoom)
    case memberJoined(id: MemberID, nick: String, count: Int)
    case memberLeft(id: MemberID, nick: String, reason: LeaveReason, count: Int)
    /// A member's connection broke; its place is kept. `since` is in seconds since 1970, by this machine's clock.
    case memberAway(id: MemberID, nick: String, since: Int64)
    /// A member is there again that was away since then.
    case memberBack(id: MemberID, nick: String, since: Int64)
    case message(ChatMessage)
    /// The member said this; it has no place in the room's order yet. For a screen, which marks it as on its way: what
    /// follows is `message` with the same id, or `notSent`.
    case sending(ChatMessage)
    /// The host took the member's own message not; `error` says why. For a screen, like `sending`.
    case notSent(MessageID)
    /// The member said this while there is no connection to the host: it is delivered when there is one again.
    case waiting(MessageID, text: String)
    /// The member's own message reached the host and has a place in the room's order.
    case delivered(MessageID)
    /// `count` of the `of` other members present have received the message; of those that were away `missed` will not.
    case acknowledged(MessageID, count: Int, of: Int, missed: Int = 0)
    /// This number of the room's order is of something that was said before the member came in, and only arrived now.
    case passedOver(sequence: UInt64)
    case nickChanged(id: MemberID, oldNick: String, nick: String)
    /// The answer to `/who`.
    case members([MemberInfo])
    /// The answer to `/invite`, in the form that was asked for.
    case invite(String, form: InviteForm = .text)
    /// The answer to `/help`: one line an element.
    case help([String])
    /// The answer to `/clear`: a screen forgets what it shows.
    case clearScreen
    /// The answer to `/verify`, and how far a check with a member has come.
    case verification(Verification)
    /// Something about files that members pass to each other.
    case file(FileNews)
    /// Something about the room itself.
    case room(RoomChange)
    case connection(ConnectionChange)
    case warning(Notice)
    case error(Notice)
    case closed(CloseReason)

    /// A stage of getting a room up or getting into one.
    package enum StartPhase: String, Sendable {
        case torConnect = "tor-connect"
        case torBootstrap = "tor-bootstrap"
        case onionPublish = "onion-publish"
        case dial
        /// No way to the host was found for some seconds.
        case hostReach = "host-reach"
        case handshake
        /// The host is asked.
        case approval
        /// The host has taken the connection, and says nothing for some seconds.
        case hostAnswer = "host-answer"
        /// The host has answered, and a member's program has to let the joiner in.
        case memberAnswer = "member-answer"
    }

    /// When a message was said, in seconds since 1970, where that is not now.
    package var saidAt: Int64? { if case .message(let message) = self { message.saidAt } else { nil } }

    /// What carries the room.
    package enum TransportKind: String, Sendable {
        case onion, direct, lan
    }

    /// The host's room can be joined.
    package struct ReadyRoom: Sendable, Equatable {
        package var room: String
        package var transport: TransportKind
        /// `<56>.onion:PORT` or `HOST:PORT`.
        package var address: String
        package var invite: String
        /// The room's static public key as text.
        package var hostKey: String
        /// Seconds since 1970, UTC; nil for a room without end.
        package var expires: Int64?
        /// Lifetime in seconds as asked for; nil for a room without end.
        package var timeToLive: Int64?

        package init(
            room: String, transport: TransportKind, address: String, invite: String, hostKey: String, expires: Int64?,
            timeToLive: Int64?
        ) {
            self.room = room
            self.transport = transport
            self.address = address
            self.invite = invite
            self.hostKey = hostKey
            self.expires = expires
            self.timeToLive = timeToLive
        }
    }

    /// How the joiner knows that the host is the right one.
    package enum Trust: String, Sendable {
        case invite, known, new, none
    }

    /// This process has become a member of somebody's room.
    package struct JoinedRoom: Sendable, Equatable {
        package var room: String
        package var transport: TransportKind
        package var address: String
        /// The own member id.
        package var member: MemberID
        package var members: [MemberInfo]
        package var hostKey: String
        package var trust: Trust
        /// Seconds since 1970, UTC, by this machine's clock; nil for a room without end.
        package var expires: Int64?

        package init(
            room: String, transport: TransportKind, address: String, member: MemberID, members: [MemberInfo],
            hostKey: String, trust: Trust, expires: Int64?
        ) {
            self.room = room
            self.transport = transport
            self.address = address
            self.member = member
            self.members = members
            self.hostKey = hostKey
            self.trust = trust
            self.expires = expires
        }
    }

    /// A member as listed to people.
    package struct MemberInfo: Sendable, Equatable {
        package var id: MemberID
        package var nick: String
        package var isHost: Bool
        package var isVerified: Bool
        package var isModerator: Bool
        /// Since when its connection is broken, in seconds since 1970, by this machine's clock; nil while it is present.
        package var awaySince: Int64?

        package init(
            id: MemberID, nick: String, isHost: Bool, isVerified: Bool, isModerator: Bool = false,
            awaySince: Int64? = nil
        ) {
            self.id = id
            self.nick = nick
            self.isHost = isHost
            self.isVerified = isVerified
            self.isModerator = isModerator
            self.awaySince = awaySince
        }
    }

    /// Why a member is no longer in the room.
    package enum LeaveReason: String, Sendable {
        case quit, lost, kicked, banned
    }

    /// Why the room, or this member's stay in it, has ended.
    package enum CloseReason: Sendable {
        case ttl
        case hostQuit
        /// A moderator has ended a relay's room.
        case moderatorEnded
        case kicked, banned, quit, lost
    }

    /// One message as shown.
    package struct ChatMessage: Sendable, Equatable {
        package enum Kind: String, Sendable {
            case text, action, `private`
        }

        package var id: MessageID
        /// Place in the room's order, from 1 without gaps; nil for private messages, which only two members see.
        package var sequence: UInt64?
        package var from: MemberID
        package var nick: String
        package var text: String
        package var kind: Kind
        /// Whether this member sent it.
        package var isOwn: Bool
        /// The receiver of a private message.
        package var to: MemberID?
        /// The receiver's nick, where that is known.
        package var toNick: String?
        /// When it was said, in seconds since 1970, by this machine's clock; nil where it is as good as now.
        package var saidAt: Int64?

        package init(
            id: MessageID, sequence: UInt64?, from: MemberID, nick: String, text: String, kind: Kind, isOwn: Bool,
            to: MemberID? = nil, toNick: String? = nil, saidAt: Int64? = nil
        ) {
            self.id = id
            self.sequence = sequence
            self.from = from
            self.nick = nick
            self.text = text
            self.kind = kind
            self.isOwn = isOwn
            self.to = to
            self.toNick = toNick
            self.saidAt = saidAt
        }
    }

    /// A change of the link to the host, or of the host's link to tor.
    package struct ConnectionChange: Sendable, Equatable {
        package enum State: String, Sendable {
            case connected, reconnecting, lost
        }

        package var state: State
        package var attempt: Int?
        package var retryInMilliseconds: Int?
        package var cause: String?

        package init(state: State, attempt: Int? = nil, retryInMilliseconds: Int? = nil, cause: String? = nil) {
            self.state = state
            self.attempt = attempt
            self.retryInMilliseconds = retryInMilliseconds
            self.cause = cause
        }
    }

    /// A warning or an error: a stable code for scripts, a sentence and a hint for people.
    package struct Notice: Sendable, Equatable, Error {
        package var code: NoticeCode
        /// `<what failed>: <why>`, without the program's name.
        package var message: String
        /// What to do about it.
        package var hint: String?
        /// Of how many things it speaks, where that is a number that scripts may want.
        package var count: Int?

        package init(_ code: NoticeCode, _ message: String, hint: String? = nil, count: Int? = nil) {
            self.code = code
            self.message = message
            self.hint = hint
            self.count = count
        }
    }
}
