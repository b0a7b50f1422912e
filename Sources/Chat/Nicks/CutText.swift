extension String {
    /// At most so many bytes of UTF-8, and whole characters.
    package func cut(to byteCount: Int) -> String {
        var text = self
        while text.utf8.count > byteCount { text.removeLast() }
        return text
    }
}
