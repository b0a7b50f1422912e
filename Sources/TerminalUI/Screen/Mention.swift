/// Whether somebody is spoken of.
enum Mention {
    /// Whether `nick` stands in `text` as a word of its own, however it is capitalised.
    static func isIn(_ text: String, of nick: String?) -> Bool {
        guard let nick, !nick.isEmpty else { return false }
        let wanted = Array(nick.lowercased())
        let characters = Array(text.lowercased())
        guard characters.count >= wanted.count else { return false }
        for start in 0...(characters.count - wanted.count)
        where characters[start..<(start + wanted.count)].elementsEqual(wanted) {
            let end = start + wanted.count
            let isStart = start == 0 || !isPartOfNick(characters[start - 1])
            // A dot after a nick ends a sentence more often than it goes on with another nick.
            let isEnd = end == characters.count || characters[end] == "." || !isPartOfNick(characters[end])
            if isStart && isEnd { return true }
        }
        return false
    }

    private static func isPartOfNick(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_" || character == "-"
    }
}
