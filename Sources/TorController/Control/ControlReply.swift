/// One whole reply or asynchronous event of tor's control protocol.
package struct ControlReply: Equatable, Sendable {
    /// One line, without its status and line end.
    package struct Line: Equatable, Sendable {
        var text: String
        /// The data block after a `+` line, dots unstuffed, lines joined by LF; nil for any other line.
        var data: [UInt8]?

        init(_ text: String, data: [UInt8]? = nil) {
            self.text = text
            self.data = data
        }
    }

    /// The status of an asynchronous event.
    static let eventStatus = 650

    /// Three digits; the same on all lines.
    var status: Int
    /// At least one line.
    var lines: [Line]

    init(status: Int, lines: [Line]) {
        self.status = status
        self.lines = lines
    }

    var isEvent: Bool { status == Self.eventStatus }
    var isPositive: Bool { status / 100 == 2 }
    /// Whether tor does not know the command (510), or something in its arguments (512, 513).
    var isNotUnderstood: Bool { [510, 512, 513].contains(status) }
    /// Whether a filter in front of tor's control port (onion-grater) refused the command, and not tor.
    var isFiltered: Bool { status == 510 && text.contains("filtered") }
    /// The text of the last line, which says what went wrong.
    var text: String { lines.last?.text ?? "" }

    /// The value of `key=value` in a reply to GETINFO, quotes kept; a data block when there is one.
    func value(of key: String) -> String? {
        for line in lines where line.text.hasPrefix(key) {
            let rest = line.text.dropFirst(key.count)
            guard rest.first == "=" else { continue }
            if let data = line.data { return String(decoding: data, as: UTF8.self) }
            return String(rest.dropFirst())
        }
        return nil
    }
}

/// How the peer broke the control protocol.
enum ControlProtocolError: Error, Equatable, Sendable {
    case malformedLine
    case malformedArguments
}
