internal import CNcurses
import Glibc

/// Paints frames on the terminal of stdin and stdout with ncurses. There is one at a time.
///
/// Whatever ends the process, ``close()`` or a crash, the terminal is left as it was found.
package final class ScreenPainter {
    private static let pasteOn = "\u{1B}[?2004h"
    private static let pasteOff = "\u{1B}[?2004l"

    private var colours: ColourTable
    private var painted: ScreenFrame?
    private var isOpen = true
    private let output: TerminalOutput
    /// How long a terminal that stands still is waited for when it is given back, in milliseconds.
    package static let patience: Int32 = 1_000
    /// The other end of the pipe that stderr goes into while the screen is open; nil when it is left alone.
    package let errorDescriptor: Int32?

    /// Takes the terminal; nil when it is none that a screen can be drawn on.
    ///
    /// - Parameter takesErrors: whether stderr is the same terminal, so that what is written there must not reach it.
    package init?(colour: Bool, takesErrors: Bool) {
        let output = TerminalOutput(STDOUT_FILENO)
        guard CellWidth.isKnown, screen_open(output.descriptor) != 0 else { return nil }
        self.output = output
        colours = ColourTable(isOn: colour)
        let descriptor = takesErrors ? screen_take_stderr() : -1
        errorDescriptor = descriptor >= 0 ? descriptor : nil
        send(Self.pasteOn)
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
        screen_use_modes(1)
        send(Self.pasteOn)
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
        send(Self.pasteOff)
        draw { screen_end() }
        screen_use_modes(0)
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
        send(Self.pasteOff)
        draw { screen_end() }
        screen_closed()
        output.flush(waiting: patience)
        screen_give_stderr_back()
    }
}
