import Glibc

/// A question on the terminal, before the event loop runs.
enum Prompt {
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
