internal import Chat

/// A line of input to what it asks for.
///
/// A line is a message; one that starts with `/` is a command, `//` sends a literal slash. In the machine interface a line
/// that starts with `{` is an object: `{"send":TEXT}`, `{"send":TEXT,"to":MEMBER}` or `{"command":"/who"}`.
package struct InputParser: Sendable {
    /// Bytes of UTF-8 in one text: the limit of a message in a room.
    package static let maximumTextByteCount = 65_536

    /// Bytes in one line of input: a text of full length in which JSON escapes every byte as `\u00XX`, and its object.
    static let maximumLineByteCount = 6 * maximumTextByteCount + 1024

    private let acceptsObjects: Bool

    /// A parser of lines; with `json`, of the machine interface too.
    package init(json: Bool) {
        acceptsObjects = json
    }

    /// What `line` (without its end) asks for; nil for a blank line.
    package func parse(_ line: String) -> ChatInput? {
        if acceptsObjects, line.utf8.first == UInt8(ascii: "{") { return parseObject(line) }
        guard line.utf8.first == UInt8(ascii: "/") else { return isBlank(line) ? nil : Self.text(line) }
        let rest = line.dropFirst()
        if rest.utf8.first == UInt8(ascii: "/") { return Self.text(String(rest)) }
        return parseCommand(line)
    }

    /// What `input` makes of a text that is not too long.
    static func text(_ text: String, then input: (String) -> ChatInput = { .text($0) }) -> ChatInput {
        let byteCount = text.utf8.count
        return byteCount <= maximumTextByteCount ? input(text) : .tooLarge(byteCount: byteCount)
    }

    private func parseCommand(_ line: String) -> ChatInput {
        let (word, arguments) = Self.firstWord(of: line[...])
        let name = word.lowercased()
        return RoomCommandTable.entry(name)?.parse(arguments) ?? .unknownCommand(String(word))
    }

    private func parseObject(_ line: String) -> ChatInput {
        let fields: [String: String]
        do {
            fields = try JSONStringObject.parse(line)
        } catch {
            return .malformed(error.description)
        }
        if let unknown = fields.keys.sorted().first(where: { !["send", "to", "command"].contains($0) }) {
            return .malformed("unknown field \"\(Sanitizer.sanitize(unknown, as: .line))\"")
        }
        switch (fields["send"], fields["to"], fields["command"]) {
        case (let message?, let member, nil):
            guard !isBlank(message) else { return .malformed("\"send\" is empty") }
            guard let member else { return Self.text(message) }
            guard !isBlank(member) else { return .malformed("\"to\" is empty") }
            return Self.text(message) { .private(to: member, text: $0) }
        case (nil, nil, let command?):
            guard command.utf8.first == UInt8(ascii: "/"), !command.hasPrefix("//") else {
                return .malformed("\"command\" does not start with one slash")
            }
            return parseCommand(command)
        default:
            return .malformed("neither \"send\", with or without \"to\", nor \"command\" alone")
        }
    }

    private func isBlank(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.isWhitespace }
    }

    /// The text up to the first space, tab or end of line, and what follows those after it.
    static func firstWord(of text: Substring) -> (word: Substring, rest: Substring) {
        let isSpace = { (character: Character) in [" ", "\t", "\n", "\r\n"].contains(character) }
        let word = text.prefix { !isSpace($0) }
        return (word, text[word.endIndex...].drop(while: isSpace))
    }
}
