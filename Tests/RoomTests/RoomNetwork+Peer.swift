import Chat
import Wire

@testable import Room

extension RoomNetwork {
    /// A member's end and the host's memory of what goes to it.
    struct Peer {
        var client: MemberClient
        var key: [UInt8]
        var isHost = false
        /// What stands for its invite: one of its own.
        var way: Int
        var link: LinkID
        var isUp = true
        /// Gets what is broadcast.
        var isAdmitted = false
        /// The host has let go of this stay.
        var isReleased = false
        var toHost: [EncodedMessage] = []
        /// What it came with, each time.
        var joins: [EncodedMessage] = []
        /// What is on its way; nil is the end of what waited when the link was mended.
        var toClient: [(message: EncodedMessage?, tag: UInt64)] = []
        var events: [ChatEvent] = []
        var admissions: [HostMessage.RoomState] = []
        /// Behind what it was told when it was admitted last.
        var eventsOfStay = 0
        var ends: [ChatEvent.Notice?] = []
        var pauses: [Duration] = []
        var startOvers = 0
        var invitesShown = 0
        /// Of a room that is kept: where it reads on in the log, and how many records it has received, and acknowledged.
        var reader: RoomLog.Reader?
        var records: UInt32 = 0
        var acknowledged: UInt32 = 0
        /// Records before it has caught up; nil when it has.
        var waiting: UInt32?
    }
}

extension RoomNetwork.Peer {
    var messages: [ChatEvent.ChatMessage] {
        events.compactMap { if case .message(let message) = $0 { message } else { nil } }
    }

    var texts: [String] { messages.map(\.text) }

    /// The numbers of the room's order that came to it.
    var numbers: [UInt64] {
        events.compactMap {
            switch $0 {
            case .message(let message): message.sequence
            case .passedOver(let number): number
            default: nil
            }
        }
    }

    var warnings: [NoticeCode] {
        events.compactMap { if case .warning(let notice) = $0 { notice.code } else { nil } }
    }
    var errors: [NoticeCode] {
        events.compactMap { if case .error(let notice) = $0 { notice.code } else { nil } }
    }

    /// How many messages it was told to have missed, each time.
    var missed: [Int] {
        events.compactMap {
            if case .warning(let notice) = $0, notice.code == .messagesMissed { notice.count } else { nil }
        }
    }

    var delivered: [MessageID] {
        events.compactMap { if case .delivered(let id) = $0 { id } else { nil } }
    }

    /// How many were told to have missed it, of each message.
    var lastMissed: [MessageID: Int] {
        var last: [MessageID: Int] = [:]
        for case .acknowledged(let id, _, _, let missed) in events { last[id] = missed }
        return last
    }

    var lastReceipts: [MessageID: [Int]] {
        var last: [MessageID: [Int]] = [:]
        for case .acknowledged(let id, let count, let of, _) in events { last[id] = [count, of] }
        return last
    }
}
