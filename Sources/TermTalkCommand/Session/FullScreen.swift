internal import Chat
internal import EventLoop
import Glibc
internal import TermTalk
internal import TerminalUI

/// The full-screen interface of a stay in a room: moves keys and the clock to a ``ScreenModel``, and its frames to the
/// terminal. Driven by the loop; it waits for nothing.
final class FullScreen {
    /// What the person asks for.
    enum Request {
        case line(String)
        /// ^D in an empty line.
        case leave
        /// The terminal is gone.
        case endOfInput
        case invite(InviteForm)
        case help
    }

    /// Goes to a screen of its own, empty, and back.
    private static let apart = "\u{1B}[?1049h\u{1B}[H\u{1B}[J"
    private static let together = "\u{1B}[?1049l"

    private static let wayBack = "Enter goes back to the room."
    /// Rows that ``showCode(_:)`` needs beside the code.
    static let rowsOfWayBack = 2

    private static let inputChunk = 65_536
    /// After an escape character, how long the rest of a key's sequence may take; slow links send it in pieces.
    private static let escapeTimeout = Duration.milliseconds(50)

    private let loop: EventLoop
    private let painter: ScreenPainter
    /// Called with the number of the window that it is about.
    private let onRequest: (Request, Int) -> Void
    private var windows: ScreenWindows
    private var decoder = KeyDecoder()
    private var errors = LineSplitter(maximumByteCount: Sanitizer.maximumLineByteCount)
    private var handles: [any Cancellable] = []
    private var keys: ReadableHandle?
    private var escapeTimer: TimerHandle?
    private var clock: TimerHandle?
    private let pace: FramePace
    /// The invite that was made last beside the room's own.
    private var lastInvite: String?
    private var display = Display.windows
    private var isClosed = false
    private var counts: [Int: FrameCounts] = [:]
    /// Called when the terminal has taken a frame with something new.
    var onProgress: (() -> Void)?

    /// What the terminal shows.
    private enum Display {
        case windows
        /// Something else until Enter is pressed; perhaps on a screen of its own.
        case page(isApart: Bool)
        /// A question that somebody else asks, and reads the answer to.
        case question
    }

    /// Events that a window was told, of these those in the last frame, and those in a frame that the terminal has taken.
    private struct FrameCounts {
        var told: UInt64 = 0
        var painted: UInt64 = 0
        var taken: UInt64 = 0
    }

    /// How far the terminal is with what a window was told: not at all while another one is seen.
    func progress(of window: Int) -> OutputProgress {
        let counts = counts[window] ?? FrameCounts()
        return .init(told: counts.told, taken: counts.taken)
    }

    private var showsWindows: Bool { if case .windows = display { true } else { false } }

    /// Takes the terminal; nil when a screen cannot be drawn on it.
    init?(
        loop: EventLoop, colour: Bool, alerts: Alerts, marks: DeliveryMarks, takesWheel: Bool,
        window: Int, onRequest: @escaping (Request, Int) -> Void
    ) {
        // Before ncurses would: the size is the loop's affair.
        let resized = WeakReference<FullScreen>()
        let resizing = loop.onSignal(SIGWINCH) { resized.value?.resized() }
        let continuing = loop.onSignal(SIGCONT) { resized.value?.continued() }
        let stopping = loop.onSignal(SIGTSTP) { resized.value?.stopped() }
        guard
            let painter = ScreenPainter(
                colour: colour, takesErrors: isatty(STDERR_FILENO) == 1, takesWheel: takesWheel,
                hasTitle: TerminalDevice.hasTitle)
        else {
            resizing.cancel()
            continuing.cancel()
            stopping.cancel()
            return nil
        }
        self.loop = loop
        self.painter = painter
        self.onRequest = onRequest
        pace = FramePace(loop: loop)
        windows = ScreenWindows(
            size: painter.size, alerts: alerts, marks: marks, localTime: { WallTime.text($0) }, number: window)
        handles = [resizing, continuing, stopping]
        resized.value = self
        pace.onDue = { [weak self] in self?.paint() }
        decoder.typedAhead(painter.takeTypedAheadCount())
        watchKeys()
        if let descriptor = painter.errorDescriptor {
            handles.append(loop.watchReadable(descriptor) { [weak self] in self?.readErrors(descriptor) })
        }
        changed()
    }

    private func watchKeys() {
        keys = loop.watchReadable(STDIN_FILENO) { [weak self] in self?.readKeys() }
    }

    // MARK: The rooms

    /// The window that is seen.
    var shown: Int { windows.shown }

    /// A number for one more window; nil when there are as many as can be.
    var freeNumber: Int? { windows.freeNumber }

    /// A line a window.
    var list: [String] { windows.list }

    /// Makes a window, and shows it.
    func open(_ window: Int) {
        windows.open(window)
        _ = show(window: window)
    }

    func close(_ window: Int) {
        windows.close(window)
        counts[window] = nil
        changed()
    }

    /// Lets a window be seen; false when there is none of this number.
    func show(window: Int) -> Bool {
        defer { changed() }
        return windows.show(window)
    }

    func show(_ event: ChatEvent, in window: Int) {
        if case .room(.inviteMade(let invite)) = event { lastInvite = invite.text }
        windows.heard(event, in: window, at: WallTime.moment, said: event.saidAt.map { WallTime.moment($0) })
        counts[window, default: FrameCounts()].told += 1
        changed()
    }

    /// Tells the screen who is there, and who of them the person is, without a word about it.
    func list(_ members: [ChatEvent.MemberInfo], own: MemberID?, in window: Int) {
        windows.list(members, own: own, in: window)
        changed()
    }

    /// Gives the terminal back; with `wiping`, after nothing is left on the screen, and without waiting for it.
    func close(wiping: Bool = false) {
        guard !isClosed else { return }
        isClosed = true
        if let descriptor = painter.errorDescriptor { readErrors(descriptor) }
        for handle in handles { handle.cancel() }
        handles = []
        keys?.cancel()
        escapeTimer?.cancel()
        clock?.cancel()
        pace.stop()
        comeTogether()
        if wiping {
            painter.wipe()
            painter.close(patience: 0)
        } else {
            painter.close()
        }
    }

    /// Empties the line that is being typed; false when there is none.
    func clearLine() -> Bool {
        guard showsWindows, windows.clearLine() else { return false }
        changed()
        return true
    }

    /// Says something of the program's own, in the pane of a window, or of the one that is seen.
    func note(_ line: String, in window: Int? = nil) {
        windows.heardOnStandardError(line, in: window, at: WallTime.moment)
        changed()
    }

    /// Asks something whose answer is the next line of this window.
    func ask(_ question: String, in window: Int) {
        windows.ask(question, in: window, at: WallTime.moment)
        changed()
    }

    /// Gives the terminal away, for a question that the screen is not to see the answer to.
    func giveAway() {
        keys?.cancel()
        painter.suspend()
        painter.flush()
        display = .question
    }

    func takeBack() {
        guard case .question = display, !isClosed else { return }
        watchKeys()
        resume()
    }

    /// Writes to the terminal what changes nothing that is seen.
    func send(_ sequence: String) {
        painter.send(sequence)
        changed()
    }

    // MARK: Input

    private func readKeys() {
        var chunk = [UInt8](repeating: 0, count: Self.inputChunk)
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
        if count < 0 && (errno == EINTR || errno == EAGAIN) { return }
        // On another page the terminal is as a shell has it, and ^D is an end of input that is meant for the page.
        if count == 0, !showsWindows { return resume() }
        guard count > 0 else {
            // The terminal is gone.
            for handle in handles { handle.cancel() }
            handles = []
            keys?.cancel()
            return onRequest(.endOfInput, shown)
        }
        if !showsWindows { return resume() }
        escapeTimer?.cancel()
        pressed(decoder.received(chunk.span.extracting(0..<count)))
        if decoder.isWaiting {
            escapeTimer = loop.schedule(after: Self.escapeTimeout) { [weak self] in
                guard let self else { return }
                self.pressed(self.decoder.timedOut())
            }
        }
    }

    private func pressed(_ keys: [Key]) {
        for key in keys where !isClosed {
            for action in windows.pressed(key) { perform(action) }
        }
        changed()
    }

    private func perform(_ action: ScreenModel.Action) {
        switch action {
        case .submit(let text): onRequest(.line(text), shown)
        case .endOfInput: onRequest(.leave, shown)
        case .redraw: continued()
        case .showHelp: onRequest(.help, shown)
        case .showInvite: onRequest(.invite(.line), shown)
        case .copyInvite: onRequest(.invite(.copy), shown)
        case .showCode: onRequest(.invite(.code), shown)
        }
    }

    private func readErrors(_ descriptor: Int32) {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        errors.received(chunk.span.extracting(0..<count)) { item in
            if case .line(let line) = item { windows.heardOnStandardError(line, at: WallTime.moment) }
        }
        changed()
    }

    // MARK: Output

    /// Shows the invite alone, and the one that was made last.
    func showPlainly(_ invite: String) {
        var lines: [String] = []
        for text in [invite, lastInvite].compactMap({ $0 }) { lines += ["", Sanitizer.sanitize(text, as: .line)] }
        showInstead(lines + [""])
    }

    /// Shows a QR code in place of the room, until Enter is pressed; it does not stay behind.
    func showCode(_ rows: [String]) {
        showInstead([Self.apart + (rows.first ?? "")] + rows.dropFirst(), isApart: true)
    }

    private func showInstead(_ lines: [String], isApart: Bool = false) {
        painter.suspend()
        display = .page(isApart: isApart)
        painter.send((lines + [Self.wayBack, ""]).joined(separator: "\n"))
        changed()
    }

    private func comeTogether() {
        if case .page(isApart: true) = display { painter.send(Self.together) }
        display = .windows
    }

    private func resume() {
        comeTogether()
        continued()
    }

    private func resized() {
        guard !isClosed else { return }
        painter.resized()
        windows.resized(to: painter.size)
        changed()
    }

    /// All is painted anew. While the program was stopped nobody told it of another size.
    private func continued() {
        guard !isClosed, showsWindows else { return }
        resized()
        painter.invalidate()
        decoder.typedAhead(painter.takeTypedAheadCount())
        changed()
    }

    /// ^Z.
    private func stopped() {
        guard !isClosed else { return }
        if showsWindows { painter.suspend() }
        painter.stop()
        continued()
    }

    private func changed() {
        if !isClosed { pace.changed() }
    }

    private func flush() -> Bool {
        guard painter.flush() else { return false }
        let behind = counts.filter { $0.value.taken < $0.value.painted }
        for (window, count) in behind { counts[window]?.taken = count.painted }
        if !behind.isEmpty { onProgress?() }
        return true
    }

    private func paint() {
        guard !isClosed else { return }
        guard flush() else { return pace.blocked() }
        pace.painted()
        windows.timePassed(to: WallTime.seconds)
        if let text = windows.takeNotification() {
            painter.send(
                DesktopNotification.sequence(
                    for: text, as: TerminalDevice.notificationForm, isInTmux: TerminalDevice.isInTmux))
        }
        if showsWindows {
            painter.paint(windows.frame(), bell: windows.takeBell())
            painter.setTitle(windows.title)
            if let told = counts[shown]?.told { counts[shown]?.painted = told }
        }
        if !flush() { pace.blocked() }
        waitForClock()
    }

    /// Wakes up when the status bar changes by itself, and not before.
    private func waitForClock() {
        clock?.cancel()
        clock = nil
        guard let next = windows.nextChange else { return }
        let delay = max(0, next * 1_000 - WallTime.milliseconds) + 1
        clock = loop.schedule(after: .milliseconds(delay)) { [weak self] in self?.changed() }
    }
}

/// A reference that can be made before its object.
private final class WeakReference<T: AnyObject> {
    weak var value: T?
}
