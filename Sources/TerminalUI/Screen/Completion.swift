/// Completion of commands and nicks by Tab: the first press takes the first that fits, the next ones go through the others.
struct Completion: Sendable {
    private struct Cycle: Sendable {
        var candidates: [String]
        var index: Int
        var range: Range<Int>
        /// What the line must be for the next press to go on.
        var text: String
    }

    private var cycle: Cycle?

    /// Completes the word before the cursor of `editor`, from the names of the others in the room or, where those are to be
    /// named, of those who wait to come in.
    mutating func complete(
        _ editor: inout LineEditor, nicks: [String], waiting: [String] = [], backwards: Bool = false
    ) {
        if var cycle, cycle.text == editor.text, cycle.range.upperBound == editor.cursor, cycle.candidates.count > 1 {
            cycle.index = (cycle.index + (backwards ? cycle.candidates.count - 1 : 1)) % cycle.candidates.count
            apply(&cycle, to: &editor)
            return
        }
        cycle = nil
        let range = editor.wordBeforeCursor
        let word = String(editor.characters[range])
        let before = String(editor.characters[..<range.lowerBound])
        let candidates = Self.candidates(for: word, after: before, nicks: nicks, waiting: waiting)
        guard !candidates.isEmpty else { return }
        var next = Cycle(
            candidates: candidates, index: backwards ? candidates.count - 1 : 0, range: range, text: "")
        apply(&next, to: &editor)
    }

    private mutating func apply(_ next: inout Cycle, to editor: inout LineEditor) {
        let candidate = next.candidates[next.index]
        editor.replace(next.range, with: candidate)
        next.range = next.range.lowerBound..<editor.cursor
        next.text = editor.text
        cycle = next
    }

    /// What `word` may be the beginning of, with what is to follow it.
    private static func candidates(
        for word: String, after before: String, nicks: [String], waiting: [String]
    ) -> [String] {
        let lowered = word.lowercased()
        if before.isEmpty, word.hasPrefix("/") {
            return RoomCommandTable.names.filter { $0.hasPrefix(lowered) }.map { $0 + " " }
        }
        let command = onlyWord(before)
        let completes = RoomCommandTable.entry(command)?.completes ?? .nothing
        guard !word.isEmpty || completes != .nothing else { return [] }
        let names =
            switch completes {
            case .waiting: waiting
            case .commands: RoomCommandTable.names.map { String($0.dropFirst()) }
            case .members, .nothing: nicks
            }
        return names.filter { $0.lowercased().hasPrefix(lowered) }.map { before.isEmpty ? $0 + ": " : $0 + " " }
    }

    /// The word that the text consists of, in small letters; empty when there are more or none.
    private static func onlyWord(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace)
        return words.count == 1 ? words[0].lowercased() : ""
    }
}
