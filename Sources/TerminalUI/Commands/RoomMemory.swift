package import Chat

/// What is kept of a stay in a room to answer `/topic`, `/ignore`, `/lastlog` and `/sent`; and whether an event is shown at
/// all.
package struct RoomMemory: Sendable {
    /// Members that one person ignores: as many as a usual room has.
    static let maximumIgnoredCount = 50
    /// Messages that `/lastlog` looks through, and bytes of text in them.
    static let maximumLogCount = 2_000
    static let maximumLogByteCount = 1_048_576
    /// Lines that `/lastlog` answers with: the latest ones.
    static let maximumAnswerCount = 50
    /// Own messages whose delivery is told.
    static let maximumSentCount = 20

    private struct Logged: Sendable {
        var line: String
        var searched: String
    }

    private struct Sent: Sendable {
        var id: MessageID
        var text: String
        var state: String
    }

    private var topic = ""
    private var roster = MemberRoster()
    private var ignored: [MemberID: String] = [:]
    private var log: [Logged] = []
    private var logByteCount = 0
    private var sent: [Sent] = []

    package init() {}

    /// Takes an event; returns whether it is to be shown.
    package mutating func heard(_ event: ChatEvent, at moment: Moment) -> Bool {
        switch event {
        case .joinedRoom(let room):
            roster.replace(with: room.members)
            roster.own = room.member
        case .members(let members): roster.replace(with: members)
        case .memberJoined(let id, let nick, _): roster.joined(id, nick: nick)
        case .memberLeft(let id, _, _, _): roster.left(id)
        case .memberAway(let id, _, _), .memberBack(let id, _, _): return ignored[id] == nil
        case .nickChanged(let id, _, let nick):
            roster.renamed(id, to: nick)
            return ignored[id] == nil
        case .room(.topic(let text)): topic = text
        case .message(let message):
            guard message.isOwn || ignored[message.from] == nil else { return false }
            keep(message, at: moment)
        case .file(.offered(let file)): return file.isOwn || ignored[file.from] == nil
        case .sending(let message): note(message.id, message.text, "is on its way to the host")
        case .waiting(let id, let text): note(id, text, "waits for the connection")
        case .notSent(let id): note(id, nil, "was not sent")
        case .delivered(let id): note(id, nil, "is at the host")
        case .acknowledged(let id, let count, let total, let missed):
            let away = missed > 0 ? "; \(missed) who \(missed == 1 ? "was" : "were") away will not get it" : ""
            note(id, nil, "was received by \(count) of the \(total) others who are present\(away)")
        case .clearScreen:
            log = []
            logByteCount = 0
        default: break
        }
        return true
    }

    private mutating func keep(_ message: ChatEvent.ChatMessage, at moment: Moment) {
        if message.isOwn { note(message.id, message.text, "is at the host") }
        let name = Nick.isWellFormed(message.nick) ? message.nick : message.from.description
        let text = Sanitizer.sanitize(message.text, as: .line)
        let opening =
            message.kind == .action ? "* \(name)" : message.kind == .private ? "[private] <\(name)>" : "<\(name)>"
        let logged = Logged(line: "\(moment.time) \(opening) \(text)", searched: "\(name) \(text)".lowercased())
        log.append(logged)
        logByteCount += logged.line.utf8.count + logged.searched.utf8.count
        while log.count > Self.maximumLogCount || logByteCount > Self.maximumLogByteCount, log.count > 1 {
            let first = log.removeFirst()
            logByteCount -= first.line.utf8.count + first.searched.utf8.count
        }
    }

    private mutating func note(_ id: MessageID, _ text: String?, _ state: String) {
        if let index = sent.lastIndex(where: { $0.id == id }) {
            sent[index].state = state
        } else if let text {
            let line = Sanitizer.sanitize(text, as: .line)
            sent.append(Sent(id: id, text: line.count > 40 ? "\(line.prefix(40))…" : line, state: state))
            if sent.count > Self.maximumSentCount { sent.removeFirst() }
        }
    }

    // MARK: Answers

    package var topicLine: String {
        topic.isEmpty ? "the room has no topic" : "topic: \(Sanitizer.sanitize(topic, as: .line))"
    }

    package func lastlog(_ word: String) -> [String] {
        let found = log.filter { $0.searched.contains(word.lowercased()) }.map(\.line)
        guard !found.isEmpty else { return ["nothing was said here with that in it"] }
        return Array(found.suffix(Self.maximumAnswerCount))
    }

    package var sentLines: [String] {
        sent.isEmpty ? ["you have said nothing yet"] : sent.map { "\"\($0.text)\" \($0.state)" }
    }

    package var ignoredLine: String {
        ignored.isEmpty
            ? "nobody is ignored"
            : "ignored: \(ignored.sorted { $0.value < $1.value }.map(\.value).joined(separator: ", "))"
    }

    /// Shows nothing of a member any more, by nick or id; returns what is told.
    package mutating func ignore(_ name: String) throws(ChatEvent.Notice) -> String {
        guard let member = member(name), member != roster.own else {
            throw ChatEvent.Notice(
                .noSuchMember, "nobody is ignored: no other member is called \(Sanitizer.sanitize(name, as: .line))",
                hint: "/who lists the members")
        }
        guard ignored[member] != nil || ignored.count < Self.maximumIgnoredCount else {
            throw ChatEvent.Notice(
                .notPermitted, "nobody more is ignored: \(Self.maximumIgnoredCount) members are",
                hint: "/unignore MEMBER")
        }
        let shown = roster.name(of: member)
        ignored[member] = shown
        return "nothing more is shown of what \(shown) says; /unignore \(shown) ends that"
    }

    package mutating func unignore(_ name: String) throws(ChatEvent.Notice) -> String {
        let byName = ignored.first { $0.value.lowercased() == name.lowercased() || $0.key.description == name }?.key
        guard let member = byName ?? member(name), let shown = ignored.removeValue(forKey: member) else {
            throw ChatEvent.Notice(
                .noSuchMember, "nobody of this name is ignored", hint: "/ignore alone lists who is")
        }
        return "what \(shown) says is shown again"
    }

    private func member(_ name: String) -> MemberID? {
        roster.members.first { $0.id.description == name }?.id
            ?? roster.members.first { $0.nick.lowercased() == name.lowercased() }?.id
    }
}
