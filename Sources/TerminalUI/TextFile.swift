/// A whole text from a file or a pipe, whatever program wrote it.
package enum TextFile {
    /// U+FEFF in UTF-8, with which some programs begin a file.
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The text without byte-order mark and without the end of its last line, with LF between lines; nil when it is not
    /// UTF-8.
    package static func text(_ bytes: [UInt8]) -> String? {
        let bytes = bytes.starts(with: byteOrderMark) ? Array(bytes.dropFirst(byteOrderMark.count)) : bytes
        guard var text = String(validating: bytes, as: UTF8.self) else { return nil }
        text.replace("\r\n", with: "\n")
        if text.hasSuffix("\n") { text.removeLast() }
        return text
    }
}
