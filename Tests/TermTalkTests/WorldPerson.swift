import Chat
import EventLoop
import Room
import TestSupport

@testable import TermTalk

/// A member in a made-up world, what it was told, and its present connection.
class WorldPerson {
    var node: MemberNode?
    var events: [ChatEvent] = []
    var ending: (reason: ChatEvent.CloseReason, notice: ChatEvent.Notice?)?
    var streams: [MemoryStream] = []

    var messages: [ChatEvent.ChatMessage] {
        events.compactMap { if case .message(let message) = $0 { message } else { nil } }
    }
    var texts: [String] { messages.map(\.text) }
    var id: MemberID? {
        for case .joinedRoom(let room) in events.reversed() { return room.member }
        return nil
    }
    var isIn: Bool { id != nil }
    /// How often it has come in, or has come in anew.
    var joins: Int { events.count { if case .joinedRoom = $0 { true } else { false } } }
    /// How many have come in since it did.
    var comers: Int { events.count { if case .memberJoined = $0 { true } else { false } } }
    /// Whether it knows of so many members, and so seals for them.
    func knows(of count: Int) -> Bool {
        events.contains { event in
            switch event {
            case .memberJoined(_, _, let known): known >= count
            case .joinedRoom(let room): room.members.count >= count
            default: false
            }
        }
    }
    /// How often it has waited to try again.
    var pauses: Int {
        events.count { if case .connection(let change) = $0 { change.state == .reconnecting } else { false } }
    }
    var missed: [Int] {
        events.compactMap {
            if case .warning(let notice) = $0, notice.code == .messagesMissed { notice.count } else { nil }
        }
    }
    var waiting: [String] {
        events.compactMap { if case .waiting(_, let text) = $0 { text } else { nil } }
    }
    /// The addresses of the room's hosts, as it was told last.
    var hosts: [String]? {
        events.compactMap { if case .room(.hosts(let addresses)) = $0 { addresses } else { nil } }.last
    }
    /// The invites that it was shown.
    var invites: [String] { events.compactMap { if case .invite(let text, _) = $0 { text } else { nil } } }
    var warnings: [NoticeCode] {
        events.compactMap { if case .warning(let notice) = $0 { notice.code } else { nil } }
    }
    var errors: [NoticeCode] {
        events.compactMap { if case .error(let notice) = $0 { notice.code } else { nil } }
    }
    var delivered: Int { events.count { if case .delivered = $0 { true } else { false } } }

    /// The connection is gone, and what was on its way; both ends hear of it.
    func breakConnection() {
        let broken = streams
        streams = []
        for stream in broken {
            let handler = stream.handler
            stream.close()
            handler?.streamClosed(.failed(errno: 104))
        }
    }
}
