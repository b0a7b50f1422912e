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
    /// The other end of the pipe that stderr goes into while the screen is open; nil when it is left alone.
    package let errorDescriptor: Int32?

    /// Takes the terminal; nil when it is none that a screen can be drawn on.
    ///
    /// - Parameter takesErrors: whether stderr is the same terminal, so that what is written there must not reach it.
    package init?(colour: Bool, takesErrors: Bool) {
        guard CellWidth.isKnown, screen_open() != 0 else { return nil }
        colours = ColourTable(isOn: colour)
        let descriptor = takesErrors ? screen_take_stderr() : -1
        errorDescriptor = descriptor >= 0 ? descriptor : nil
        Self.send(Self.pasteOn)
    }

    deinit {
        close()
    }

    /// The terminal's size now.
    package var size: ScreenSize {
        let size = screen_size()
        return ScreenSize(width: Int(size & 0xFFFF), height: Int(size >> 16))
    }

    /// Whether the terminal takes output without making the program wait.
    package var isWritable: Bool {
        var request = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        return unsafe poll(&request, 1, 0) > 0
    }

    /// The terminal has another size, which is taken over.
    package func resized() {
        let size = self.size
        resizeterm(Int32(size.height), Int32(size.width))
        painted = nil
    }

    /// Something else has been written to the terminal, or the program was stopped: all is painted anew.
    package func invalidate() {
        Self.send(Self.pasteOn)
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
        if bell { beep() }
        refresh()
    }

    private func isPainted(_ row: StyledLine, at index: Int) -> Bool {
        guard let painted, painted.rows.indices.contains(index) else { return false }
        return painted.rows[index] == row
    }

    /// Leaves the screen for a while, so that something can be written in its place, or read.
    package func suspend() {
        Self.send(Self.pasteOff)
        screen_suspend()
    }

    /// Leaves nothing on the screen, as long as the terminal takes output.
    package func wipe() {
        guard isOpen, isWritable else { return }
        erase()
        refresh()
        painted = nil
    }

    /// Gives the terminal back as it was.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        Self.send(Self.pasteOff)
        screen_close()
        screen_give_stderr_back()
    }

    private static func send(_ text: String) {
        var text = text
        text.withUTF8 { _ = unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }
}
