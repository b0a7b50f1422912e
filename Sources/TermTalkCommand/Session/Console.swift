internal import Chat
internal import EventLoop
import Glibc
internal import TermTalk
internal import TerminalUI

/// Where the person or the script sees what happens: lines, or a screen while there is a room and a terminal for it.
final class Console {
    let output: ConsoleOutput
    /// Whether a person types.
    let isInteractive: Bool
    let hasColour: Bool
    let common: CommonOptions
    private let loop: EventLoop
    private(set) var screen: FullScreen?
    /// Called when what was shown has been taken, or some of it.
    var onProgress: (() -> Void)? {
        didSet { output.onProgress = onProgress }
    }

    init(loop: EventLoop, common: CommonOptions, isInteractive: Bool) {
        self.loop = loop
        self.common = common
        let isTerminal = isatty(STDOUT_FILENO) == 1
        self.isInteractive = isInteractive
        let refusesColour = unsafe getenv("NO_COLOR").map { unsafe $0.pointee != 0 } ?? false
        hasColour = isTerminal && !common.noColor && !refusesColour && TerminalDevice.type != "dumb"
        output = ConsoleOutput(
            loop: loop, isJSON: common.json,
            renderer: LineRenderer(
                echoOwn: isatty(STDIN_FILENO) != 1, colour: hasColour && !common.plain, localTime: { WallTime.text($0) }
            ),
            style: .init(
                overwritesProgress: isatty(STDERR_FILENO) == 1 && TerminalDevice.type != "dumb" && !common.plain,
                showsTimes: common.plain && isTerminal))
    }

    /// Shows an event in a window of the screen, or as lines.
    func show(_ event: ChatEvent, in window: Int) {
        if let screen { return screen.show(event, in: window) }
        // What stays on the terminal behind the screen would be wrong once the room has more time; the screen shows how much.
        if case .joinedRoom(var room) = event, opensScreen {
            room.expires = nil
            return output.show(.joinedRoom(room))
        }
        output.show(event)
    }

    /// Whether there is a full screen as soon as there is a room.
    private var opensScreen: Bool {
        isInteractive && isatty(STDOUT_FILENO) == 1 && !common.plain && TerminalDevice.type != "dumb"
    }

    /// Says something of the program's own.
    func note(_ line: String, in window: Int) {
        if let screen { screen.note(line, in: window) } else { output.write(["-!- \(line)"]) }
    }

    /// How far the output of a window is, which was lines at first, then a screen.
    func progress(of window: Int) -> OutputProgress {
        let (lines, frames) = (output.progress, screen?.progress(of: window) ?? .init(told: 0, taken: 0))
        return OutputProgress(told: lines.told + frames.told, taken: lines.taken + frames.taken)
    }

    /// Goes from lines to the full screen, where there is a terminal for it and the person has not chosen lines. How the
    /// room can be joined stays readable behind it.
    func openScreen(window: Int, onRequest: @escaping (FullScreen.Request, Int) -> Void) {
        guard screen == nil, opensScreen else { return }
        output.finish()
        screen = FullScreen(
            loop: loop, colour: hasColour,
            alerts: Alerts(
                bell: common.bell ?? .mention, notification: common.notify ?? .never, tellsText: common.notifyText),
            marks: TerminalDevice.type == "linux" ? .ascii : .unicode, takesWheel: common.mouse, window: window,
            onRequest: onRequest)
        guard let screen else {
            return output.write(["-!- this terminal cannot show a full screen (its type is not known): line mode"])
        }
        screen.onProgress = { [weak self] in self?.onProgress?() }
    }

    func closeScreen() {
        screen?.close()
        screen = nil
    }

    /// Leaves nothing on the terminal, and waits for nobody.
    func wipe() {
        output.forget()
        screen?.close(wiping: true)
        screen = nil
        TerminalDevice.wipe()
    }
}
