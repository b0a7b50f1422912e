internal import CNcurses

/// The terminal of stdin while a ``PlainLine`` is typed on it. Whatever ends the process, it is left as it was found.
package final class LineTerminal {
    private var isOpen = true

    /// Nil when stdin is no terminal.
    package init?() {
        guard line_open() != 0 else { return nil }
    }

    deinit { close() }

    /// The process was stopped, and the shell had the terminal.
    package func resume() {
        if isOpen { line_continue() }
    }

    package func close() {
        guard isOpen else { return }
        isOpen = false
        line_close()
    }
}
