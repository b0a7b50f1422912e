internal import Chat

/// The full-screen interface as a value: told what happened in the room and what was pressed, it says what is to be seen and
/// what is to be done. It knows neither a terminal nor a clock.
package struct ScreenModel: Sendable {
    /// What a key asks for.
    package enum Action: Sendable, Equatable {
        /// A message or a command, as typed.
        case submit(String)
        /// ^D in an empty line.
        case endOfInput
        /// The terminal shows something else: all is to be drawn anew.
        case redraw
        /// The invite is to be shown where it can be copied as one line.
        case showInvite
        case copyInvite
        case showCode
        case showHelp
    }

    /// Narrower terminals have no member list.
    static let minimumWidthWithMembers = 60
    static let maximumMemberColumns = 22
    /// Rows that a message of several lines may take of a screen.
    static let maximumInputRows = 6

    /// Rows that a topic line would take too much of.
    static let minimumHeightWithTopic = 8
    /// Rows that a turn of the mouse wheel scrolls.
    static let wheelRows = 3

    private var size: ScreenSize
    private var showsMembers = true
    private var alerts: Alerts
    private let marks: DeliveryMarks
    private let renderer: LineRenderer
    private var scrollback = Scrollback()
    private var roster = MemberRoster()
    private var status = StatusBar()
    private var editor = LineEditor()
    private var history = InputHistory()
    private var completion = Completion()
    /// What was sent last to everybody, as typed.
    private var lastSaid = ""
    private var now: Int64 = 0
    private var lastMoment: Moment?
    /// What has come since the last frame.
    private(set) var unseen = UnseenMessages()

    init(
        size: ScreenSize, alerts: Alerts = Alerts(), marks: DeliveryMarks = .unicode,
        localTime: @escaping @Sendable (Int64) -> String = WallClock.textForPeople
    ) {
        renderer = LineRenderer(echoOwn: true, localTime: localTime)
        self.size = size
        self.alerts = alerts
        self.marks = marks
    }

    var room: String { status.room }

    var topic: String { status.topic }

    var isClosed: Bool { status.isClosed }

    /// The nick of the host's person; empty where nobody does.
    var host: String { roster.members.first(where: \.isHost).map { roster.name(of: $0.id) } ?? "" }

    // MARK: The room

    /// Something happened in the room.
    ///
    /// - Parameter said: when it was said, where that is not now.
    mutating func heard(_ event: ChatEvent, at moment: Moment, said: Moment? = nil) {
        now = moment.seconds
        lastMoment = moment
        switch event {
        case .ready(let room): ready(room, at: moment)
        case .joinedRoom(let room): joined(room, at: moment)
        case .memberJoined(let id, let nick, _):
            roster.joined(id, nick: nick)
            tell(event, at: moment)
        case .memberLeft(let id, _, _, _):
            roster.left(id)
            tell(event, at: moment)
        case .memberAway(let id, _, let since):
            roster.mark(id, awaySince: since)
            tell(event, at: moment)
        case .memberBack(let id, _, _):
            roster.mark(id, awaySince: nil)
            tell(event, at: moment)
        case .nickChanged(let id, _, let nick):
            roster.renamed(id, to: nick)
            tell(event, at: moment)
        case .members(let members):
            roster.replace(with: members)
            tell(event, at: moment)
            for joiner in roster.waiting { tell(.room(.joinRequest(id: joiner.id, nick: joiner.nick)), at: moment) }
        case .message(let message): heard(message, at: said ?? moment)
        case .sending(let message):
            scrollback.append(content(message), at: moment, delivery: .waiting)
            scrollback.scrollToEnd()
        case .notSent(let id): _ = scrollback.takeOwn(id)
        case .passedOver: break
        case .delivered(let id): scrollback.mark(id, .delivered)
        case .acknowledged(let id, let count, let total, let missed):
            if missed > 0 {
                scrollback.mark(id, .missed)
            } else if count >= total, total > 0 {
                scrollback.mark(id, .received)
            }
        case .invite(let invite, _):
            tell("the invite of this room; F2 shows it alone, F3 copies it, F4 makes it a QR code", .system, at: moment)
            scrollback.append(.verbatim(Sanitizer.sanitize(invite, as: .line)), at: moment)
        case .connection(let change):
            status.connection = change
            status.retryAt = change.retryInMilliseconds.map { moment.seconds + Int64($0 + 999) / 1000 }
            tellProgress(event, at: moment)
        case .closed:
            status.isClosed = true
            tell(event, at: moment)
        case .room(.inviteMade(let invite)):
            for text in renderer.systemTexts(for: event).dropFirst() { tell(text, .system, at: moment) }
            scrollback.append(.verbatim(Sanitizer.sanitize(invite.text, as: .line)), at: moment)
        case .room(let change):
            tell(event, at: moment)
            changed(change, at: moment)
        case .verification(let verification):
            tell(event, at: moment)
            heard(verification)
        case .file(let news): heard(news, at: moment)
        case .clearScreen: scrollback.clear()
        // What waits is seen at its message.
        case .waiting: break
        case .warning(let notice):
            if notice.code == .underAttack { status.isUnderAttack = true }
            if notice.code == .attackOver { status.isUnderAttack = false }
            report(notice, .warning, at: moment)
        case .error(let notice):
            report(notice, .error, at: moment)
            // What may not be said yet is there to be said later.
            if notice.code == .slowMode, editor.isEmpty { editor.replace(with: lastSaid) }
        case .starting: tellProgress(event, at: moment)
        case .help: tell(event, at: moment)
        }
    }

    /// Who is in the room, without a word about it.
    mutating func list(_ members: [ChatEvent.MemberInfo], own: MemberID?) {
        roster.replace(with: members)
        if let own { roster.own = own }
    }

    private mutating func ready(_ room: ChatEvent.ReadyRoom, at moment: Moment) {
        status.room = room.room
        status.transport = room.transport
        status.address = room.address
        status.expires = room.expires
        status.isHost = true
        let address = Sanitizer.sanitize(room.address, as: .line)
        tell("room \(Sanitizer.sanitize(room.room, as: .line)) is open at \(address)", .system, at: moment)
        tell("its host key is \(Sanitizer.sanitize(room.hostKey, as: .line))", .system, at: moment)
        if let seconds = room.timeToLive {
            tell("it closes in \(DurationText.words(seconds: seconds))", .system, at: moment)
        }
        heard(.invite(room.invite), at: moment)
        tell("/help lists the commands; Tab completes; PgUp and PgDn scroll", .system, at: moment)
    }

    private mutating func joined(_ room: ChatEvent.JoinedRoom, at moment: Moment) {
        status.room = room.room
        status.transport = room.transport
        status.address = room.address
        status.expires = room.expires
        status.trust = room.trust
        status.connection = .init(state: .connected)
        status.retryAt = nil
        list(room.members, own: room.member)
        var untimed = room
        untimed.expires = nil
        tell(.joinedRoom(untimed), at: moment)
        if let expires = room.expires {
            tell("it closes in \(DurationText.words(seconds: expires - moment.seconds))", .system, at: moment)
        }
        tell("/help lists the commands; Tab completes; PgUp and PgDn scroll", .system, at: moment)
    }

    /// How far a file is stands in one line, which goes when it is there, or does not come.
    private mutating func heard(_ news: FileNews, at moment: Moment) {
        switch news {
        case .progress(let file, let progress):
            let bar = ScrollbackEntry.Content.system(renderer.text(file, progress), .system)
            return scrollback.replaceBar(.init(file: file.number, member: progress.member), bar, at: moment)
        case .done(let file, _, let member), .failed(let file, _, _, let member):
            scrollback.removeBar(of: file.number, member: member)
        case .offered, .list: break
        }
        tell(.file(news), at: moment)
    }

    private mutating func heard(_ verification: Verification) {
        guard case .check(let check) = verification else { return }
        switch check.state {
        case .waiting: break
        case .compare: call()
        case .verified: roster.mark(check.member, isVerified: true)
        case .differs, .withdrawn: roster.mark(check.member, isVerified: false)
        }
    }

    private mutating func changed(_ change: RoomChange, at moment: Moment) {
        switch change {
        case .topic(let topic): status.topic = topic
        case .locked(let isLocked): status.isLocked = isLocked
        case .extended(let seconds): status.expires = moment.seconds + seconds
        case .slow(let seconds): status.slowSeconds = seconds
        case .moderator(let id, _, let isModerator): roster.mark(id, isModerator: isModerator)
        case .joinRequest(let id, let nick):
            roster.waits(id, nick: nick)
            call()
        case .joinRequestOver(let id): roster.waitsNoLonger(id)
        case .ending(let seconds, _): status.expires = moment.seconds + seconds
        case .inviteMade, .invites, .inviteRevoked, .moved, .hosts: break
        }
    }

    private mutating func heard(_ message: ChatEvent.ChatMessage, at moment: Moment) {
        if message.isOwn {
            // It gets its place among what others said.
            let delivery = scrollback.takeOwn(message.id)
            let isFinal = delivery == .received || delivery == .missed
            scrollback.append(content(message), at: moment, delivery: isFinal ? delivery : .delivered)
            return
        }
        let content = content(message)
        scrollback.append(content, at: moment)
        guard case .message(_, let name, let isMention) = content else { return }
        unseen.count += 1
        unseen.isCalling = unseen.isCalling || isMention
        alerts.said(message.text, by: name, isCall: isMention)
    }

    /// Something wants the person.
    private mutating func call() {
        unseen.isCalling = true
        alerts.called()
    }

    private func content(_ message: ChatEvent.ChatMessage) -> ScrollbackEntry.Content {
        let nick = Nick.isWellFormed(message.nick) ? message.nick : message.from.description
        // A private message of one's own names its receiver.
        let name = message.isOwn ? message.to.map { roster.name(of: $0) } ?? nick : nick
        let isMention = !message.isOwn && (message.kind == .private || Mention.isIn(message.text, of: roster.ownNick))
        return .message(message, name: name, isMention: isMention)
    }

    private mutating func tell(_ event: ChatEvent, at moment: Moment) {
        for text in renderer.systemTexts(for: event) { tell(text, .system, at: moment) }
    }

    /// One line that changes, as long as nothing else comes between: a night without a connection is no screen full of tries.
    private mutating func tellProgress(_ event: ChatEvent, at moment: Moment) {
        for text in renderer.systemTexts(for: event) { scrollback.replaceProgress(.system(text, .system), at: moment) }
    }

    private mutating func tell(_ text: String, _ colour: TextStyle.Colour, at moment: Moment) {
        scrollback.append(.system(text, colour), at: moment)
    }

    private mutating func report(_ notice: ChatEvent.Notice, _ colour: TextStyle.Colour, at moment: Moment) {
        tell(Sanitizer.sanitize(notice.message, as: .line), colour, at: moment)
        if let hint = notice.hint { tell("hint: \(Sanitizer.sanitize(hint, as: .line))", .system, at: moment) }
    }

    /// Asks the person something, whose answer is the next line.
    mutating func ask(_ question: String, at moment: Moment) {
        tell(Sanitizer.sanitize(question, as: .line), .warning, at: moment)
        call()
    }

    /// Shows a line of what a library or tor wrote to the terminal.
    mutating func heardOnStandardError(_ line: String, at moment: Moment) {
        tell(Sanitizer.sanitize(line, as: .line), .warning, at: moment)
    }

    /// Whether a bell is due; asking answers it.
    mutating func takeBell() -> Bool { alerts.takeBell(now) }

    /// What a notification is to say; nil when none is due.
    mutating func takeNotification() -> String? { alerts.takeNotification(now) }

    // MARK: Keys

    /// Empties the line that is being typed, as ^C does at a shell's prompt.
    ///
    /// - Returns: whether there was one.
    mutating func clearLine() -> Bool { !editor.take().isEmpty }

    /// A key was pressed.
    mutating func pressed(_ key: Key) -> [Action] {
        switch key {
        case .text(let text), .paste(let text): insert(text)
        case .newline: insert("\n")
        case .enter: return submit()
        case .tab, .backTab:
            completion.complete(
                &editor, nicks: roster.otherNicks, waiting: roster.waitingNames, backwards: key == .backTab)
        case .up: older()
        case .down: newer()
        case .pageUp: scroll(by: -max(1, paneHeight - 1))
        case .pageDown: scroll(by: max(1, paneHeight - 1))
        case .endOfInput:
            if editor.isEmpty { return [.endOfInput] }
            editor.pressed(.delete)
        case .redraw: return [.redraw]
        case .showInvite: return [.showInvite]
        case .copyInvite: return [.copyInvite]
        case .showCode: return [.showCode]
        case .help: return [.showHelp]
        case .toggleMembers: showsMembers.toggle()
        case .wheelUp: scroll(by: -Self.wheelRows)
        case .wheelDown: scroll(by: Self.wheelRows)
        case .escape: scrollback.scrollToEnd()
        default: editor.pressed(key)
        }
        return []
    }

    private mutating func insert(_ text: String) {
        guard !editor.insert(text), let lastMoment else { return }
        alerts.refused()
        tell("that is too long for one message", .error, at: lastMoment)
    }

    private mutating func submit() -> [Action] {
        var text = editor.take()
        // A line is often pasted with its end.
        while text.last == "\n" { text.removeLast() }
        history.sent(text)
        scrollback.scrollToEnd()
        guard !text.allSatisfy(\.isWhitespace) else { return [] }
        switch InputParser(json: false).parse(text) {
        case .text, .action: lastSaid = text
        default: break
        }
        return [.submit(text)]
    }

    private mutating func older() {
        if editor.moveLine(down: false) { return }
        if let text = history.older(than: editor.text) { editor.replace(with: text) }
    }

    private mutating func newer() {
        if editor.moveLine(down: true) { return }
        if let text = history.newer() { editor.replace(with: text) }
    }

    private mutating func scroll(by count: Int) {
        scrollback.scroll(by: count, width: paneWidth, height: paneHeight, marks: marks)
    }

    // MARK: What is seen

    mutating func resized(to size: ScreenSize) {
        self.size = size
    }

    mutating func timePassed(to now: Int64) {
        self.now = now
    }

    /// When something changes on the screen by itself, in seconds since 1970; nil for never.
    var nextChange: Int64? {
        let next = status.nextChange(after: now)
        guard roster.awayCount > 0, memberColumns > 0 else { return next }
        let minute = now + DurationText.shortestShort
        return min(next ?? minute, minute)
    }

    private var memberColumns: Int {
        guard showsMembers, size.width >= Self.minimumWidthWithMembers, size.height >= 4 else { return 0 }
        return min(Self.maximumMemberColumns, size.width / 4)
    }

    /// Without the member list and the line before it.
    private var paneWidth: Int { memberColumns > 0 ? size.width - memberColumns - 1 : size.width }

    private var inputLayout: InputLayout {
        var prompt = StyledLine()
        if let nick = roster.ownNick, let own = roster.own, size.width >= Self.minimumWidthWithMembers {
            prompt.append(nick, TextStyle(.member(own.packed), bold: true))
        }
        prompt.append("> ", TextStyle(.system))
        return InputLayout(
            editor, prompt: prompt, width: size.width, maximumRows: min(Self.maximumInputRows, size.height / 3))
    }

    private var hasTopicLine: Bool { !status.topic.isEmpty && size.height >= Self.minimumHeightWithTopic }

    private var paneHeight: Int {
        max(0, size.height - inputLayout.rows.count - (size.height > 1 ? 1 : 0) - (hasTopicLine ? 1 : 0))
    }

    /// For the terminal's title bar, and the list of its windows: how much waits to be read, and no word of it.
    var title: String {
        let unread = scrollback.unreadCount
        return "termtalk \(StatusBar.short(status.room))" + (unread > 0 ? " (\(unread))" : "")
    }

    /// What is to be seen now.
    ///
    /// - Parameter windows: how the windows stand, where there are several.
    mutating func frame(windows: [WindowMark] = []) -> ScreenFrame {
        unseen = UnseenMessages()
        let input = inputLayout
        let height = paneHeight
        var rows = scrollback.visibleRows(width: paneWidth, height: height, marks: marks)
        rows.insert(contentsOf: repeatElement(StyledLine(), count: max(0, height - rows.count)), at: 0)
        if memberColumns > 0 { addMembers(to: &rows) }
        if hasTopicLine { rows.insert(status.topicLine(width: size.width), at: 0) }
        if size.height > 1 {
            rows.append(
                status.line(
                    width: size.width, now: now, memberCount: roster.members.count, awayCount: roster.awayCount,
                    unreadCount: scrollback.unreadCount, isAtEnd: scrollback.isAtEnd, windows: windows))
        }
        let first = rows.count
        rows += input.rows.map { $0.fitted(to: size.width) }
        return ScreenFrame(
            rows: rows, cursorRow: first + input.cursorRow, cursorColumn: min(input.cursorColumn, size.width - 1))
    }

    private func addMembers(to rows: inout [StyledLine]) {
        let columns = memberColumns
        let hidden = roster.members.count - rows.count
        for index in rows.indices {
            rows[index] = rows[index].fitted(to: paneWidth)
            rows[index].pad(to: paneWidth)
            rows[index].append("|", TextStyle(.system))
            guard index < roster.members.count else { continue }
            if hidden > 0, index == rows.count - 1 {
                rows[index].append(StyledLine(" and \(hidden + 1) more", TextStyle(.system)).fitted(to: columns))
                continue
            }
            let member = roster.members[index]
            var entry = StyledLine(member.isHost || member.isModerator ? "@" : " ", TextStyle(.system))
            entry.append(
                roster.name(of: member.id),
                TextStyle(
                    member.awaySince == nil ? .member(member.id.packed) : .system, bold: member.id == roster.own))
            if let since = member.awaySince {
                entry.append(" away \(DurationText.short(seconds: now - since))", TextStyle(.system))
            }
            if member.isVerified { entry.append(" +", TextStyle(.mark)) }
            rows[index].append(entry.fitted(to: columns))
        }
    }
}
