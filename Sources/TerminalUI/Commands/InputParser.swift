internal import Room

/// A line of input to what it asks for.
///
/// A line is a message; one that starts with `/` is a command, `//` sends a literal slash. In the machine interface a line
/// that starts with `{` is an object: `{"send":TEXT}`, `{"send":TEXT,"to":MEMBER}` or `{"command":"/who"}`.
package struct InputParser: Sendable {
    /// Bytes of UTF-8 in one text: the limit of a message in a room.
    package static let maximumTextByteCount = 65_536

    /// Bytes in one line of input: a text of full length in which JSON escapes every byte as `\u00XX`, and its object.
    package static let maximumLineByteCount = 6 * maximumTextByteCount + 1024

    private let acceptsObjects: Bool

    /// A parser of lines; with `json`, of the machine interface too.
    package init(json: Bool) {
        acceptsObjects = json
    }

    /// What `line` (without its end) asks for; nil for a blank line.
    package func parse(_ line: String) -> ChatInput? {
        if acceptsObjects, line.utf8.first == UInt8(ascii: "{") { return parseObject(line) }
        guard line.utf8.first == UInt8(ascii: "/") else { return isBlank(line) ? nil : text(line) }
        let rest = line.dropFirst()
        if rest.utf8.first == UInt8(ascii: "/") { return text(String(rest)) }
        return parseCommand(line)
    }

    private func text(_ text: String, then input: (String) -> ChatInput = { .text($0) }) -> ChatInput {
        let byteCount = text.utf8.count
        return byteCount <= Self.maximumTextByteCount ? input(text) : .tooLarge(byteCount: byteCount)
    }

    private func parseCommand(_ line: String) -> ChatInput {
        let (word, arguments) = Self.firstWord(of: line[...])
        let name = word.lowercased()
        switch name {
        case "/me":
            guard !arguments.isEmpty else { return .usage("/me ACTION") }
            return text(String(arguments)) { .action($0) }
        case "/msg":
            let (member, message) = Self.firstWord(of: arguments)
            guard !member.isEmpty, !message.isEmpty else { return .usage("/msg MEMBER TEXT") }
            return text(String(message)) { .private(to: String(member), text: $0) }
        case "/nick":
            let (nick, more) = Self.firstWord(of: arguments)
            guard !nick.isEmpty, more.isEmpty else { return .usage("/nick NAME") }
            return .nick(String(nick))
        case "/invite": return RoomCommandParser.invite(arguments)
        case "/kick", "/ban", "/lock", "/unlock", "/topic", "/extend", "/slow", "/approve", "/deny":
            return RoomCommandParser.parse(name, arguments)
        case "/who": return arguments.isEmpty ? .who : .usage("/who")
        case "/help": return arguments.isEmpty ? .help : .usage("/help")
        case "/clear": return arguments.isEmpty ? .clear : .usage("/clear")
        case "/quit": return arguments.isEmpty ? .quit : .usage("/quit")
        case "/panic": return arguments.isEmpty ? .panic : .usage("/panic")
        case "/verify": return Self.verify(arguments)
        case "/send", "/accept":
            return .notInThisBuild(name)
        default:
            return .unknownCommand(String(word))
        }
    }

    private static func verify(_ arguments: Substring) -> ChatInput {
        let (member, rest) = firstWord(of: arguments)
        let (answer, more) = firstWord(of: rest)
        guard !member.isEmpty else { return .verify(.room) }
        switch (answer.lowercased(), more.isEmpty) {
        case ("", true): return .verify(.member(String(member)))
        case ("yes", true): return .verify(.answer(String(member), isSame: true))
        case ("no", true): return .verify(.answer(String(member), isSame: false))
        default: return .usage("/verify, /verify MEMBER, /verify MEMBER yes or no")
        }
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
            guard let member else { return text(message) }
            guard !isBlank(member) else { return .malformed("\"to\" is empty") }
            return text(message) { .private(to: member, text: $0) }
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
