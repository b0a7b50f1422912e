internal import EventLoop
import Glibc
internal import TerminalUI

/// What is typed in line mode on a terminal that the person has asked for lines on (`--plain`): while a line is begun nothing
/// is written between its letters.
final class PlainInput {
    private static let escapeTimeout = Duration.milliseconds(50)

    private let loop: EventLoop
    private let output: ConsoleOutput
    private let terminal: LineTerminal
    private var line = PlainLine()
    private var timer: TimerHandle?
    private var resuming: SignalHandle?

    /// Nil when stdin is no terminal.
    init?(loop: EventLoop, output: ConsoleOutput) {
        guard let terminal = LineTerminal() else { return nil }
        self.terminal = terminal
        self.loop = loop
        self.output = output
        resuming = loop.onSignal(SIGCONT) { [weak self] in self?.terminal.resume() }
    }

    func received(_ bytes: Span<UInt8>) -> [PlainLine.Step] {
        timer?.cancel()
        var echo = ""
        let steps = line.received(bytes, echo: &echo)
        output.echo(echo)
        output.hold(!line.isEmpty)
        if line.isWaiting { timer = loop.schedule(after: Self.escapeTimeout) { [weak self] in self?.line.timedOut() } }
        return steps
    }

    /// Forgets what was typed; whether there was something.
    func clear() -> Bool {
        guard !line.isEmpty else { return false }
        line.clear()
        output.echo("\n")
        output.hold(false)
        return true
    }

    func close() {
        timer?.cancel()
        resuming?.cancel()
        terminal.close()
    }
}
