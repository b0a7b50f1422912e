import ArgumentParser
internal import Configuration
internal import EventLoop
import Glibc
internal import Logging
internal import Room
internal import Sodium
internal import TermTalk
internal import TerminalUI

/// One stay in a room, from the command line to the exit status: the loop, the console, the signals, and the participant.
final class ChatSession {
    private static let inputChunk = 65_536
    /// Bytes of lines that are kept until there is a room to say them in; no more is read then.
    private static let earlyByteLimit = 65_536

    let loop: EventLoop
    /// The options, with what the settings say where no flag does.
    let common: CommonOptions
    let settings: Settings
    /// Whether nothing is dialed around tor: a flag speaks of tor, or the settings name a SOCKS port. That they name a
    /// control port or a mode is no such wish.
    let isThroughTor: Bool
    let output: ConsoleOutput
    private let parser: InputParser
    let isInteractive: Bool
    let hasColour: Bool
    var screen: FullScreen?
    /// Events that screens were told which are closed now.
    private var framesBefore: UInt64 = 0
    private var memory = RoomMemory()
    private var isListingQuietly = false
    private var opensWithCode = false
    var isPanicking = false
    private var splitter = LineSplitter()
    /// On a terminal whose characters are not UTF-8.
    private let charset: InputCharset?
    /// On a terminal with --plain.
    var plain: PlainInput?
    private var input: ReadableHandle?
    var isInputWanted = false
    /// Lines from before there was a room to say them in.
    private var early: [LineSplitter.Item] = []
    private var earlyByteCount = 0
    private var hasInputEnded = false
    private var isInRoom = false
    var question = Question.none
    private var isLeaving = false
    private var wayOut = WayOut()
    private var signals: [SignalHandle] = []
    var participant: (any Participant)?
    var stop: (() -> Void)?
    private var delivery: Delivery?
    /// Why the delivery failed.
    private var failure: ChatEvent.Notice?
    /// Whether nobody takes part here: nothing is read, and signals end it.
    private var isHeadless = false
    private var wasInRoom = false
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
            session.output.show(.error(error))
            session.status = ExitStatus(error.code)
        }
        session.closeScreen()
        session.plain?.close()
        session.output.finish()
        session.reportLostOutput()
        SecretMemory.wipe()
        throw ExitCode(session.status.rawValue)
    }

    /// What was told and is not written makes a stay that was fine a failure: whoever reads the output has to know.
    private func reportLostOutput() {
        guard status == .done, !isPanicking else { return }
        let notice: ChatEvent.Notice
        switch output.fault {
        case .readerGone?: return
        case let fault?: notice = fault.notice
        case nil where output.isComplete: return
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
        let isTerminal = isatty(STDOUT_FILENO) == 1
        isInteractive = isatty(STDIN_FILENO) == 1 && !common.json
        let refusesColour = unsafe getenv("NO_COLOR").map { unsafe $0.pointee != 0 } ?? false
        hasColour = isTerminal && !common.noColor && !refusesColour && TerminalDevice.type != "dumb"
        charset = isInteractive ? InputCharset(named: InputCharset.chosenName) : nil
        output = ConsoleOutput(
            loop: loop, isJSON: common.json,
            renderer: LineRenderer(
                echoOwn: isatty(STDIN_FILENO) != 1, colour: hasColour && !common.plain, localTime: { WallTime.text($0) }
            ),
            style: .init(
                overwritesProgress: isatty(STDERR_FILENO) == 1 && TerminalDevice.type != "dumb" && !common.plain,
                showsTimes: common.plain && isTerminal))
        parser = InputParser(json: common.json)
        output.onFault = { [weak self] in self?.outputFailed($0) }
        output.onProgress = { [weak self] in self?.participant?.outputProgressed() }
    }

    // MARK: Beginning

    func warn(_ notice: ChatEvent.Notice) {
        output.show(.warning(notice))
    }

    /// - Parameter showsCode: whether the invite is shown as a QR code as soon as there is one.
    func host(_ options: RoomHost.Options, showsCode: Bool = false) {
        isHeadless = options.isHeadless
        opensWithCode = showsCode && !common.json
        let host = RoomHost(
            loop: loop, options: options, directories: UserDirectories(), logger: common.logger,
            wallClock: { WallTime.seconds }, tell: { [weak self] in self?.heard($0) })
        host.onEnded = { [weak self] reason, notice in self?.ended(reason, notice) }
        host.onDecongested = { [weak self] in self?.updateInput() }
        host.outputProgress = { [weak self] in self?.outputProgress ?? .init(told: 0, taken: 0) }
        participant = host
        readEarly()
        stop = { host.stop(.hostQuit) }
        host.start()
    }

    /// What a person may be asked when a join fails for want of it.
    struct Questions {
        /// Whether the host's key, when it is not known, is right.
        var hostKey: Bool
        /// How many passwords the person has typed; nil when there is one from a file, which is not asked for.
        var passwords: Int?

        /// As ssh does.
        static let passwordLimit = 3
    }

    func join(_ options: RoomGuest.Options, _ questions: Questions) {
        let guest = RoomGuest(
            loop: loop, options: options, directories: UserDirectories(), logger: common.logger,
            wallClock: { WallTime.seconds }, tell: { [weak self] in self?.heard($0) })
        guest.onEnded = { [weak self, weak guest] reason, notice in
            guard let self else { return }
            // What is asked now is asked in lines.
            self.closeScreen()
            let mayAsk = self.isInteractive && !self.isPanicking
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
        guest.onDecongested = { [weak self] in self?.updateInput() }
        guest.outputProgress = { [weak self] in self?.outputProgress ?? .init(told: 0, taken: 0) }
        participant = guest
        readEarly()
        stop = { guest.stop() }
        guest.start()
    }

    /// Delivers `text` and leaves.
    func say(_ text: String, waitsForMembers: Bool, in options: RoomGuest.Options, _ questions: Questions) {
        delivery = Delivery(text: text, waitsForMembers: waitsForMembers)
        var options = options
        options.foundsGroup = false
        join(options, questions)
    }

    // MARK: Events

    private func heard(_ event: ChatEvent) {
        guard delivery == nil else { return heardWhileDelivering(event) }
        if case .ready = event, !isHeadless, TerminalDevice.isInputNowhere {
            failure = Self.nobodyTalks
            return stop?() ?? ()
        }
        guard memory.heard(event, at: WallTime.moment) else { return }
        if isListingQuietly, case .members(let members) = event {
            screen?.list(members, own: members.first { $0.isHost }?.id)
            return
        }
        if !common.json, let invite = event.invite, invite.form != .text {
            return give(invite.text, as: invite.form)
        }
        show(event)
        switch event {
        case .ready, .joinedRoom:
            wasInRoom = true
            guard !isHeadless, !isInRoom else { return }
            isInRoom = true
            isInputWanted = !hasInputEnded
            if screen == nil { openScreen(with: event) }
            updateInput()
            if opensWithCode, case .ready(let room) = event { give(room.invite, as: .code) }
        default:
            break
        }
    }

    private static let nobodyTalks = ChatEvent.Notice(
        .usage, "no room was opened: standard input is /dev/null, at whose end the host leaves",
        hint: "--headless serves a room that others talk in; else leave the input open")

    /// How far the output is, which was lines at first, then a screen, and is lines again at the end.
    private var outputProgress: OutputProgress {
        let (lines, frames) = (output.progress, screen?.progress ?? .init(told: 0, taken: 0))
        return OutputProgress(
            told: lines.told + framesBefore + frames.told, taken: lines.taken + framesBefore + frames.taken)
    }

    /// What goes on is not seen by anybody: the stay ends. What `say` was to deliver is delivered all the same.
    private func outputFailed(_ fault: OutputFault) {
        if fault != .readerGone { failure = failure ?? fault.notice }
        guard delivery == nil, let stop else { return }
        if fault == .readerGone { output.show(.warning(fault.notice)) }
        self.stop = nil
        stop()
    }

    /// Shows an event on the screen, or as lines.
    func show(_ event: ChatEvent) {
        if let screen { screen.show(event) } else { output.show(event) }
    }

    // MARK: The screen

    /// Goes from lines to the full screen, where there is a terminal for it and the person has not chosen lines. How the
    /// room can be joined stays readable behind it.
    private func openScreen(with event: ChatEvent) {
        guard isInteractive, isatty(STDOUT_FILENO) == 1, !common.plain, TerminalDevice.type != "dumb" else { return }
        output.finish()
        screen = FullScreen(
            loop: loop, colour: hasColour, bell: common.bell ?? .mention,
            marks: TerminalDevice.type == "linux" ? .ascii : .unicode, takesWheel: common.mouse
        ) { [weak self] in self?.requested($0) }
        guard let screen else {
            return output.write(["-!- this terminal cannot show a full screen (its type is not known): line mode"])
        }
        screen.onProgress = { [weak self] in self?.participant?.outputProgressed() }
        screen.show(event)
        if case .ready = event {
            isListingQuietly = true
            participant?.listMembers()
            isListingQuietly = false
        }
    }

    private func closeScreen() {
        screen?.close()
        framesBefore += screen?.progress.told ?? 0
        screen = nil
    }

    private func requested(_ request: FullScreen.Request) {
        switch request {
        case .line(let line):
            guard isLeaving || participant?.isCongested == false else {
                return show(
                    .error(
                        .init(
                            .rateLimited, "the message was not sent: too many wait to be delivered",
                            hint: "the up arrow brings it back")))
            }
            take(.line(line))
        case .leave: if mayLeave(by: "^D") { leave() }
        case .endOfInput: leave()
        case .invite(let form): perform(.invite(form))
        case .help: perform(.help(nil))
        }
    }

    private func heardWhileDelivering(_ event: ChatEvent) {
        if delivery?.shows(event, isJSON: common.json) == true {
            output.show(event)
        }
        if case .joinedRoom = event { wasInRoom = common.json }
        // The participant is in the middle of telling it.
        for step in delivery?.heard(event) ?? [] {
            if case .fail(let notice) = step { failure = failure ?? notice }
            loop.atEndOfTurn { [weak self] in self?.perform(step) }
        }
    }

    private func perform(_ step: Delivery.Step) {
        switch step {
        case .say(let text):
            participant?.say(text, kind: .text, to: nil)
        case .leave:
            participant?.leave()
        case .fail:
            stop?()
        }
    }

    func ended(_ reason: ChatEvent.CloseReason, _ notice: ChatEvent.Notice?) {
        let notice = notice ?? failure ?? delivery?.failure(reason)
        endQuestion()
        closeScreen()
        plain?.close()
        if let notice {
            output.show(.error(notice))
        }
        // After a panic a terminal shows nothing.
        if wasInRoom, common.json || !isPanicking {
            output.show(.closed(reason))
        }
        status = wasInterrupted ? .interrupted : ExitStatusCode.of(reason, notice)
        loop.stop()
    }

    // MARK: Input

    func updateInput() {
        takeEarly()
        // The screen reads its keys itself.
        let mayTake = !isInRoom || isLeaving || (early.isEmpty && participant?.isCongested == false)
        let isWanted =
            switch question {
            case .none: isInputWanted && screen == nil && mayTake
            case .line: true
            case .secret: false
            }
        if !isWanted {
            input?.cancel()
            input = nil
        } else if input == nil {
            input = loop.watchReadable(STDIN_FILENO) { [weak self] in self?.readInput() }
        }
    }

    private func readInput() {
        var chunk = [UInt8](repeating: 0, count: Self.inputChunk)
        var count = unsafe chunk.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
        if count < 0 && (errno == EINTR || errno == EAGAIN) { return }
        if count > 0, let charset {
            chunk = charset.utf8(Array(chunk[..<count]))
            count = chunk.count
            guard count > 0 else { return }
        }
        if count > 0, let plain {
            for step in plain.received(chunk.span.extracting(0..<count)) {
                switch step {
                case .line(let line): take(.line(line))
                case .endOfInput: if !isInRoom || mayLeave(by: "^D") { inputEnded() }
                }
            }
            return updateInput()
        }
        guard count > 0 else {
            // A terminal goes on after ^D.
            if isInteractive, isInRoom, count == 0, !mayLeave(by: "^D") { return }
            return inputEnded()
        }
        splitter.received(chunk.span.extracting(0..<count)) { take($0) }
        updateInput()
    }

    private func inputEnded() {
        if let last = splitter.finished() { take(last) }
        if case .line(let answered) = question { return answered(nil) }
        hasInputEnded = true
        isInputWanted = false
        updateInput()
    }

    /// Also while there is no room yet somebody may have to get out in a hurry.
    private func readEarly() {
        if plain == nil, common.plain, isInteractive, isatty(STDERR_FILENO) == 1, !isHeadless, delivery == nil {
            plain = PlainInput(loop: loop, output: output)
        }
        guard !isHeadless, delivery == nil, !isInRoom else { return }
        isInputWanted = !hasInputEnded && earlyByteCount < Self.earlyByteLimit
        updateInput()
    }

    private func takeEarly() {
        guard isInRoom, !early.isEmpty || hasInputEnded else { return }
        while !early.isEmpty, isLeaving || participant?.isCongested == false { take(early.removeFirst()) }
        if early.isEmpty, hasInputEnded { leave() }
    }

    private func take(_ item: LineSplitter.Item) {
        if case .line(let answered) = question, case .line(let line) = item {
            return isPanic(line) ? panic() : answered(line)
        }
        guard isInRoom else {
            if case .line(let line) = item {
                if isPanic(line) { return panic() }
                earlyByteCount += line.utf8.count + 1
            }
            early.append(item)
            return readEarly()
        }
        switch item {
        case .line(let line) where isLeaving:
            if isPanic(line) { return panic() }
            guard isInteractive else { return }
            show(
                .error(
                    .init(
                        .inputInvalid, "nothing was sent: you are leaving the room", hint: "^C twice leaves at once")))
        case .tooLong:
            show(
                .error(.init(.messageTooLarge, "the line was not sent: it is too long", hint: "send it in parts")))
        case .line(let line):
            if let input = parser.parse(line) { perform(input) }
        }
    }

    private func isPanic(_ line: String) -> Bool {
        if case .panic? = parser.parse(line) { true } else { false }
    }

    private func perform(_ input: ChatInput) {
        switch input {
        case .text(let text): participant?.say(text, kind: .text, to: nil)
        case .action(let text): participant?.say(text, kind: .action, to: nil)
        case .private(let receiver, let text): participant?.say(text, kind: .text, to: receiver)
        case .nick(let nick): participant?.changeNick(to: nick)
        case .who: participant?.listMembers()
        case .help(nil): show(.help(RoomCommandTable.helpLines(isModerator: participant is RoomHost)))
        case .help(let command?):
            guard let lines = RoomCommandTable.helpLines(about: command) else {
                return perform(.unknownCommand(command))
            }
            show(.help(lines))
        case .topic: show(.help([memory.topicLine]))
        case .ignored: show(.help([memory.ignoredLine]))
        case .ignore(let name): answer { memory throws(ChatEvent.Notice) in [try memory.ignore(name)] }
        case .unignore(let name): answer { memory throws(ChatEvent.Notice) in [try memory.unignore(name)] }
        case .lastlog(let word): show(.help(memory.lastlog(word)))
        case .sent: show(.help(memory.sentLines))
        case .invite(let form): participant?.showInvite(as: form)
        case .panic: panic()
        case .verify(let command): participant?.verify(command)
        case .room(let command): participant?.perform(command)
        case .clear:
            _ = memory.heard(.clearScreen, at: WallTime.moment)
            show(.clearScreen)
        case .quit: leave()
        case .notInThisBuild(let name):
            show(.error(.init(.notInThisBuild, "\(name) is not in this build yet; nothing was changed")))
        case .unknownCommand(let name):
            let meant = Suggestion.nearest(to: name, in: RoomCommandTable.names)
            show(
                .error(
                    .init(
                        .unknownCommand, "\(name) is no command",
                        hint: (meant.map { "did you mean \($0)? " } ?? "") + "see /help; // sends a slash")))
        case .usage(let form):
            show(.error(.init(.usage, "that is not how the command is written", hint: form)))
        case .tooLarge(let count):
            show(
                .error(
                    .init(
                        .messageTooLarge,
                        "the message was not sent: it has \(count) bytes, and \(RoomLimits.textByteCount) are allowed",
                        hint: "send it in parts")))
        case .malformed(let reason):
            show(.error(.init(.inputInvalid, "the input was not understood: \(reason)")))
        }
    }

    /// Shows what the memory of this stay answers.
    private func answer(_ ask: (inout RoomMemory) throws(ChatEvent.Notice) -> [String]) {
        do throws(ChatEvent.Notice) {
            show(.help(try ask(&memory)))
        } catch {
            show(.error(error))
        }
    }

    /// Leaves when all is delivered.
    private func leave() {
        guard !isLeaving else { return }
        isLeaving = true
        updateInput()
        participant?.leave()
        screen?.note("leaving as soon as all is delivered; ^C twice leaves at once")
    }

    /// Whether the person may leave at once; where others lose the room by it, it is asked to say so again.
    private func mayLeave(by key: String) -> Bool {
        guard isInteractive, !isLeaving, let participant else { return true }
        switch wayOut.wanted(others: participant.othersWhoseRoomEnds, now: loop.now) {
        case .leave: return true
        case .ask(let others):
            let question = WayOut.question(others: others, key: key)
            if let screen { screen.note(question) } else { output.write(["-!- \(question)"]) }
            return false
        }
    }

    // MARK: Signals

    private func watchSignals() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signals.append(loop.onSignal(number) { [weak self] in self?.received(signal: number) })
        }
    }

    private func received(signal number: Int32) {
        // As where the terminal keeps the line.
        if number == SIGINT, plain?.clear() == true { return }
        if stop == nil {
            // The second time, or before anything began: at once.
            status = .interrupted
            loop.stop()
            return
        }
        if number == SIGINT, isInteractive, isInRoom {
            if !isLeaving, screen?.clearLine() == true { return }
            guard mayLeave(by: "^C") else { return }
        }
        wasInterrupted = number == SIGINT
        stop?()
        stop = nil
    }
}
