import ArgumentParser
internal import Chat
internal import Configuration
internal import EventLoop
import Glibc
internal import Logging
internal import Sodium
internal import TermTalk
internal import TerminalUI

/// The process from the command line to the exit status: the loop, the console, standard input, the signals, and the stay
/// in a room.
final class ChatSession {
    let loop: EventLoop
    let context: OpeningContext
    let console: Console
    let parser: InputParser
    private(set) lazy var input = ConsoleInput(
        loop: loop, charset: console.isInteractive ? InputCharset(named: InputCharset.chosenName) : nil, receiver: self)
    private var hasInputEnded = false
    private var early = EarlyLines()
    /// One, or one a window.
    private(set) var conversations: [Conversation] = []
    private var wayOut = WayOut()
    private var signals: [SignalHandle] = []
    var isPanicking = false
    private var wasInterrupted = false
    private var status = ExitStatus.done

    /// Runs a session that `start` begins, to its end, and exits with its status.
    static func run(
        common: CommonOptions, start: (ChatSession) throws(ChatEvent.Notice) -> Void
    ) throws {
        let context: OpeningContext
        do throws(ChatEvent.Notice) {
            context = try OpeningContext(
                common: common, settings: try common.configuration.settings(),
                asks: isatty(STDIN_FILENO) == 1 && !common.json)
        } catch {
            StandardError.report(error, json: common.json)
            throw ExitCode(ExitStatus(error.code).rawValue)
        }
        let loop: EventLoop
        do {
            loop = try EventLoop()
        } catch {
            StandardError.report(.init(.internalError, "the event loop cannot be made"))
            throw ExitCode(ExitStatus.internalError.rawValue)
        }
        TerminalDevice.settleType()
        let session = ChatSession(loop: loop, context: context)
        do throws(ChatEvent.Notice) {
            try start(session)
            session.watchSignals()
            loop.run()
        } catch {
            session.console.output.show(.error(error))
            session.status = ExitStatus(error.code)
        }
        session.console.closeScreen()
        session.input.close()
        session.console.output.finish()
        session.reportLostOutput()
        SecretMemory.wipe()
        throw ExitCode(session.status.rawValue)
    }

    /// What was told and is not written makes a stay that was fine a failure: whoever reads the output has to know.
    private func reportLostOutput() {
        guard status == .done, !isPanicking else { return }
        let notice: ChatEvent.Notice
        switch console.output.fault {
        case .readerGone?: return
        case let fault?: notice = fault.notice
        case nil where console.output.isComplete: return
        case nil:
            notice = .init(.outputOverrun, "the end of the output was not written: what reads it is too slow")
        }
        StandardError.report(notice)
        status = ExitStatus(notice.code)
    }

    private init(loop: EventLoop, context: OpeningContext) {
        self.loop = loop
        self.context = context
        console = Console(loop: loop, common: context.common, isInteractive: context.asks)
        parser = InputParser(json: context.common.json)
        console.output.onFault = { [weak self] fault in self?.conversations.forEach { $0.outputFailed(fault) } }
        console.onProgress = { [weak self] in self?.conversations.forEach { $0.participant?.outputProgressed() } }
    }

    var common: CommonOptions { context.common }

    // MARK: The stays

    /// The one whose window is seen, or the only one.
    private var conversation: Conversation? {
        guard let shown = console.screen?.shown else { return conversations.first }
        return conversations.first { $0.number == shown }
    }

    func warn(_ notice: ChatEvent.Notice) {
        console.output.show(.warning(notice))
    }

    /// - Parameter showsCode: whether the invite is shown as a QR code as soon as there is one.
    func host(_ options: HostOptions, showsCode: Bool = false) {
        begin(as: options.isHeadless ? .serves : .talks).host(options, showsCode: showsCode && !common.json)
    }

    func join(_ options: RoomGuest.Options, _ questions: Conversation.Questions) {
        begin(as: .talks).join(options, questions)
    }

    /// Delivers `text` and leaves.
    func say(
        _ text: String, waitsForMembers: Bool, in options: RoomGuest.Options, _ questions: Conversation.Questions
    ) {
        var options = options
        options.foundsGroup = false
        let delivery = Delivery(text: text, waitsForMembers: waitsForMembers)
        begin(as: .delivers(delivery)).join(options, questions)
    }

    /// Offers files, and leaves when who accepts them has them.
    func send(_ errand: FileErrand, in options: RoomGuest.Options, _ questions: Conversation.Questions) {
        var options = options
        options.foundsGroup = false
        begin(as: .delivers(errand)).join(options, questions)
    }

    func begin(as role: Conversation.Role, number: Int = 1) -> Conversation {
        let conversation = Conversation(self, as: role, number: number)
        conversations.append(conversation)
        return conversation
    }

    /// The rooms that are hosted on this machine.
    func knownRooms() -> [RoomRegistry.Entry] {
        let (rooms, warning) = RoomRegistry(directories: UserDirectories()).rooms(now: WallTime.seconds)
        if let warning { warn(warning) }
        return rooms
    }

    /// The stay has a participant, which is started next: signals are watched before it can tell that it is ready. Also while
    /// there is no room yet somebody may have to get out in a hurry.
    func began(_ conversation: Conversation) {
        watchSignals()
        guard conversation.takesLines else { return }
        if common.plain, console.isInteractive, isatty(STDERR_FILENO) == 1 {
            input.takeTerminal(output: console.output)
        }
        updateInput()
    }

    /// There is a room.
    func entered(_ conversation: Conversation, _ event: ChatEvent) {
        if console.screen == nil {
            console.openScreen(window: conversation.number) { [weak self] in self?.requested($0, in: $1) }
            console.screen?.show(event, in: conversation.number)
        }
        updateInput()
    }

    func ended(_ conversation: Conversation, _ reason: ChatEvent.CloseReason, _ notice: ChatEvent.Notice?) {
        let isLast = conversations.allSatisfy(\.isOver)
        if isLast {
            console.closeScreen()
            input.close()
        }
        if let notice, isLast || !isPanicking { conversation.show(.error(notice)) }
        // After a panic a terminal shows nothing.
        if conversation.wasTold || !isLast, common.json || !isPanicking {
            let isPause = reason == .hostQuit && notice == nil && conversation.isKept
            conversation.show(isPause && isLast && !common.json ? .help([Self.pauseText]) : .closed(reason))
        }
        guard isLast else {
            if conversation.closesWindow { forget(conversation) }
            return
        }
        status = wasInterrupted ? .interrupted : ExitStatusCode.of(reason, notice)
        loop.stop()
    }

    private static let pauseText =
        "the room is paused: the same command goes on with it, and its members come back by themselves"

    /// Takes what belongs to the stay, and its window, away.
    func forget(_ conversation: Conversation) {
        conversations.removeAll { $0 === conversation }
        console.screen?.close(conversation.number)
    }

    private func requested(_ request: FullScreen.Request, in window: Int) {
        guard let conversation = conversations.first(where: { $0.number == window }) else { return }
        switch request {
        case .line(let line):
            guard !conversation.isCongested else {
                return conversation.refuse(
                    .rateLimited, "the message was not sent: too many wait to be delivered",
                    hint: "the up arrow brings it back")
            }
            take(line, in: conversation)
        case .leave: if mayLeave(by: "^D") { leave() }
        case .endOfInput: leave()
        case .invite(let form): conversation.perform(.invite(form))
        case .help: conversation.perform(.help(nil))
        }
    }

    /// A command is one also where an answer is waited for.
    private func take(_ line: String, in conversation: Conversation) {
        guard case .line(let answered) = conversation.question, !line.hasPrefix("/") else {
            return conversation.take(.line(line))
        }
        answered(line)
    }

    // MARK: The way out

    /// Leaves all rooms when all is delivered.
    func leave() {
        for conversation in conversations { conversation.leave() }
    }

    /// Whether the person may leave at once; where others lose a room by it, it is asked to say so again.
    func mayLeave(by key: String) -> Bool {
        guard console.isInteractive, let conversation else { return true }
        let losing = conversations.map(\.othersWhoseRoomEnds)
        switch wayOut.wanted(others: losing.reduce(0, +), now: loop.now) {
        case .leave: return true
        case .ask(let others):
            console.note(
                WayOut.question(others: others, rooms: losing.count { $0 > 0 }, key: key), in: conversation.number)
            return false
        }
    }

    /// The person goes on: what was asked about leaving is asked anew.
    func goesOn() {
        wayOut = WayOut()
    }

    /// The same of the end of one room, which may be one that would only pause.
    func mayEnd(_ conversation: Conversation) -> Bool {
        guard console.isInteractive else { return true }
        switch wayOut.wanted(others: conversation.othersToEnd, now: loop.now) {
        case .leave: return true
        case .ask(let others):
            console.note(WayOut.question(others: others, rooms: 1, key: "/end"), in: conversation.number)
            return false
        }
    }

    // MARK: Input

    func updateInput() {
        takeEarly()
        guard console.screen == nil else {
            // It reads its keys itself.
            return input.isWanted = false
        }
        guard let conversation else { return }
        input.isWanted =
            switch conversation.question {
            case .line: true
            case .secret: false
            case .none: conversation.takesLines && mayTake(conversation)
            }
    }

    private func mayTake(_ conversation: Conversation) -> Bool {
        guard !hasInputEnded, !isPanicking else { return false }
        guard conversation.isInside else { return !early.isFull }
        return early.isEmpty && !conversation.isCongested
    }

    private func takeEarly() {
        guard let conversation, conversation.isInside, !early.isEmpty || hasInputEnded else { return }
        while !conversation.isCongested, let item = early.takeFirst() { took(item) }
        if early.isEmpty, hasInputEnded { conversation.leave() }
    }

    // MARK: Signals

    private func watchSignals() {
        guard signals.isEmpty else { return }
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signals.append(loop.onSignal(number) { [weak self] in self?.received(signal: number) })
        }
    }

    private func received(signal number: Int32) {
        // As where the terminal keeps the line.
        if number == SIGINT, input.clearLine() { return }
        let stopping = conversations.filter { $0.stop != nil }
        guard !stopping.isEmpty, let conversation else {
            // The second time, or before anything began: at once.
            status = .interrupted
            loop.stop()
            return
        }
        if number == SIGINT, console.screen != nil, let asking = conversations.first(where: \.asksForSecret) {
            return asking.ended(.quit, nil)
        }
        if number == SIGINT, console.isInteractive, conversation.isInside || console.screen != nil {
            if !conversation.isLeaving, console.screen?.clearLine() == true { return }
            guard mayLeave(by: "^C") else { return }
        }
        wasInterrupted = number == SIGINT
        for conversation in stopping {
            conversation.stop?()
            conversation.stop = nil
        }
    }
}

extension ChatSession: ConsoleInputReceiver {
    func took(_ item: LineSplitter.Item) {
        guard let conversation else { return }
        if case .line(let answered) = conversation.question, case .line(let line) = item {
            return isPanic(line) ? panic() : answered(line)
        }
        guard !conversation.isInside else { return conversation.take(item) }
        if case .line(let line) = item, isPanic(line) { return panic() }
        early.append(item)
    }

    func tookAll() {
        updateInput()
    }

    func mayInputEnd() -> Bool {
        guard let conversation, conversation.isInside else { return true }
        return mayLeave(by: "^D")
    }

    func inputEnded() {
        if case .line(let answered)? = conversation?.question { return answered(nil) }
        hasInputEnded = true
        updateInput()
    }
}
