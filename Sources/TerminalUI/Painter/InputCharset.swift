import Glibc

/// What is typed on a terminal whose characters are not UTF-8, as UTF-8.
@safe package final class InputCharset {
    private let converter: iconv_t
    /// The beginning of a character whose rest has not come.
    private var partial: [UInt8] = []

    /// Nil for UTF-8, and for a set that this machine does not know.
    package init?(named name: String?) {
        guard let name, !["utf-8", "utf8"].contains(name.lowercased()),
            let converter = unsafe iconv_open("UTF-8", name), unsafe converter != iconv_t(bitPattern: -1)
        else { return nil }
        unsafe self.converter = converter
    }

    deinit { unsafe iconv_close(converter) }

    /// The set that the locale of the environment names; nil when it names none.
    package static var chosenName: String? {
        for variable in ["LC_ALL", "LC_CTYPE", "LANG"] {
            guard let value = unsafe getenv(variable), let locale = unsafe String(validatingCString: value),
                !locale.isEmpty
            else { continue }
            if let dot = locale.firstIndex(of: ".") { return String(locale[dot...].dropFirst().prefix { $0 != "@" }) }
            // As the C library has it for these locales.
            return locale.hasSuffix("@euro") ? "ISO-8859-15" : nil
        }
        return nil
    }

    /// The bytes as UTF-8; what is none of the set's characters becomes U+FFFD.
    package func utf8(_ bytes: [UInt8]) -> [UInt8] {
        var input = partial + bytes
        var result: [UInt8] = []
        var output = [UInt8](repeating: 0, count: 4 * input.count + 16)
        var start = 0
        while start < input.count {
            let (taken, made, error) = convert(&input, from: start, into: &output)
            result += output[..<made]
            start += taken
            guard start < input.count, error != 0 else { continue }
            if error == EINVAL { break }
            if error == EILSEQ {
                result += Array("\u{FFFD}".utf8)
                start += 1
            }
        }
        partial = Array(input[start...])
        return result
    }

    private func convert(_ input: inout [UInt8], from start: Int, into output: inout [UInt8]) -> (Int, Int, Int32) {
        unsafe input.withUnsafeMutableBytes { input in
            unsafe output.withUnsafeMutableBytes { output in
                var from = unsafe input.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self)
                var to = unsafe output.baseAddress?.assumingMemoryBound(to: CChar.self)
                var (left, room) = (input.count - start, output.count)
                let code = unsafe iconv(converter, &from, &left, &to, &room)
                let error = code == Int.max || code == -1 ? errno : 0
                return (input.count - start - left, output.count - room, error)
            }
        }
    }
}
