/// The clipboard of the terminal, which a program can fill with the escape sequence OSC 52 of xterm. Nothing tells whether the
/// terminal takes it.
package enum Clipboard {
    /// What puts `text` into the clipboard. The text is encoded: none of it is a control character to the terminal.
    package static func sequence(for text: String) -> String {
        "\u{1B}]52;c;\(base64(Array(text.utf8)))\u{07}"
    }

    /// RFC 4648, section 4.
    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for index in 0..<4 {
                text.append(index <= group.count ? alphabet[value >> (6 * (3 - index)) & 63] : "=")
            }
        }
        return text
    }
}
