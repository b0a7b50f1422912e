internal import Chat

/// One thing in the message pane: a message, or a line of the program's own.
struct ScrollbackEntry: Sendable {
    /// How far an own message has come.
    enum Delivery: Sendable {
        /// Not at the host, as far as is known.
        case waiting
        /// It has a place in the room's order.
        case delivered
        /// All others who were present have it.
        case received
        /// Somebody who was away will not get it: too much was kept.
        case missed
    }

    enum Content: Sendable {
        case message(ChatEvent.ChatMessage, name: String, isMention: Bool)
        /// The program's own words, without the mark before them.
        case system(String, TextStyle.Colour)
        case day(String)
        /// Nothing but text in the whole width, to be copied.
        case verbatim(String)
    }

    /// Rises in the order of the pane.
    let serial: Int
    let time: String
    var content: Content {
        didSet { cache = nil }
    }
    var delivery: Delivery? {
        didSet { cache = nil }
    }
    private var cache: (width: Int, marks: DeliveryMarks, rows: [StyledLine])?

    init(serial: Int, time: String, content: Content, delivery: Delivery? = nil) {
        self.serial = serial
        self.time = time
        self.content = content
        self.delivery = delivery
    }

    /// Narrower panes leave out the time of day.
    static let minimumWidthWithTime = 30

    /// Bytes of text in it, for the limit of the pane.
    var byteCount: Int {
        switch content {
        case .message(let message, _, _): message.text.utf8.count
        case .system(let text, _), .verbatim(let text), .day(let text): text.utf8.count
        }
    }

    /// The rows in a pane of `width` columns.
    mutating func rows(width: Int, marks: DeliveryMarks) -> [StyledLine] {
        if let cache, cache.width == width, cache.marks == marks { return cache.rows }
        let rows = makeRows(width: width, marks: marks)
        cache = (width, marks, rows)
        return rows
    }

    private func makeRows(width: Int, marks: DeliveryMarks) -> [StyledLine] {
        switch content {
        case .day(let text):
            return [StyledLine("--- \(text) ---", TextStyle(.system)).fitted(to: width)]
        case .verbatim(let text):
            return LineWrapper.rows(
                LineWrapper.pieces(text, TextStyle(bold: true)), first: StyledLine(), indent: 0, width: width)
        case .system(let text, let colour):
            var first = gutter(width: width, marks: marks)
            first.append("-!- ", TextStyle(.system))
            return LineWrapper.rows(
                LineWrapper.pieces(text, TextStyle(colour)), first: first, indent: first.width, width: width)
        case .message(let message, let name, let isMention):
            return rows(of: message, name: name, isMention: isMention, width: width, marks: marks)
        }
    }

    /// What no member can write in: the time, and how far an own message has come.
    private func gutter(width: Int, marks: DeliveryMarks) -> StyledLine {
        var line = StyledLine()
        if width >= Self.minimumWidthWithTime { line.append("\(time) ", TextStyle(.system)) }
        let start = line.width
        if let delivery { line.append(marks.text(of: delivery), TextStyle(.mark)) }
        line.pad(to: start + DeliveryMarks.width)
        return line
    }

    private func rows(
        of message: ChatEvent.ChatMessage, name: String, isMention: Bool, width: Int, marks: DeliveryMarks
    ) -> [StyledLine] {
        var first = gutter(width: width, marks: marks)
        // Further rows begin right of where a system line's mark stands, so that none can look like one.
        let indent = first.width + 2
        let nick = TextStyle(.member(message.from.packed), bold: message.isOwn, reversed: isMention)
        switch message.kind {
        case .text:
            first.append("<", TextStyle(.system))
            first.append(name, nick)
            first.append("> ", TextStyle(.system))
        case .action:
            first.append("* ", TextStyle(.system))
            first.append(name, nick)
            first.append(" ")
        case .private:
            first.append(message.isOwn ? "[private to " : "[private from ", TextStyle(.system, bold: true))
            first.append(name, nick)
            first.append("] ", TextStyle(.system, bold: true))
        }
        var rows: [StyledLine] = []
        for (index, text) in Sanitizer.lines(ofMessage: message.text).enumerated() {
            var start = first
            if index > 0 {
                start = StyledLine()
                start.pad(to: min(indent, max(0, width - 1)))
            }
            rows += LineWrapper.rows(
                LineWrapper.pieces(text, TextStyle(bold: isMention)), first: start, indent: indent, width: width)
        }
        return rows
    }
}

/// The signs for how far an own message has come, in the characters that the terminal has.
package enum DeliveryMarks: Sendable, Equatable {
    case unicode, ascii

    /// Columns of the widest sign, and a space.
    static let width = 3

    func text(of delivery: ScrollbackEntry.Delivery) -> String {
        switch (self, delivery) {
        case (.unicode, .waiting): "·"
        case (.unicode, .delivered): "✓"
        case (.unicode, .received): "✓✓"
        case (.unicode, .missed): "✓!"
        case (.ascii, .waiting): "."
        case (.ascii, .delivered): "+"
        case (.ascii, .received): "++"
        case (.ascii, .missed): "+!"
        }
    }
}
