import Glibc

/// A question on the terminal, before the event loop runs.
enum Prompt {
    /// How long another line of the same paste may take, in milliseconds.
    private static let pasteTimeout: Int32 = 100

    /// Whether more was pasted than one line.
    static var hasMore: Bool {
        var request = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&request, 1, pasteTimeout) > 0
    }

    /// The answer without white space around it; nil at the end of input.
    static func ask(_ question: String) -> String? {
        StandardError.write(question)
        guard let line = readLine() else {
            StandardError.write("\n")
            return nil
        }
        return String(line.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
