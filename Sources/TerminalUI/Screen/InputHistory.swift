/// What was sent before, for the arrow keys, and what was being typed when the first of them was pressed. In memory only.
struct InputHistory: Sendable {
    /// Enough to find what was said a while ago; long texts count like short ones, so it is not more.
    static let maximumCount = 200

    private var entries: [String] = []
    /// The entry shown; nil for what is being typed.
    private var shown: Int?
    private var draft = ""

    mutating func sent(_ text: String) {
        shown = nil
        draft = ""
        guard !text.isEmpty, entries.last != text else { return }
        entries.append(text)
        if entries.count > Self.maximumCount { entries.removeFirst() }
    }

    /// The entry before the one shown; nil at the oldest.
    mutating func older(than current: String) -> String? {
        let index = (shown ?? entries.count) - 1
        guard entries.indices.contains(index) else { return nil }
        if shown == nil { draft = current }
        shown = index
        return entries[index]
    }

    /// The entry after the one shown, at last what was being typed; nil when that is shown already.
    mutating func newer() -> String? {
        guard let shown else { return nil }
        guard shown + 1 < entries.count else {
            self.shown = nil
            return draft
        }
        self.shown = shown + 1
        return entries[shown + 1]
    }
}
