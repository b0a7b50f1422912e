internal import Chat

/// The line above the input: where one is, and how things stand. What matters least goes first when there is no room.
struct StatusBar: Sendable {
    var room = ""
    var transport: ChatEvent.TransportKind?
    var address = ""
    var trust: ChatEvent.Trust?
    var topic = ""
    var isLocked = false
    var isUnderAttack = false
    /// Each member may post once in so many seconds; 0 for as often as it likes.
    var slowSeconds: Int64 = 0
    var isHost = false
    /// Seconds since 1970; nil for a room without end.
    var expires: Int64?
    var connection = ChatEvent.ConnectionChange(state: .connected)
    /// Seconds since 1970; when the next try to connect comes.
    var retryAt: Int64?
    var isClosed = false

    private static let rankOfWindows = 92
    /// Who hosts the windows' rooms is left out before anything that matters as much.
    private static let rankOfHosts = 55

    /// Below this the time left is told to the second.
    static let exactSeconds: Int64 = 120

    private struct Segment {
        var text: String
        /// The lowest goes first.
        var rank: Int
        var style = TextStyle(reversed: true)
    }

    /// The bar, of exactly `width` columns.
    func line(
        width: Int, now: Int64, memberCount: Int, awayCount: Int, unreadCount: Int, isAtEnd: Bool,
        windows: [WindowMark] = []
    ) -> StyledLine {
        var segments = self.segments(
            now: now, memberCount: memberCount, awayCount: awayCount, unreadCount: unreadCount, isAtEnd: isAtEnd)
        if windows.count > 1 {
            let calls = windows.contains { $0.unseen.isCalling && !$0.isShown }
            segments.insert(
                Segment(
                    text: windows.map(\.longText).joined(separator: "  "), rank: Self.rankOfWindows,
                    style: calls ? TextStyle(.warning, bold: true, reversed: true) : TextStyle(reversed: true)), at: 0)
        }
        func columns() -> Int {
            segments.reduce(0) { $0 + StyledLine($1.text).width } + max(0, segments.count - 1) * 3 + 2
        }
        var hasLongMarks = windows.count > 1
        while columns() > width, segments.count > 1 || hasLongMarks,
            let least = segments.indices.min(by: { segments[$0].rank < segments[$1].rank })
        {
            if hasLongMarks, segments[least].rank >= Self.rankOfHosts {
                hasLongMarks = false
                segments[0].text = windows.map(\.text).joined(separator: " ")
            } else {
                segments.remove(at: least)
            }
        }
        let plain = TextStyle(reversed: true)
        var line = StyledLine(" ", plain)
        for (index, segment) in segments.enumerated() {
            if index > 0 { line.append(" | ", plain) }
            line.append(segment.text, segment.style)
        }
        line = line.fitted(to: width)
        line.pad(to: width, plain)
        return line
    }

    private func segments(now: Int64, memberCount: Int, awayCount: Int, unreadCount: Int, isAtEnd: Bool) -> [Segment] {
        var segments: [Segment] = []
        if unreadCount > 0 {
            segments.append(
                Segment(text: "\(unreadCount) unread", rank: 90, style: TextStyle(bold: true, reversed: true)))
        } else if !isAtEnd {
            segments.append(Segment(text: "scrolled up", rank: 85))
        }
        if let state = connectionText(now: now) {
            segments.append(Segment(text: state, rank: 100, style: TextStyle(.warning, bold: true, reversed: true)))
        }
        if let transport { segments.append(Segment(text: "\(transport.rawValue) \(Self.short(address))", rank: 40)) }
        if !room.isEmpty { segments.append(Segment(text: "room \(Self.short(room))", rank: 50)) }
        if isUnderAttack {
            segments.append(
                Segment(text: "under attack", rank: 95, style: TextStyle(.warning, bold: true, reversed: true)))
        }
        if isLocked { segments.append(Segment(text: "locked", rank: 65)) }
        if slowSeconds > 0 { segments.append(Segment(text: "slow \(slowSeconds)s", rank: 64)) }
        if let left = timeLeft(now: now) { segments.append(Segment(text: left, rank: 80)) }
        if transport != nil {
            let members = memberCount == 1 ? "1 member" : "\(memberCount) members"
            segments.append(Segment(text: awayCount > 0 ? "\(members), \(awayCount) away" : members, rank: 60))
        }
        if connectionText(now: now) == nil { segments.append(Segment(text: "connected", rank: 30)) }
        if isHost {
            segments.append(Segment(text: "you host", rank: 20))
        } else if let trust {
            segments.append(Segment(text: Self.text(of: trust), rank: trust == .invite || trust == .known ? 35 : 70))
        }
        return segments
    }

    /// The line above the messages, of exactly `width` columns. What stands before the topic no member can write.
    func topicLine(width: Int) -> StyledLine {
        let style = TextStyle(reversed: true)
        var line = StyledLine(" topic: ", style)
        line.append(Sanitizer.sanitize(topic, as: .line), style)
        line = line.fitted(to: width)
        line.pad(to: width, style)
        return line
    }

    private func connectionText(now: Int64) -> String? {
        if isClosed { return "closed" }
        if transport == nil { return "not there yet" }
        let what = connection.cause == "tor" ? "tor lost" : "reconnecting"
        switch connection.state {
        case .connected: return nil
        case .lost: return "connection lost"
        case .reconnecting:
            var text = what
            if let attempt = connection.attempt { text += " #\(attempt)" }
            if let retryAt, retryAt > now { text += " in \(retryAt - now) s" }
            return text
        }
    }

    private func timeLeft(now: Int64) -> String? {
        guard let expires else { return nil }
        let left = max(0, expires - now)
        switch left {
        case ..<Self.exactSeconds: return "\(left) s left"
        case ..<3600: return "\(left / 60) min left"
        case ..<86_400: return "\(left / 3600) h \(left / 60 % 60) min left"
        case ..<172_800: return "\(left / 3600) h left"
        default: return "\(left / 86_400) d left"
        }
    }

    /// When the text changes by itself the next time; nil for never.
    func nextChange(after now: Int64) -> Int64? {
        var next: Int64?
        if let expires, expires > now {
            let left = expires - now
            let unit: Int64 = left <= Self.exactSeconds ? 1 : left <= 86_400 ? 60 : 3600
            next = unit == 1 ? now + 1 : now + left % unit + 1
        }
        if let retryAt, retryAt > now { next = min(next ?? now + 1, now + 1) }
        return next
    }

    private static func text(of trust: ChatEvent.Trust) -> String {
        switch trust {
        case .invite: "host key from invite"
        case .known: "host key known"
        case .new: "host key NEW"
        case .none: "host key unchecked"
        }
    }

    /// A long name by its ends: enough to tell two apart at a glance, not to check one.
    static func short(_ text: String) -> String {
        let clean = Sanitizer.sanitize(text, as: .line)
        guard clean.count > 24 else { return clean }
        return "\(clean.prefix(8))…\(clean.suffix(12))"
    }
}
