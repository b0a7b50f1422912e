import ArgumentParser
internal import Configuration
internal import EventLoop
import Glibc
internal import Logging
internal import Room
internal import Sodium
internal import TermTalk
internal import TerminalUI

/// The process from the command line to the exit status: the loop, the console, standard input, the signals, and the stay
/// in a room.
final class ChatSession {
    let loop: EventLoop
    /// The options, with what the settings say where no flag does.
    let common: CommonOptions
    let settings: Settings
    /// Whether nothing is dialed around tor: a flag speaks of tor, or the settings name a SOCKS port. That they name a
    /// control port or a mode is no such wish.
    let isThroughTor: Bool
    let console: Console
    let parser: InputParser
    private(set) lazy var input = ConsoleInput(
        loop: loop, charset: console.isInteractive ? InputCharset(named: InputCharset.chosenName) : nil, receiver: self)
    private var hasInputEnded = false
    private var early = EarlyLines()
    private(set) var conversation: Conversation?
    private var signals: [SignalHandle] = []
    var isPanicking = false
    private var wasInterrupted = false
    private var status = ExitStatus.done

    /// Runs a session that `start` begins, to its end, and exits with its status.
    static func run(
        common: CommonOptions, start: (ChatSession) throws(ChatEvent.Notice) -> Void
    ) throws {
        let settings: Settings
        let resolved: CommonOptions
        do throws(ChatEvent.Notice) {
            settings = try common.configuration.settings()
            resolved = try common.resolved(by: settings)
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
        let session = ChatSession(
            loop: loop, common: resolved, settings: settings,
            isThroughTor: common.namesTor || settings[.torSocks] != nil)
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

    private init(loop: EventLoop, common: CommonOptions, settings: Settings, isThroughTor: Bool) {
        self.loop = loop
        self.common = common
        self.settings = settings
        self.isThroughTor = isThroughTor
        console = Console(loop: loop, common: common)
        parser = InputParser(json: common.json)
        console.output.onFault = { [weak self] in self?.conversation?.outputFailed($0) }
        console.onProgress = { [weak self] in self?.conversation?.participant?.outputProgressed() }
    }

    // MARK: The stay

    func warn(_ notice: ChatEvent.Notice) {
        console.output.show(.warning(notice))
    }

    /// - Parameter showsCode: whether the invite is shown as a QR code as soon as there is one.
    func host(_ options: RoomHost.Options, showsCode: Bool = false) {
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

    private func begin(as role: Conversation.Role) -> Conversation {
        let conversation = Conversation(self, as: role)
        self.conversation = conversation
        return conversation
    }

    /// The stay has a participant. Also while there is no room yet somebody may have to get out in a hurry.
    func began(_ conversation: Conversation) {
        guard conversation.takesLines else { return }
        if common.plain, console.isInteractive, isatty(STDERR_FILENO) == 1 {
            input.takeTerminal(output: console.output)
        }
        updateInput()
    }

    /// There is a room.
    func entered(_ conversation: Conversation, _ event: ChatEvent) {
        console.openScreen { [weak self] in self?.requested($0) }
        console.screen?.show(event)
        updateInput()
    }

    func ended(_ conversation: Conversation, _ reason: ChatEvent.CloseReason, _ notice: ChatEvent.Notice?) {
        console.closeScreen()
        input.close()
        if let notice { console.show(.error(notice)) }
        // After a panic a terminal shows nothing.
        if conversation.wasTold, common.json || !isPanicking { console.show(.closed(reason)) }
        status = wasInterrupted ? .interrupted : ExitStatusCode.of(reason, notice)
        loop.stop()
    }

    private func requested(_ request: FullScreen.Request) {
        guard let conversation else { return }
        switch request {
        case .line(let line):
            guard conversation.isLeaving || !conversation.isCongested else {
                return console.show(
                    .error(
                        .init(
                            .rateLimited, "the message was not sent: too many wait to be delivered",
                            hint: "the up arrow brings it back")))
            }
            took(.line(line))
        case .leave: if conversation.mayLeave(by: "^D") { conversation.leave() }
        case .endOfInput: conversation.leave()
        case .invite(let form): conversation.perform(.invite(form))
        case .help: conversation.perform(.help(nil))
        }
    }

    // MARK: Input

    func updateInput() {
        takeEarly()
        guard let conversation else { return }
        input.isWanted =
            switch conversation.question {
            case .line: true
            case .secret: false
            case .none: conversation.takesLines && mayTake(conversation)
            }
    }

    private func mayTake(_ conversation: Conversation) -> Bool {
        // The screen reads its keys itself.
        guard !hasInputEnded, !isPanicking, console.screen == nil else { return false }
        guard conversation.isInside else { return !early.isFull }
        return conversation.isLeaving || (early.isEmpty && !conversation.isCongested)
    }

    private func takeEarly() {
        guard let conversation, conversation.isInside, !early.isEmpty || hasInputEnded else { return }
        while conversation.isLeaving || !conversation.isCongested, let item = early.takeFirst() { took(item) }
        if early.isEmpty, hasInputEnded { conversation.leave() }
    }

    // MARK: Signals

    private func watchSignals() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signals.append(loop.onSignal(number) { [weak self] in self?.received(signal: number) })
        }
    }

    private func received(signal number: Int32) {
        // As where the terminal keeps the line.
        if number == SIGINT, input.clearLine() { return }
        guard let conversation, let stop = conversation.stop else {
            // The second time, or before anything began: at once.
            status = .interrupted
            loop.stop()
            return
        }
        if number == SIGINT, console.isInteractive, conversation.isInside {
            if !conversation.isLeaving, console.screen?.clearLine() == true { return }
            guard conversation.mayLeave(by: "^C") else { return }
        }
        wasInterrupted = number == SIGINT
        stop()
        conversation.stop = nil
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
        return conversation.mayLeave(by: "^D")
    }

    func inputEnded() {
        if case .line(let answered)? = conversation?.question { return answered(nil) }
        hasInputEnded = true
        updateInput()
    }
}
