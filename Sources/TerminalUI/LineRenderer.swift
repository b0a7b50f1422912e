package import Chat

/// Events of a room as lines for people: `--plain`.
///
/// stdout carries the conversation and, once, how the room can be joined; everything else goes to stderr. A line of the
/// program's own starts with `-!- `, `termtalk: ` or `hint: `; a line of a peer starts with `<`, `*` or `[`, its
/// continuations with two spaces. So no peer can write a line that looks like another's.
package struct LineRenderer: Sendable {
    /// Lines without their ends.
    package struct Lines: Sendable, Equatable {
        package var stdout: [String]
        package var stderr: [String]

        init(stdout: [String] = [], stderr: [String] = []) {
            self.stdout = stdout
            self.stderr = stderr
        }
    }

    private let echoOwn: Bool
    private let palette: LinePalette
    private let localTime: @Sendable (Int64) -> String

    /// - Parameters:
    ///   - echoOwn: whether own messages are shown too.
    ///   - colour: for a terminal that takes it, after NO_COLOR and TERM.
    ///   - localTime: the date and time of so many seconds since 1970, where the person is.
    package init(
        echoOwn: Bool = false, colour: Bool = false,
        localTime: @escaping @Sendable (Int64) -> String = WallClock.textForPeople
    ) {
        self.echoOwn = echoOwn
        self.localTime = localTime
        palette = LinePalette(isOn: colour)
    }

    /// The lines of `event`.
    package func lines(for event: ChatEvent) -> Lines {
        switch event {
        case .ready(let room): Lines(stdout: announcement(of: room))
        case .message(let message): Lines(stdout: conversation(message))
        case .warning(let notice), .error(let notice): Lines(stderr: report(notice))
        default: Lines(stderr: systemLines(for: event).map { palette.system("-!- \($0)") })
        }
    }

    /// What the program says of `event`, without its mark: for a screen that has its own.
    func systemTexts(for event: ChatEvent) -> [String] {
        systemLines(for: event)
    }

    /// The line for a stage of starting on a terminal: a bar, where it is known how far the stage has come.
    package func progressLine(_ phase: ChatEvent.StartPhase, _ progress: Int?) -> String {
        guard let progress else { return palette.system("-!- \(starting(phase)) ...") }
        let tenths = min(max(progress, 0), 100) / 10
        let bar = String(repeating: "#", count: tenths) + String(repeating: ".", count: 10 - tenths)
        return palette.system("-!- [\(bar)] \(progress)% \(starting(phase))")
    }

    private func announcement(of room: ChatEvent.ReadyRoom) -> [String] {
        let label = room.transport == .onion ? "onion  " : "address"
        let lifetime = room.timeToLive.map { "in \($0)s" } ?? "never"
        return [
            "\(label) \(line(room.address))",
            "room    \(line(room.room))",
            "invite  \(line(room.invite))",
            "expires \(lifetime)",
        ]
    }

    private func conversation(_ message: ChatEvent.ChatMessage) -> [String] {
        if message.isOwn, !echoOwn { return [] }
        let nick = palette.nick(name(message.nick, of: message.from), of: message.from)
        let opening =
            switch (message.kind, message.isOwn) {
            case (.text, _): "<\(nick)> "
            case (.action, _): "* \(nick) "
            case (.private, false): "[private from \(nick)] "
            case (.private, true): "[private to \(receiver(of: message))] "
            }
        return Sanitizer.lines(ofMessage: message.text).enumerated().map { index, text in
            (index == 0 ? opening : "  ") + text
        }
    }

    private func receiver(of message: ChatEvent.ChatMessage) -> String {
        guard let to = message.to else { return "?" }
        return palette.nick(name(message.toNick ?? to.description, of: to), of: to)
    }

    private func report(_ notice: ChatEvent.Notice) -> [String] {
        var lines = ["termtalk: \(line(notice.message))"]
        if let hint = notice.hint { lines.append("hint: \(line(hint))") }
        return lines
    }

    private func systemLines(for event: ChatEvent) -> [String] {
        switch event {
        case .starting(let phase, let progress): [starting(phase) + (progress.map { " (\($0)%)" } ?? "")]
        case .joinedRoom(let room): joined(room)
        case .memberJoined(let id, let nick, let count): ["\(name(nick, of: id)) has joined (\(members(count)))"]
        case .memberLeft(let id, let nick, let reason, let count):
            ["\(name(nick, of: id)) \(left(reason)) (\(members(count)))"]
        case .memberAway(let id, let nick, let since):
            ["\(name(nick, of: id)) is away since \(localTime(since)): the connection is broken, the place is kept"]
        case .memberBack(let id, let nick, let since):
            ["\(name(nick, of: id)) is back, and was away since \(localTime(since))"]
        case .nickChanged(let id, let oldNick, let nick):
            ["\(name(oldNick, of: id)) is now \(name(nick, of: id))"]
        case .members(let members):
            members.map { "\($0.id) \(name($0.nick, of: $0.id))\(remarks(on: $0))" }
        case .invite(let invite, _): ["invite  \(line(invite))"]
        case .help(let lines): lines.map { line($0) }
        case .verification(.room(let overview)): describe(overview)
        case .verification(.check(let check)): describe(check)
        case .file(let news): describe(news)
        case .room(let change): describe(change)
        case .connection(let change): [connection(change)]
        case .waiting(_, let text):
            Sanitizer.lines(ofMessage: text).enumerated().map { index, text in
                (index == 0 ? "waits for the connection: " : "  ") + text
            }
        case .closed(let reason): [closed(reason)]
        case .clearScreen: ["nothing was cleared: lines stay; /clear is for the full screen"]
        case .sending, .notSent, .delivered, .acknowledged, .passedOver, .ready, .message, .warning, .error: []
        }
    }

    private func describe(_ change: RoomChange) -> [String] {
        switch change {
        case .topic(""): ["the room has no topic any more"]
        case .topic(let text): ["topic: \(line(text))"]
        case .locked(let isLocked): [isLocked ? "the room is locked: nobody new comes in" : "the room is open again"]
        case .extended(let seconds): ["the room ends in \(DurationText.words(seconds: seconds))"]
        case .ending(let seconds, let canExtend):
            [
                "the room ends in \(DurationText.words(seconds: seconds))"
                    + (canExtend ? ": /extend 15m gives it more time" : "")
            ]
        case .moderator(let id, let nick, let isModerator):
            ["\(name(nick, of: id)) \(isModerator ? "moderates the room now" : "is no moderator any more")"]
        case .slow(seconds: 0): ["slow mode is over"]
        case .slow(let seconds):
            ["slow mode: each member may say something once in \(DurationText.words(seconds: seconds))"]
        case .moved(let address): ["the room has moved to \(line(address)); invites of before lead nowhere"]
        case .hosts: []
        case .inviteMade(let invite): ["invite  \(line(invite.text))"] + [describe(invite)]
        case .invites(let invites): invites.flatMap { [describe($0), "  \(line($0.text))"] }
        case .inviteRevoked(RoomChange.Invite.roomNumber):
            ["the room's invite is no longer valid; another one, with the same number, takes its place"]
        case .inviteRevoked(let number): ["invite \(number) is no longer valid"]
        case .joinRequest(let id, let nick):
            ["\(name(nick, of: id)) wants to come in: /approve \(id) or /deny \(id)"]
        case .joinRequestOver: []
        }
    }

    private func describe(_ overview: Verification.Overview) -> [String] {
        var lines = ["room words of epoch \(overview.epoch): \(overview.words.joined(separator: " "))"]
        lines.append(
            overview.isCurrent
                ? "whoever sees other words for that epoch is in another room: compare over another channel"
                : "the group has changed meanwhile, and with it the words: /verify shows the new ones")
        return lines
            + overview.members.map { member in
                let own = member.isOwn ? " (you)" : ""
                let fingerprint = member.fingerprint?.description ?? "not in the group"
                return "\(fingerprint)  \(name(member.info.nick, of: member.info.id))\(remarks(on: member.info))\(own)"
            }
    }

    private func describe(_ check: Verification.Check) -> [String] {
        let name = name(check.nick, of: check.member)
        switch check.state {
        case .waiting: return ["waiting for \(name) to answer the check"]
        case .compare:
            return [
                "words of you and \(name): \(check.words.joined(separator: " "))",
                "ask over another channel which words \(name) sees, and say whether they are the same: "
                    + "/verify \(name) yes, or no",
            ]
        case .verified: return ["\(name) is verified"]
        case .differs: return ["\(name) is not verified: the words differ"]
        case .withdrawn: return ["\(name) is no longer verified: the key is another one"]
        }
    }

    private func describe(_ invite: RoomChange.Invite) -> String {
        let uses = invite.usesLeft.map { "for \($0) more" } ?? "for any number"
        let time = invite.secondsLeft.map { "for \(DurationText.words(seconds: $0))" } ?? "as long as the room"
        return "invite \(invite.number): \(uses), \(time); \(invite.used) came with it"
    }

    private func joined(_ room: ChatEvent.JoinedRoom) -> [String] {
        let members = room.members.map { name($0.nick, of: $0.id) + remarks(on: $0) }.joined(separator: ", ")
        var lines = [
            "joined room \(line(room.room)) at \(line(room.address)) as \(room.member)",
            "host key \(line(room.hostKey)): \(trust(room.trust))",
            "members (\(room.members.count)): \(members)",
        ]
        if let expires = room.expires {
            lines.append("the room closes at \(localTime(expires))")
        }
        return lines
    }

    private func connection(_ change: ChatEvent.ConnectionChange) -> String {
        var text =
            switch change.state {
            case .connected: "connected"
            case .reconnecting: "reconnecting"
            case .lost: "connection lost"
            }
        var details: [String] = []
        if let attempt = change.attempt { details.append("attempt \(attempt)") }
        if let milliseconds = change.retryInMilliseconds { details.append("in \((milliseconds + 999) / 1000) s") }
        if !details.isEmpty { text += " (\(details.joined(separator: ", ")))" }
        return text + (change.cause.map { ": \(line(words(ofCause: $0)))" } ?? "")
    }

    private func words(ofCause cause: String) -> String {
        NoticeCode(rawValue: cause) == nil ? cause : cause.replacing("-", with: " ")
    }

    /// The nick when it has the form of one, else the member's id: a host that does not check nicks cannot forge lines.
    func name(_ nick: String, of id: MemberID) -> String {
        Nick.isWellFormed(nick) ? nick : id.description
    }

    func line(_ text: String) -> String {
        Sanitizer.sanitize(text, as: .line)
    }
}

extension LineRenderer {
    private func starting(_ phase: ChatEvent.StartPhase) -> String {
        switch phase {
        case .torConnect: "connecting to tor"
        case .torBootstrap: "tor is starting"
        case .onionPublish: "publishing the onion service"
        case .dial: "connecting to the host"
        case .hostReach:
            "no way to the host yet: it may be offline, its room may have ended, or the network is slow; still trying"
        case .handshake: "agreeing on keys"
        case .approval: "waiting for the host to let you in"
        case .hostAnswer:
            "waiting for the host: it does not answer, for 30 s at most; it may hang, or not know the invite any more"
        case .memberAnswer: "waiting for a member's program to let you in; the next one is asked after 8 s"
        }
    }

    private func trust(_ trust: ChatEvent.Trust) -> String {
        switch trust {
        case .invite: "the one in the invite"
        case .known: "the one known from before"
        case .new: "new, compare it with the host's"
        case .none: "not checked"
        }
    }

    private func left(_ reason: ChatEvent.LeaveReason) -> String {
        switch reason {
        case .quit: "has left"
        case .lost: "has lost the connection"
        case .kicked: "was sent out"
        case .banned: "was banned"
        }
    }

    private func closed(_ reason: ChatEvent.CloseReason) -> String {
        switch reason {
        case .ttl: "the room is closed: its time is over"
        case .hostQuit: "the room is closed: the host has ended it"
        case .moderatorEnded: "the room is closed: a moderator has ended it"
        case .kicked: "you were sent out of the room"
        case .banned: "you were banned from the room"
        case .quit: "you have left the room"
        case .lost: "the connection is lost"
        }
    }

    private func members(_ count: Int) -> String { count == 1 ? "1 member" : "\(count) members" }

    private func remarks(on member: ChatEvent.MemberInfo) -> String {
        let remarks = [
            member.isHost ? "host" : member.isModerator ? "moderator" : nil, member.isVerified ? "verified" : nil,
            member.awaySince.map { "away since \(localTime($0))" },
        ].compactMap(\.self)
        return remarks.isEmpty ? "" : " (\(remarks.joined(separator: ", ")))"
    }
}
