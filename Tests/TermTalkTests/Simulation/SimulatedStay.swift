import Chat
import EventLoop
import Room

@testable import TermTalk

/// One member process in made-up time, from its start to its end, and all that it was told.
final class SimulatedStay {
    /// What matters for the room's order.
    enum Told: Equatable {
        case message(sequence: UInt64, text: String)
        case missed(Int)
        case passedOver(sequence: UInt64)
    }

    let name: String
    var node: MemberNode?
    var link: SimulatedLink?
    var isReachable = true
    /// Where nobody answers at all, instead of refusing.
    var dialsHang = false

    private(set) var told: [Told] = []
    /// Gets what others say to all.
    var onHeard: ((String) -> Void)?
    private(set) var delivered = 0
    private(set) var errors: [NoticeCode] = []
    private(set) var ids: [MemberID] = []
    private(set) var members: [MemberID: String] = [:]
    /// Order numbers that the host had given when this member was first admitted, as far as can be known from outside.
    private(set) var firstNumbers: ClosedRange<UInt64>?
    var numbersAtStart: UInt64 = 0
    var ending: (reason: ChatEvent.CloseReason, notice: ChatEvent.Notice?)?
    var isKilled = false
    var isAway = true
    /// What it said to all.
    var said: [String] = []
    /// What it said to the host alone.
    var whispered: [String] = []
    /// How often it was overrun, or lost its place.
    var missedCount: Int { told.count { if case .missed = $0 { true } else { false } } }
    var isAlive: Bool { !isKilled && ending == nil }

    init(name: String) {
        self.name = name
    }

    /// - Parameter given: how many order numbers the host has given so far.
    func heard(_ event: ChatEvent, given: UInt64) {
        switch event {
        case .joinedRoom(let room):
            ids.append(room.member)
            members = Dictionary(uniqueKeysWithValues: room.members.map { ($0.id, $0.nick) })
            if firstNumbers == nil { firstNumbers = numbersAtStart...given }
            isAway = false
        case .memberJoined(let id, let nick, _): members[id] = nick
        case .memberLeft(let id, _, _, _): members[id] = nil
        case .message(let message):
            if let sequence = message.sequence {
                told.append(.message(sequence: sequence, text: message.text))
                if !message.isOwn { onHeard?(message.text) }
            }
        case .passedOver(let sequence): told.append(.passedOver(sequence: sequence))
        case .delivered: delivered += 1
        case .warning(let notice):
            if notice.code == .messagesMissed, let count = notice.count {
                told.append(.missed(count))
            } else {
                errors.append(notice.code)
            }
        case .error(let notice): errors.append(notice.code)
        case .connection(let change): isAway = change.state != .connected
        default: break
        }
    }

    /// The process is killed, and nobody in it can say anything any more.
    func kill() {
        isKilled = true
        link?.ends[0].kill()
        link = nil
        node = nil
    }
}
