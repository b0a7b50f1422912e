internal import Chat

/// How far the message of `say` has come, by what the room tells; a value that knows no console.
struct Delivery: Errand {
    private enum Phase {
        case joining
        /// Said; the host has not confirmed it.
        case said
        /// The host has it; some who are present may not.
        case delivered(MessageID)
        case done
    }

    private let text: String
    private let waitsForMembers: Bool
    private var others = 0
    private var phase = Phase.joining

    init(text: String, waitsForMembers: Bool) {
        self.text = text
        self.waitsForMembers = waitsForMembers
    }

    /// Takes an event of the room, and appends what follows from it.
    mutating func heard(_ event: ChatEvent) -> [ErrandStep] {
        switch (phase, event) {
        case (.joining, .joinedRoom(let room)):
            others = room.members.count - 1
            guard others > 0 else { return [.fail(Self.nobodyHere)] }
            guard !waitsForMembers || room.members.count <= ChatLimits.receiptMembers else {
                return [
                    .fail(
                        .init(
                            .inputInvalid, "nothing was sent: in a room of this size nobody knows who has received what"
                        ))
                ]
            }
            phase = .said
            return waitsForMembers ? [.say(text)] : [.say(text), .leave]
        case (_, .memberJoined(_, _, let count)), (_, .memberLeft(_, _, _, let count)):
            others = count - 1
            return []
        case (.said, .delivered(let id)):
            guard others > 0 else { return [.fail(Self.nobodyHere)] }
            guard waitsForMembers else { return finish() }
            phase = .delivered(id)
            return []
        case (.said, .error(let notice)):
            return [.fail(notice)]
        case (.said, .warning(let notice)) where notice.code == .slowMode:
            return [.fail(Self.slowMode(notice.count ?? 0))]
        case (.delivered(let id), .acknowledged(let received, let count, let total, _))
        where received == id && count >= total:
            return total > 0 ? finish() : [.fail(Self.nobodyPresent)]
        case (.delivered, .joinedRoom):
            // Receipts are for the member that said it, and that has lost its place.
            return [.fail(Self.notAcknowledged)]
        default:
            return []
        }
    }

    private mutating func finish() -> [ErrandStep] {
        phase = .done
        return waitsForMembers ? [.leave] : []
    }

    /// Why it failed, when the stay is over now; nil when everything was done.
    func failure(_ reason: ChatEvent.CloseReason) -> ChatEvent.Notice? {
        switch phase {
        case .done: nil
        case .delivered: Self.notAcknowledged
        case .joining, .said:
            reason == .ttl
                ? .init(.roomExpired, "the message was not delivered: the room's time is over")
                : .init(.connectionLost, "the message was not delivered: the stay in the room ended before")
        }
    }

    /// Whether the event is worth showing: what others say is not, and an error is shown at the end.
    func shows(_ event: ChatEvent, isJSON: Bool) -> Bool {
        switch event {
        // What it was called matters to nobody: it is gone already.
        case .warning(let notice): isJSON || notice.code != .nickTaken
        case .error: false
        case .message(let message): isJSON && message.isOwn
        default: isJSON
        }
    }

    private static let nobodyHere = ChatEvent.Notice(
        .nobodyHere, "the message was not delivered: nobody else is in the room", hint: "try again when somebody is")

    private static let nobodyPresent = ChatEvent.Notice(
        .nobodyHere, "the message was not received: all other members are away",
        hint: "the host has it, for those who come back in time; saying it again repeats it")

    private static func slowMode(_ seconds: Int) -> ChatEvent.Notice {
        .init(
            .slowMode, "the message was not delivered: in slow mode who has come in may speak after \(seconds)s",
            hint: "join, and say it then", count: seconds)
    }

    private static let notAcknowledged = ChatEvent.Notice(
        .notAcknowledged, "the host has the message, but not all who were present have confirmed it",
        hint: "they may still receive it; saying it again repeats it")
}
