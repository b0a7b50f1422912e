package import Chat

/// Events of a room as lines of the machine interface: NDJSON, UTF-8, one object a line.
///
/// Every object has `event` and `time`. Text from peers is sanitized; newlines of messages are kept, as `\n`. A field of which
/// nothing is known is `null`; `progress`, and `to` of what is not private, are left out then.
package enum JSONEventEncoder {
    /// The events that are written, in the order of docs/json.md.
    static let eventNames = [
        "starting", "ready", "joined-room", "member-joined", "member-left", "member-away", "member-back",
        "message", "waiting", "delivered", "acknowledged", "passed-over",
        "nick-changed", "members", "invite", "invites", "invite-revoked", "join-request", "topic-changed",
        "room-locked", "moderator-changed", "room-extended", "room-moved", "room-hosts", "ending", "slow-mode",
        "verification", "file-offered", "file-progress", "file-done", "file-failed", "files",
        "help", "connection", "warning", "error", "closed",
    ]

    /// Appends the line of `event`, with its newline, to `output`. `time` is in milliseconds since 1970, UTC.
    /// Appends nothing for what concerns only a screen.
    package static func append(_ event: ChatEvent, at time: Int64, to output: inout [UInt8]) {
        switch event {
        case .clearScreen, .sending, .notSent, .room(.joinRequestOver): return
        default: break
        }
        // Moved into the writer and back, so that the buffer is not copied.
        var taken: [UInt8] = []
        swap(&taken, &output)
        var writer = JSONLineWriter(appendingTo: taken)
        taken = []
        writer.beginObject()
        writer.field("event", event.name)
        writer.field("time") { WallClock.append(millisecondsSince1970: time, to: &$0) }
        writer.fields(of: event)
        writer.endObject()
        writer.endLine()
        output = writer.bytes
    }
}

extension ChatEvent {
    fileprivate var name: String {
        switch self {
        case .starting: "starting"
        case .ready: "ready"
        case .joinedRoom: "joined-room"
        case .memberJoined: "member-joined"
        case .memberLeft: "member-left"
        case .memberAway: "member-away"
        case .memberBack: "member-back"
        case .message: "message"
        case .sending: "sending"
        case .notSent: "not-sent"
        case .waiting: "waiting"
        case .delivered: "delivered"
        case .acknowledged: "acknowledged"
        case .passedOver: "passed-over"
        case .nickChanged: "nick-changed"
        case .members: "members"
        case .invite: "invite"
        case .help: "help"
        case .clearScreen: "clear-screen"
        case .verification: "verification"
        case .file(let news): news.name
        case .room(let change): change.name
        case .connection: "connection"
        case .warning: "warning"
        case .error: "error"
        case .closed: "closed"
        }
    }
}

extension ChatEvent.CloseReason {
    fileprivate var name: String {
        switch self {
        case .ttl: "ttl"
        case .hostQuit, .moderatorEnded: "host-quit"
        case .kicked: "kicked"
        case .banned: "banned"
        case .quit: "quit"
        case .lost: "lost"
        }
    }
}

extension FileNews {
    fileprivate var name: String {
        switch self {
        case .offered: "file-offered"
        case .progress: "file-progress"
        case .done: "file-done"
        case .failed: "file-failed"
        case .list: "files"
        }
    }
}

extension RoomChange {
    fileprivate var name: String {
        switch self {
        case .topic: "topic-changed"
        case .locked: "room-locked"
        case .extended: "room-extended"
        case .moved: "room-moved"
        case .hosts: "room-hosts"
        case .ending: "ending"
        case .slow: "slow-mode"
        case .moderator: "moderator-changed"
        case .inviteMade: "invite"
        case .invites: "invites"
        case .inviteRevoked: "invite-revoked"
        case .joinRequest: "join-request"
        case .joinRequestOver: "join-request-over"
        }
    }
}

extension JSONLineWriter {
    fileprivate mutating func fields(of event: ChatEvent) {
        switch event {
        case .starting(let phase, let progress):
            field("phase", phase.rawValue)
            if let progress { field("progress", progress) }
        case .ready(let room): fields(of: room)
        case .joinedRoom(let room): fields(of: room)
        case .memberJoined(let id, let nick, let count):
            field("id", id)
            line("nick", nick)
            field("count", count)
        case .memberLeft(let id, let nick, let reason, let count):
            field("id", id)
            line("nick", nick)
            field("count", count)
            field("reason", reason.rawValue)
        case .memberAway(let id, let nick, let since), .memberBack(let id, let nick, let since):
            field("id", id)
            line("nick", nick)
            time("since", since)
        case .message(let message): fields(of: message)
        case .waiting(let id, let text):
            field("id", id)
            field("text", Sanitizer.sanitize(text, as: .message))
        case .delivered(let id):
            field("id", id)
        case .acknowledged(let id, let count, let total, let missed):
            field("id", id)
            field("count", count)
            field("of", total)
            field("missed", missed)
        case .passedOver(let sequence):
            field("seq", sequence)
        case .nickChanged(let id, let oldNick, let nick):
            field("id", id)
            line("nick", nick)
            line("old_nick", oldNick)
        case .members(let list): members(list)
        case .invite(let invite, _):
            line("invite", invite)
        case .help(let lines):
            beginArray("lines")
            for text in lines { element(Sanitizer.sanitize(text, as: .line)) }
            endArray()
        case .clearScreen, .sending, .notSent: break
        case .verification(.room(let overview)): fields(of: overview)
        case .verification(.check(let check)): fields(of: check)
        case .file(let news): fields(of: news)
        case .room(let change): fields(of: change)
        case .connection(let change): fields(of: change)
        case .warning(let notice), .error(let notice): fields(of: notice)
        case .closed(let reason):
            field("reason", reason.name)
            if reason == .moderatorEnded { field("by", "moderator") }
        }
    }

    private mutating func fields(of room: ChatEvent.ReadyRoom) {
        line("room", room.room)
        field("transport", room.transport.rawValue)
        line("address", room.address)
        line("invite", room.invite)
        line("host_key", room.hostKey)
        time("expires", room.expires)
    }

    private mutating func fields(of room: ChatEvent.JoinedRoom) {
        line("room", room.room)
        field("transport", room.transport.rawValue)
        line("address", room.address)
        field("member", room.member)
        members(room.members)
        line("host_key", room.hostKey)
        field("trust", room.trust.rawValue)
        time("expires", room.expires)
    }

    private mutating func fields(of message: ChatEvent.ChatMessage) {
        field("id", message.id)
        number("seq", message.sequence)
        field("from", message.from)
        line("nick", message.nick)
        field("text", Sanitizer.sanitize(message.text, as: .message))
        field("kind", message.kind.rawValue)
        field("self", message.isOwn)
        if let receiver = message.to { field("to", receiver) }
        if let time = message.saidAt { self.time("said", time) }
    }

    private mutating func fields(of overview: Verification.Overview) {
        field("epoch", overview.epoch)
        field("current", overview.isCurrent)
        words(overview.words)
        beginArray("members")
        for member in overview.members {
            beginObject()
            fields(of: member.info)
            field("self", member.isOwn)
            line("fingerprint", member.fingerprint?.description)
            endObject()
        }
        endArray()
    }

    private mutating func fields(of check: Verification.Check) {
        field("member", check.member)
        line("nick", check.nick)
        field("state", check.state.rawValue)
        words(check.words)
    }

    private mutating func words(_ words: [String]) {
        beginArray("words")
        for word in words { element(word) }
        endArray()
    }

    private mutating func fields(of news: FileNews) {
        switch news {
        case .offered(let file):
            fields(of: file)
        case .progress(let file, let progress):
            identity(of: file)
            field("bytes", progress.bytes)
            field("size", file.size)
            field("rate", progress.rate)
            if let member = progress.member { field("member", member) }
        case .done(let file, let path, let member):
            identity(of: file)
            field("bytes", file.size)
            field("size", file.size)
            if let path { line("path", path) } else { nullField("path") }
            if let member { field("member", member) }
        case .failed(let file, let notice, let bytes, let member):
            identity(of: file)
            field("bytes", bytes)
            field("size", file.size)
            fields(of: notice)
            if let member { field("member", member) }
        case .list(let entries):
            beginArray("files")
            for entry in entries {
                beginObject()
                fields(of: entry.file)
                line("state", entry.state)
                endObject()
            }
            endArray()
        }
    }

    private mutating func identity(of file: FileNews.File) {
        field("id", file.id)
        field("number", file.number)
    }

    private mutating func fields(of file: FileNews.File) {
        identity(of: file)
        field("from", file.from)
        line("nick", file.nick)
        line("name", file.name)
        field("size", file.size)
        if let receiver = file.to { field("to", receiver) } else { nullField("to") }
        field("self", file.isOwn)
        line("remark", file.remark)
    }

    private mutating func fields(of change: RoomChange) {
        switch change {
        case .topic(let text): line("topic", text)
        case .locked(let isLocked): field("locked", isLocked)
        case .extended(let seconds), .ending(let seconds, _): field("seconds_left", seconds)
        case .slow(let seconds): field("seconds", seconds)
        case .moderator(let id, let nick, let isModerator):
            field("id", id)
            line("nick", nick)
            field("moderator", isModerator)
        case .moved(let address): field("address", address)
        case .hosts(let addresses):
            beginArray("addresses")
            for address in addresses { element(address) }
            endArray()
        case .inviteMade(let invite): fields(of: invite)
        case .invites(let invites):
            beginArray("invites")
            for invite in invites {
                beginObject()
                fields(of: invite)
                endObject()
            }
            endArray()
        case .inviteRevoked(let number): field("number", number)
        case .joinRequest(let id, let nick):
            field("id", id)
            line("nick", nick)
        case .joinRequestOver(let id): field("id", id)
        }
    }

    private mutating func fields(of invite: RoomChange.Invite) {
        line("invite", invite.text)
        field("number", invite.number)
        number("uses_left", invite.usesLeft)
        field("used", invite.used)
        number("seconds_left", invite.secondsLeft)
    }

    private mutating func fields(of change: ChatEvent.ConnectionChange) {
        field("state", change.state.rawValue)
        number("attempt", change.attempt)
        number("retry_in_ms", change.retryInMilliseconds)
        line("cause", change.cause)
    }

    private mutating func fields(of notice: ChatEvent.Notice) {
        field("code", notice.code.rawValue)
        line("message", notice.message)
        line("hint", notice.hint)
        if let count = notice.count { field("count", count) }
    }

    private mutating func members(_ list: [ChatEvent.MemberInfo]) {
        beginArray("members")
        for member in list {
            beginObject()
            fields(of: member)
            endObject()
        }
        endArray()
    }

    private mutating func fields(of member: ChatEvent.MemberInfo) {
        field("id", member.id)
        line("nick", member.nick)
        field("host", member.isHost)
        field("verified", member.isVerified)
        field("moderator", member.isModerator)
        time("away_since", member.awaySince)
    }

    private mutating func field(_ name: StaticString, _ id: MemberID) {
        field(name) { output in
            for index in (0..<UInt64(MemberID.byteCount)).reversed() {
                output.append(UInt8(truncatingIfNeeded: id.packed >> (8 * index)))
            }
        }
    }

    private mutating func field(_ name: StaticString, _ id: MessageID) {
        field(name) { output in
            for index in (0..<16 as Range<UInt64>).reversed() {
                let digit = UInt8(truncatingIfNeeded: id.value >> (4 * index) & 15)
                output.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
        }
    }

    private mutating func line(_ name: StaticString, _ text: String?) {
        guard let text else { return nullField(name) }
        field(name, Sanitizer.sanitize(text, as: .line))
    }

    private mutating func number(_ name: StaticString, _ value: (some BinaryInteger)?) {
        guard let value else { return nullField(name) }
        field(name, value)
    }

    private mutating func time(_ name: StaticString, _ seconds: Int64?) {
        guard let seconds else { return nullField(name) }
        field(name) { WallClock.append(seconds: seconds, to: &$0) }
    }
}
