internal import Chat

/// The arguments of the commands about files.
enum FileCommandParser {
    static func parse(_ name: String, _ arguments: Substring) -> ChatInput {
        let usage = RoomCommandTable.usage(name)
        guard let words = words(of: arguments) else { return usage }
        switch (name, words.count) {
        case ("/send", 1): return .file(.send(path: words[0], to: nil))
        case ("/send", 2): return .file(.send(path: words[0], to: words[1]))
        case ("/accept", 1): return .file(.accept(words[0], folder: nil))
        case ("/accept", 2): return .file(.accept(words[0], folder: words[1]))
        case ("/decline", 1): return .file(.decline(words[0]))
        case ("/files", 0): return .file(.list)
        default: return usage
        }
    }

    /// The words of a text; one with spaces in it stands in quotes, or has a backslash before each. Nil where a quote has no
    /// end, or a word is empty.
    static func words(of text: Substring) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var rest = text
        while let character = rest.popFirst() {
            switch (character, quote) {
            case ("\\", nil), ("\\", "\""):
                guard let next = rest.popFirst() else { return nil }
                word = (word ?? "") + String(next)
            case ("\"", nil), ("'", nil):
                quote = character
                word = word ?? ""
            case (let end, let open?) where end == open:
                quote = nil
            case (" ", nil), ("\t", nil):
                if let done = word { words.append(done) }
                word = nil
            default:
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { return nil }
        if let done = word { words.append(done) }
        return words.contains("") ? nil : words
    }
}
