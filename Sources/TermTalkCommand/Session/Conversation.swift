internal import Chat
internal import EventLoop
import Glibc
internal import Room
internal import TermTalk
internal import TerminalUI

/// One stay in a room: the participant, what is remembered of it, and how far it has come.
final class Conversation {
    /// What the stay is for.
    enum Role {
        case talks
        /// Nobody takes part here: nothing is read, and signals end it.
        case serves
        case delivers(any Errand)
    }

    private enum Phase {
        case entering
        case inside
        /// The person has asked to leave; what was said is still delivered.
        case leaving
        /// The stay is over; its window may still be there.
        case over
    }

    unowned let session: ChatSession
    /// Of its window, where there are windows.
    let number: Int
    private var role: Role
    private var phase = Phase.entering
    private(set) var participant: (any Participant)?
    /// Ends the stay at once; nil where that was asked for already.
    var stop: (() -> Void)?
    var question = Question.none
    private var memory = RoomMemory()
    private var wayOut = WayOut()
    /// Why it will have ended.
    private var failure: ChatEvent.Notice?
    /// Whether the room was told of, so that its end is, too.
    private(set) var wasTold = false
    private var showsCode = false
    /// Whether the window goes with the stay.
    private(set) var closesWindow = false
    /// Whether the list of members is for the screen alone.
    private var listsQuietly = false

    init(_ session: ChatSession, as role: Role, number: Int) {
        self.session = session
        self.role = role
        self.number = number
        stop = { [weak self] in self?.ended(.quit, nil) }
    }

    private var console: Console { session.console }

    var isInside: Bool { if case .entering = phase { false } else { true } }

    var isOver: Bool { if case .over = phase { true } else { false } }

    var isLeaving: Bool { if case .leaving = phase { true } else { false } }

    /// Whether the person may say something, now or when there is a room.
    var takesLines: Bool { if case .talks = role { true } else { false } }

    /// Whether no more can be said for now.
    var isCongested: Bool { if case .inside = phase { participant?.isCongested ?? true } else { false } }

    var asksForSecret: Bool { if case .secret = question { true } else { false } }

    // MARK: Beginning

    func host(_ options: HostOptions, showsCode: Bool) {
        self.showsCode = showsCode
        let host = RoomHost(
            loop: session.loop, options: options, directories: UserDirectories(), logger: session.common.logger,
            wallClock: { WallTime.seconds }, tell: { [weak self] in self?.heard($0) })
        host.onEnded = { [weak self] reason, notice in self?.ended(reason, notice) }
        begin(host) { host.stop(.hostQuit) }
        host.start()
    }

    /// What a person may be asked when a join fails for want of it.
    struct Questions {
        /// Whether the host's key, when it is not known, is right.
        var hostKey: Bool
        /// How many passwords the person has typed; nil when there is one from a file, which is not asked for.
        var passwords: Int?

        static let passwordLimit = PasswordInput.attemptLimit
    }

    func join(_ options: RoomGuest.Options, _ questions: Questions) {
        let guest = RoomGuest(
            loop: session.loop, options: options, directories: UserDirectories(), logger: session.common.logger,
            wallClock: { WallTime.seconds }, tell: { [weak self] in self?.heard($0) })
        guest.onEnded = { [weak self, weak guest] reason, notice in
            guard let self else { return }
            let mayAsk = self.console.isInteractive && !self.session.isPanicking
            switch notice?.code {
            case .hostKeyUnknown? where mayAsk && questions.hostKey:
                guard let key = guest?.shownHostKey else { return self.ended(reason, notice) }
                self.askAboutHost(key, options, questions, ending: (reason, notice))
            case .passwordRequired? where mayAsk,
                .passwordWrong? where mayAsk && (1..<Questions.passwordLimit).contains(questions.passwords ?? 0):
                self.askForPassword(options, questions, isAgain: notice?.code == .passwordWrong)
            default:
                self.ended(reason, notice)
            }
        }
        begin(guest) { guest.stop() }
        guest.start()
    }

    private func begin(_ participant: any Participant, stop: @escaping () -> Void) {
        participant.onDecongested = { [weak self] in self?.session.updateInput() }
        participant.outputProgress = { [weak self] in
            guard let self else { return .init(told: 0, taken: 0) }
            return self.console.progress(of: self.number)
        }
        self.participant = participant
        self.stop = stop
        session.began(self)
    }

    // MARK: Events

    private func heard(_ event: ChatEvent) {
        if case .delivers(let delivery) = role { return heard(event, while: delivery) }
        if case .ready = event, case .serves = role, !session.common.json { console.note(Self.firstInvite, in: number) }
        if case .ready = event, takesLines, TerminalDevice.isInputNowhere {
            failure = Self.nobodyTalks
            return stop?() ?? ()
        }
        guard memory.heard(event, at: WallTime.moment(of: event)) else { return }
        if listsQuietly, case .members(let members) = event {
            console.screen?.list(members, own: members.first { $0.isHost }?.id, in: number)
            return
        }
        if !session.common.json, let invite = event.invite, invite.form != .text {
            return console.give(invite.text, as: invite.form, in: number)
        }
        show(event)
        switch event {
        case .ready, .joinedRoom:
            wasTold = true
            if takesLines, !isInside { entered(event) }
        default:
            break
        }
    }

    private func entered(_ event: ChatEvent) {
        phase = .inside
        session.entered(self, event)
        guard case .ready(let room) = event else { return }
        if console.screen != nil {
            listsQuietly = true
            participant?.listMembers()
            listsQuietly = false
        }
        if showsCode { console.give(room.invite, as: .code, in: number) }
    }

    private func heard(_ event: ChatEvent, while delivery: any Errand) {
        var delivery = delivery
        let isJSON = session.common.json
        if delivery.shows(event, isJSON: isJSON) { show(event) }
        if case .joinedRoom = event { wasTold = isJSON }
        let steps = delivery.heard(event)
        role = .delivers(delivery)
        follow(steps)
    }

    private func follow(_ steps: [ErrandStep]) {
        // The participant is in the middle of telling what they follow from.
        for step in steps {
            if case .fail(let notice) = step { failure = failure ?? notice }
            session.loop.atEndOfTurn { [weak self] in self?.perform(step) }
        }
    }

    private func perform(_ step: ErrandStep) {
        switch step {
        case .file(let command): participant?.perform(command)
        case .say(let text): participant?.say(text, kind: .text, to: nil)
        case .wait(let time, let number):
            _ = session.loop.schedule(after: time) { [weak self] in
                guard let self, !self.isOver, case .delivers(var errand) = self.role else { return }
                let steps = errand.waited(number)
                self.role = .delivers(errand)
                self.follow(steps)
            }
        case .leave: participant?.leave()
        case .fail: stop?()
        }
    }

    private static let firstInvite =
        "this invite is for the first who comes in, who founds the room's group; members show all others theirs: /invite"

    private static let nobodyTalks = ChatEvent.Notice(
        .usage, "no room was opened: standard input is /dev/null, at whose end the host leaves",
        hint: "--headless serves a room that others talk in; else leave the input open")

    /// What goes on is not seen by anybody: the stay ends. What `say` was to deliver is delivered all the same.
    func outputFailed(_ fault: OutputFault) {
        if fault != .readerGone { failure = failure ?? fault.notice }
        if case .delivers = role { return }
        guard let stop else { return }
        if fault == .readerGone { session.warn(fault.notice) }
        self.stop = nil
        stop()
    }

    func ended(_ reason: ChatEvent.CloseReason, _ notice: ChatEvent.Notice?) {
        var notice = notice ?? failure
        if notice == nil, case .delivers(let delivery) = role { notice = delivery.failure(reason) }
        endQuestion()
        guard !isOver else { return }
        phase = .over
        stop = nil
        session.ended(self, reason, notice)
    }

    func show(_ event: ChatEvent) {
        console.show(event, in: number)
    }

    // MARK: What is typed

    /// Takes a line of a person or a script that is in the room.
    func take(_ item: LineSplitter.Item) {
        switch item {
        case .line(let line) where isLeaving && console.screen == nil:
            if session.isPanic(line) { return session.panic() }
            if console.isInteractive { refuseOutside() }
        case .tooLong:
            refuse(.messageTooLarge, "the line was not sent: it is too long", hint: "send it in parts")
        case .line(let line):
            if let input = session.parser.parse(line) { perform(input) }
        }
    }

    func perform(_ input: ChatInput) {
        if !input.isWayOut {
            wayOut = WayOut()
            session.goesOn()
        }
        if input.needsRoom, phase != .inside { return refuseOutside() }
        switch input {
        case .text(let text): participant?.say(text, kind: .text, to: nil)
        case .action(let text): participant?.say(text, kind: .action, to: nil)
        case .private(let receiver, let text): participant?.say(text, kind: .text, to: receiver)
        case .nick(let nick): participant?.changeNick(to: nick)
        case .who: participant?.listMembers()
        case .help(nil): answer(RoomCommandTable.helpLines(isModerator: participant?.isModerator ?? false))
        case .help(let command?):
            guard let lines = RoomCommandTable.helpLines(about: command) else {
                return perform(.unknownCommand(command))
            }
            answer(lines)
        case .topic: answer([memory.topicLine])
        case .ignored: answer([memory.ignoredLine])
        case .ignore(let name): answer { memory throws(ChatEvent.Notice) in [try memory.ignore(name)] }
        case .unignore(let name): answer { memory throws(ChatEvent.Notice) in [try memory.unignore(name)] }
        case .lastlog(let word): answer(memory.lastlog(word))
        case .sent: answer(memory.sentLines)
        case .invite(let form): participant?.showInvite(as: form)
        case .panic: session.panic()
        case .verify(let command): participant?.verify(command)
        case .room(.end): if session.mayEnd(self) { participant?.perform(.end) }
        case .room(let command): participant?.perform(command)
        case .file(let command): participant?.perform(command)
        case .clear:
            _ = memory.heard(.clearScreen, at: WallTime.moment)
            show(.clearScreen)
        case .join(let words): session.openWindow(joining: words, from: self)
        case .host(let words): session.openWindow(hosting: words, from: self)
        case .window(let number): session.goToWindow(number, from: self)
        case .close: close()
        case .quit: if session.mayLeave(by: "/quit") { session.leave() }
        case .unknownCommand(let name):
            let meant = Suggestion.nearest(to: name, in: RoomCommandTable.names)
            refuse(
                .unknownCommand, "\(name) is no command",
                hint: (meant.map { "did you mean \($0)? " } ?? "") + "see /help; // sends a slash")
        case .usage(let form):
            refuse(.usage, "that is not how the command is written", hint: form)
        case .tooLarge(let count):
            refuse(
                .messageTooLarge,
                "the message was not sent: it has \(count) bytes, and \(ChatLimits.textByteCount) are allowed",
                hint: "send it in parts")
        case .malformed(let reason):
            refuse(.inputInvalid, "the input was not understood: \(reason)")
        }
    }

    func refuse(_ code: NoticeCode, _ message: String, hint: String? = nil) {
        show(.error(.init(code, message, hint: hint)))
    }

    private func refuseOutside() {
        switch phase {
        case .over: refuse(.inputInvalid, "nothing was sent: this room is closed", hint: "/close closes the window")
        case .leaving:
            refuse(.inputInvalid, "nothing was sent: you are leaving the room", hint: "^C twice leaves at once")
        case .entering, .inside:
            refuse(.inputInvalid, "nothing was sent: you are not in the room yet", hint: "/close gives it up")
        }
    }

    func answer(_ lines: [String]) {
        show(.help(lines))
    }

    /// Shows what the memory of this stay answers.
    private func answer(_ ask: (inout RoomMemory) throws(ChatEvent.Notice) -> [String]) {
        do throws(ChatEvent.Notice) {
            answer(try ask(&memory))
        } catch {
            show(.error(error))
        }
    }

    // MARK: The way out

    /// Leaves when all is delivered.
    func leave() {
        switch phase {
        case .leaving, .over: return
        case .entering where console.screen != nil: stop?()
        case .entering, .inside:
            phase = .leaving
            session.updateInput()
            console.screen?.note("leaving as soon as all is delivered; ^C twice leaves at once", in: number)
            participant?.leave()
        }
    }

    var isKept: Bool { participant?.isKept ?? false }

    /// How many others lose this room when the person leaves.
    var othersWhoseRoomEnds: Int { isLeaving || isOver ? 0 : participant?.othersWhoseRoomEnds ?? 0 }

    /// How many others lose it when the person ends it.
    var othersToEnd: Int { participant?.othersToEnd ?? 0 }

    private func close() {
        guard console.screen != nil else { return session.refuseWindows(self) }
        guard !isOver else { return session.forget(self) }
        switch wayOut.wanted(others: othersWhoseRoomEnds, now: session.loop.now) {
        case .leave:
            closesWindow = true
            leave()
        case .ask(let others):
            console.note(WayOut.question(others: others, rooms: 1, key: "/close"), in: number)
        }
    }
}

extension ChatInput {
    /// Whether it may be the answer to what is asked before others lose a room.
    fileprivate var isWayOut: Bool {
        switch self {
        case .quit, .close, .panic, .room(.end): true
        default: false
        }
    }

    /// Whether it is of no use where there is no room.
    fileprivate var needsRoom: Bool {
        switch self {
        case .text, .action, .private, .nick, .who, .invite, .verify, .room: true
        default: false
        }
    }
}
