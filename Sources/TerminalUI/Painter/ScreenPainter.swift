internal import CNcurses
import Glibc

/// Paints frames on the terminal of stdin and stdout with ncurses. There is one at a time.
///
/// Whatever ends the process, ``close()`` or a crash, the terminal is left as it was found.
package final class ScreenPainter {
    /// Bracketed paste; the mouse's buttons, which the wheel is two of, with numbers as text (xterm's control sequences).
    private let modesOn: String
    private let modesOff: String
    private let hasTitle: Bool
    private var title = ""

    private var colours: ColourTable
    private var painted: ScreenFrame?
    private var isOpen = true
    private let output: TerminalOutput
    /// How long a terminal that stands still is waited for when it is given back, in milliseconds.
    static let patience: Int32 = 1_000
    /// The other end of the pipe that stderr goes into while the screen is open; nil when it is left alone.
    package let errorDescriptor: Int32?

    private var typedAheadCount: Int

    /// Bytes to come that were typed before the screen had the terminal, for ``KeyDecoder/typedAhead(_:)``; told once.
    package func takeTypedAheadCount() -> Int {
        defer { typedAheadCount = 0 }
        return typedAheadCount
    }

    /// Takes the terminal; nil when it is none that a screen can be drawn on.
    ///
    /// - Parameters:
    ///   - takesErrors: whether stderr is the same terminal, so that what is written there must not reach it.
    ///   - takesWheel: whether the mouse is asked for: then text is selected with Shift held.
    ///   - hasTitle: whether the terminal has a title.
    package init?(colour: Bool, takesErrors: Bool, takesWheel: Bool = false, hasTitle: Bool = false) {
        let output = TerminalOutput(STDOUT_FILENO)
        guard CellWidth.isKnown, screen_open(output.descriptor) != 0 else { return nil }
        self.output = output
        self.hasTitle = hasTitle
        typedAheadCount = Int(screen_waiting())
        modesOn = "\u{1B}[?2004h" + (takesWheel ? "\u{1B}[?1000h\u{1B}[?1006h" : "")
        modesOff = (takesWheel ? "\u{1B}[?1006l\u{1B}[?1000l" : "") + "\u{1B}[?2004l"
        colours = ColourTable(isOn: colour)
        let descriptor = takesErrors ? screen_take_stderr() : -1
        errorDescriptor = descriptor >= 0 ? descriptor : nil
        send(modesOn)
    }

    deinit {
        close()
    }

    /// The terminal's size now.
    package var size: ScreenSize {
        var size = screen_size()
        if size & 0xFFFF == 0 || size >> 16 == 0 { size = screen_size_assumed() }
        return ScreenSize(width: Int(size & 0xFFFF), height: Int(size >> 16))
    }

    /// Sets the terminal's title, and keeps the one that it had. The text is sanitized.
    package func setTitle(_ text: String) {
        guard hasTitle, isOpen, text != title else { return }
        if title.isEmpty { send("\u{1B}[22;2t") }
        title = text
        send("\u{1B}]2;\(Sanitizer.sanitize(text, as: .line))\u{07}")
    }

    private func giveTitleBack() {
        guard !title.isEmpty else { return }
        title = ""
        // Emptied first, for terminals that do not keep titles.
        send("\u{1B}]2;\u{07}\u{1B}[23;2t")
    }

    /// Gives the terminal what it takes now; whether it has taken all. As long as it has not, nothing should be painted.
    @discardableResult
    package func flush() -> Bool { output.flush() }

    /// Writes something of its own to the terminal, behind all that was painted.
    package func send(_ text: String) {
        output.append(text.utf8)
    }

    /// What `body` draws waits for the terminal.
    private func draw(_ body: () -> Void) {
        let real = screen_begin_drawing()
        body()
        let count = Int(screen_end_drawing(real))
        guard count > 0 else { return }
        var drawn = [UInt8](repeating: 0, count: count)
        let taken = unsafe drawn.withUnsafeMutableBytes { unsafe screen_take_drawn($0.baseAddress, $0.count) }
        output.append(drawn.prefix(max(0, taken)))
    }

    /// The terminal has another size, which is taken over.
    package func resized() {
        let size = self.size
        resizeterm(Int32(size.height), Int32(size.width))
        painted = nil
    }

    /// Something else has been written to the terminal, or the program was stopped: all is painted anew.
    package func invalidate() {
        typedAheadCount = Int(screen_use_modes(1))
        send(modesOn)
        unsafe clearok(screen_window(), true)
        painted = nil
    }

    package func paint(_ frame: ScreenFrame, bell: Bool) {
        guard isOpen else { return }
        for (index, row) in frame.rows.enumerated() where !isPainted(row, at: index) {
            move(Int32(index), 0)
            colours.apply(TextStyle())
            clrtoeol()
            var column = 0
            for run in row.runs {
                move(Int32(index), Int32(column))
                colours.apply(run.style)
                unsafe addstr(run.text)
                column += run.width
            }
        }
        painted = frame
        move(Int32(frame.cursorRow), Int32(frame.cursorColumn))
        draw {
            if bell { beep() }
            refresh()
        }
    }

    private func isPainted(_ row: StyledLine, at index: Int) -> Bool {
        guard let painted, painted.rows.indices.contains(index) else { return false }
        return painted.rows[index] == row
    }

    /// Leaves the screen for a while, so that something can be written in its place, or read.
    package func suspend() {
        send(modesOff)
        draw { screen_end() }
        _ = screen_use_modes(0)
    }

    /// Lets the shell have the terminal, as ^Z asks for; returns when the program goes on.
    package func stop() {
        output.flush(waiting: Self.patience)
        screen_stop_process()
    }

    /// Leaves nothing on the screen, as long as the terminal takes output.
    package func wipe() {
        guard isOpen else { return }
        output.forget()
        erase()
        draw { refresh() }
        painted = nil
    }

    /// Gives the terminal back as it was, and waits for it so many milliseconds at most.
    package func close(patience: Int32 = ScreenPainter.patience) {
        guard isOpen else { return }
        isOpen = false
        giveTitleBack()
        send(modesOff)
        draw { screen_end() }
        screen_closed()
        output.flush(waiting: patience)
        screen_give_stderr_back()
    }
}
