internal import Sodium

/// A member's side of a room: asks to come in, keeps what it says until the host has given it a place in the room's
/// order, and turns what the host sends into events.
///
/// Sans-IO. The host's own participant is one too.
package struct MemberClient {
    /// What is to be done, in this order.
    package enum Action: Sendable, Equatable {
        case send(EncodedMessage)
        /// The host let this member in; the owner adds what it knows of the connection and announces it.
        case admitted(HostMessage.Admission)
        case tell(ChatEvent)
        /// The stay is over; close the connection. `refusal` says why the host did not let this member in.
        case end(ChatEvent.CloseReason, refusal: ChatEvent.Notice?)
    }

    private enum Phase {
        case joining, joined, ended
    }

    private struct Member {
        var nick: String
        var isHost: Bool
    }

    private struct Unconfirmed {
        var id: MessageID
        var request: MemberRequest
        var contentByteCount: Int
    }

    /// Own messages that the host has not confirmed; with so many, the owner should stop reading what is typed.
    package static let outboxHighWaterMark = 512

    private var phase = Phase.joining
    private let wantedNick: String
    private var cipher: any GroupCipher
    private var members: [MemberID: Member] = [:]
    /// The members as far as the host has listed them, while it lets this one in.
    private var listed: [MemberID: Member] = [:]
    private var outbox: [Unconfirmed] = []
    /// Which of the outbox has been sent in this stay.
    private var window = SendWindow()
    private var expectedSequence: UInt64 = 1

    package private(set) var id: MemberID?

    /// - Parameter nick: the nick to ask for; empty for the member id that the host will choose.
    package init(nick: String, cipher: any GroupCipher) {
        wantedNick = nick
        self.cipher = cipher
    }

    package var outboxCount: Int { outbox.count }
    package var isJoined: Bool { phase == .joined }

    // MARK: The connection

    /// The connection to the host is open, and is not the continuation of an earlier one.
    package mutating func connected(actions: inout [Action]) {
        guard phase != .ended else { return }
        let present = id.flatMap { members[$0]?.nick } ?? wantedNick
        // A member that is called by its id gets a new one of both.
        let nick = present == id?.description ? "" : present
        phase = .joining
        listed = [:]
        actions.append(.send(MemberRequest.join(nick: nick).encoded))
    }

    /// A whole message from the host.
    ///
    /// - Throws: ``RoomError/malformed``; the connection is to be closed.
    package mutating func received(type: UInt8, body: [UInt8], actions: inout [Action]) throws(RoomError) {
        let message = try HostMessage(type: type, body: body)
        switch (phase, message) {
        case (.ended, _):
            return
        case (.joining, .present(let part)):
            try list(part, in: &listed)
        case (.joining, .admitted(let admission)):
            try list(admission.members, in: &listed)
            members = listed
            listed = [:]
            admitted(admission, actions: &actions)
        case (.joining, .refused(let code)):
            phase = .ended
            actions.append(.end(.lost, refusal: code.refusal))
        case (.joining, .waiting):
            actions.append(.tell(.starting(.approval, progress: nil)))
        case (.joined, .removed(let reason, let text)):
            phase = .ended
            actions.append(.end(reason, refusal: .removed(reason, text)))
        case (_, .closing(let reason)):
            phase = .ended
            actions.append(.end(reason, refusal: nil))
        case (.joined, _):
            try receivedInRoom(message, actions: &actions)
        case (.joining, _):
            throw .malformed
        }
    }

    private func list(
        _ entries: [HostMessage.Admission.Entry], in members: inout [MemberID: Member]
    ) throws(RoomError) {
        guard members.count + entries.count <= RoomLimits.membersBelieved else { throw .malformed }
        for entry in entries {
            members[entry.id] = Member(nick: entry.nick, isHost: entry.isHost)
        }
    }

    private mutating func admitted(_ admission: HostMessage.Admission, actions: inout [Action]) {
        phase = .joined
        // Of a room that begins to count anew nothing can be said.
        let missed = id == nil ? 0 : Int(clamping: admission.nextSequence) - Int(clamping: expectedSequence)
        window.begin(isReturn: id != nil)
        id = admission.member
        expectedSequence = admission.nextSequence
        actions.append(.admitted(admission))
        if missed > 0 {
            actions.append(.tell(.warning(.missed(missed))))
        }
        sendWaiting(actions: &actions)
    }

    /// Sends as much of the outbox as may be under way.
    private mutating func sendWaiting(actions: inout [Action]) {
        while phase == .joined, window.count < outbox.count, window.takes(outbox[window.count].contentByteCount) {
            actions.append(.send(outbox[window.count - 1].request.encoded))
        }
    }

    /// The host has answered to a message; returns whether it is one of the outbox, which it leaves.
    private mutating func takeOut(_ messageID: MessageID) -> Bool {
        guard let index = outbox.firstIndex(where: { $0.id == messageID }) else { return false }
        window.removed(outbox.remove(at: index).contentByteCount, at: index)
        return true
    }

    private mutating func receivedInRoom(_ message: HostMessage, actions: inout [Action]) throws(RoomError) {
        switch message {
        case .joined(let entry):
            try list([entry], in: &members)
            actions.append(.tell(.memberJoined(id: entry.id, nick: entry.nick, count: members.count)))
        case .left(let member, let reason):
            guard let gone = members.removeValue(forKey: member) else { throw .malformed }
            actions.append(.tell(.memberLeft(id: member, nick: gone.nick, reason: reason, count: members.count)))
        case .nickChanged(let member, let nick):
            guard let old = members[member]?.nick else { throw .malformed }
            members[member]?.nick = nick
            actions.append(.tell(.nickChanged(id: member, oldNick: old, nick: nick)))
        case .posted(let sequence, let from, let messageID, let content):
            guard sequence == expectedSequence else { throw .malformed }
            expectedSequence += 1
            show(messageID, sequence: sequence, from: from, to: nil, content: content, actions: &actions)
        case .privatePosted(let from, let receiver, let messageID, let content):
            guard from == id || receiver == id else { throw .malformed }
            show(messageID, sequence: nil, from: from, to: receiver, content: content, actions: &actions)
        case .receipts(let receipts):
            for receipt in receipts {
                actions.append(
                    .tell(.acknowledged(receipt.id, count: Int(receipt.count), of: Int(receipt.of))))
            }
        case .declined(let messageID, .alreadyAccepted):
            confirm(messageID, actions: &actions)
        case .declined(let messageID, let code):
            _ = takeOut(messageID)
            actions.append(.tell(.notSent(messageID)))
            actions.append(.tell(.error(code.declination)))
            sendWaiting(actions: &actions)
        case .topicChanged(let text):
            actions.append(.tell(.room(.topic(text))))
        case .lockChanged(let isLocked):
            actions.append(.tell(.room(.locked(isLocked))))
        case .extended(let seconds):
            actions.append(.tell(.room(.extended(secondsLeft: Int64(seconds)))))
        case .present, .admitted, .refused, .closing, .removed, .waiting:
            throw .malformed
        }
    }

    private mutating func show(
        _ messageID: MessageID, sequence: UInt64?, from: MemberID, to receiver: MemberID?, content: [UInt8],
        actions: inout [Action]
    ) {
        let isOwn = from == id
        if isOwn {
            confirm(messageID, actions: &actions)
        }
        guard
            let opened = try? cipher.open(content, from: from),
            let said = try? MessageContent(decoding: opened)
        else {
            // The place in the order is taken, so that nobody can say that something was withheld.
            actions.append(
                .tell(.warning(.init(.inputInvalid, "a message cannot be shown: member \(from) sent what is not text")))
            )
            return
        }
        let kind: ChatEvent.ChatMessage.Kind =
            receiver != nil ? .private : said.kind == .action ? .action : .text
        actions.append(
            .tell(
                .message(
                    .init(
                        id: messageID, sequence: sequence, from: from, nick: members[from]?.nick ?? from.description,
                        text: said.text, kind: kind, isOwn: isOwn, to: receiver))))
    }

    private mutating func confirm(_ messageID: MessageID, actions: inout [Action]) {
        guard takeOut(messageID) else { return }
        actions.append(.tell(.delivered(messageID)))
        sendWaiting(actions: &actions)
    }

    // MARK: What the person wants

    /// Says something to all, or to the one member that `receiver` names by id or nick.
    ///
    /// - Returns: the message's id; nil when the stay is over, and nothing was said.
    /// - Throws: a notice for the person: message-too-large, no-such-member.
    @discardableResult
    package mutating func say(
        _ text: String, kind: MessageContent.Kind, to receiver: String? = nil, actions: inout [Action]
    ) throws(ChatEvent.Notice) -> MessageID? {
        guard phase != .ended else { return nil }
        guard text.utf8.count <= RoomLimits.textByteCount else {
            throw ChatEvent.Notice(
                .messageTooLarge, "the message was not sent: it is longer than \(RoomLimits.textByteCount) bytes",
                hint: "send it in parts")
        }
        let target = try receiver.map { name throws(ChatEvent.Notice) in try member(named: name) }
        guard let sealed = try? cipher.seal(MessageContent(kind: kind, text: text).encoded) else {
            throw ChatEvent.Notice(.internalError, "the message was not sent: it could not be encrypted")
        }
        let messageID = MessageID(Random.uint64())
        let request: MemberRequest =
            if let target {
                .privatePost(id: messageID, to: target, content: sealed)
            } else {
                .post(id: messageID, content: sealed)
            }
        outbox.append(Unconfirmed(id: messageID, request: request, contentByteCount: sealed.count))
        if let id {
            let shown: ChatEvent.ChatMessage.Kind = target != nil ? .private : kind == .action ? .action : .text
            actions.append(
                .tell(
                    .sending(
                        .init(
                            id: messageID, sequence: nil, from: id, nick: members[id]?.nick ?? id.description,
                            text: text, kind: shown, isOwn: true, to: target))))
        }
        sendWaiting(actions: &actions)
        return messageID
    }

    package mutating func changeNick(to nick: String, actions: inout [Action]) throws(ChatEvent.Notice) {
        let isHost = id.flatMap { members[$0]?.isHost } ?? false
        guard let nick = try? Nick(validating: nick, isHost: isHost) else { throw RoomCode.nickInvalid.declination }
        if phase == .joined {
            actions.append(.send(MemberRequest.changeNick(nick.text).encoded))
        }
    }

    /// Leaves the room; the owner closes the connection when the request has gone out.
    package mutating func leave(actions: inout [Action]) {
        guard phase != .ended else { return }
        if phase == .joined {
            actions.append(.send(MemberRequest.leave.encoded))
        }
        phase = .ended
        actions.append(.end(.quit, refusal: nil))
    }

    /// The members, the host's first, then by nick.
    package var memberList: [ChatEvent.MemberInfo] {
        members.map { ChatEvent.MemberInfo(id: $0, nick: $1.nick, isHost: $1.isHost, isVerified: false) }
            .sorted { ($0.isHost ? 0 : 1, $0.nick, $0.id.packed) < ($1.isHost ? 0 : 1, $1.nick, $1.id.packed) }
    }

    private func member(named name: String) throws(ChatEvent.Notice) -> MemberID {
        if let id = MemberID(name), members[id] != nil { return id }
        if let match = members.first(where: { $0.value.nick == name }) { return match.key }
        throw ChatEvent.Notice(.noSuchMember, "nobody here is called that", hint: "see /who")
    }
}

extension ChatEvent.Notice {
    /// Whoever answered is not somebody who knows the password.
    package static let passwordUnconfirmed = ChatEvent.Notice(
        .passwordUnconfirmed, "cannot join: the host did not show that it knows the password",
        hint: "somebody may be in between; if the room has no password, join without one")

    /// To the one who was removed; the reason is in the host's words.
    static func removed(_ reason: ChatEvent.CloseReason, _ text: String) -> Self {
        let isBanned = reason == .banned
        return .init(
            isBanned ? .banned : .kicked,
            "the stay is over: the host has \(isBanned ? "banned" : "removed") you"
                + (text.isEmpty ? "" : " (\(text))"),
            hint: "the invite no longer works; the host can give you a new one")
    }

    /// A member came back after its place, or what waited for it, had been given up.
    static func missed(_ count: Int) -> Self {
        .init(
            .messagesMissed,
            count == 1 ? "1 message of the room was missed" : "\(count) messages of the room were missed",
            hint: "you were away for longer than the host could wait; ask somebody who was there", count: count)
    }
}

extension RoomCode {
    /// Why the host did not let a joiner in, for people.
    package var refusal: ChatEvent.Notice {
        switch self {
        case .full:
            .init(.roomFull, "cannot join: the room is full", hint: "try again when somebody has left")
        case .nickInvalid:
            .init(.nickInvalid, "cannot join: the nick is not allowed", hint: "use 1 to 32 letters, digits, _ - .")
        case .nickTaken:
            .init(
                .nickTaken, "cannot join: somebody has this nick, or one that looks like it",
                hint: "choose another with --nick")
        case .rateLimited:
            .init(.rateLimited, "cannot join: too many tries at once", hint: "try again in a minute")
        case .passwordRequired:
            .init(
                .passwordRequired, "cannot join: the room has a password",
                hint: "ask the host for it, and give --password or --password-file FILE")
        case .passwordWrong:
            .init(
                .passwordWrong, "cannot join: the password is wrong",
                hint: "check it with the host; after some wrong ones the host makes everybody wait")
        case .passwordUnknown: .passwordUnconfirmed
        case .banned: .init(.banned, "cannot join: the host has banned you", hint: "the host can let you in again")
        case .locked: .init(.roomLocked, "cannot join: the room is locked", hint: "ask the host to /unlock it")
        case .denied: .init(.joinDenied, "cannot join: the host did not let you in", hint: "ask the host")
        case .inviteUsed:
            .init(
                .inviteUsed, "cannot join: the invite is used up, has expired, or was revoked",
                hint: "ask for a new one")
        case .expired:
            .init(.roomExpired, "cannot join: the room has expired", hint: "ask for a new invite")
        case .unspecified, .tooLarge, .noSuchMember, .alreadyAccepted, .away:
            .init(.noSuchRoom, "cannot join: the host refused", hint: "ask for a new invite")
        }
    }

    /// Why the host did not do what a member asked for, for people.
    var declination: ChatEvent.Notice {
        switch self {
        case .nickInvalid:
            .init(.nickInvalid, "the nick is not allowed", hint: "use 1 to 32 letters, digits, _ - .")
        case .nickTaken:
            .init(.nickTaken, "somebody has this nick, or one that looks like it", hint: "choose another")
        case .tooLarge:
            .init(.messageTooLarge, "the message was not delivered: it is too long", hint: "send it in parts")
        case .noSuchMember:
            .init(.noSuchMember, "the message was not delivered: that member has left", hint: "see /who")
        case .away:
            .init(
                .memberAway, "the message was not delivered: that member is away, and too much waits for it",
                hint: "send it again when the member is back")
        case .rateLimited:
            .init(.rateLimited, "not so fast", hint: "wait a moment")
        case .unspecified, .full, .expired, .alreadyAccepted, .passwordRequired, .passwordWrong, .passwordUnknown,
            .banned, .locked, .denied, .inviteUsed:
            .init(.internalError, "the host did not do it and did not say why")
        }
    }
}
