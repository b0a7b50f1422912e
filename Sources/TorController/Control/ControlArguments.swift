/// The arguments of a reply or event line: words, quoted strings, and `NAME=value` pairs in any order.
///
///     BOOTSTRAP PROGRESS=14 TAG=handshake SUMMARY="Handshaking with a relay"
struct ControlArguments: Equatable, Sendable {
    /// Words and quoted strings without a name, in order.
    private(set) var positional: [String] = []
    private var named: [String: [UInt8]] = [:]

    init(_ text: some StringProtocol) throws(ControlProtocolError) {
        var rest = Array(text.utf8)[...]
        while let byte = rest.first {
            if byte == UInt8(ascii: " ") {
                rest = rest.dropFirst()
                continue
            }
            if let name = Self.takeName(&rest) {
                // The first of two equal names counts, as for tor itself.
                let value = try Self.takeValue(&rest)
                if named[name] == nil { named[name] = value }
            } else {
                positional.append(String(decoding: try Self.takeValue(&rest), as: UTF8.self))
            }
        }
    }

    /// The value of `name`, unquoted.
    subscript(name name: String) -> String? {
        named[name].map { String(decoding: $0, as: UTF8.self) }
    }

    /// The value of `name` as it is, for paths that need not be UTF-8.
    func bytes(of name: String) -> [UInt8]? {
        named[name]
    }

    /// Takes `NAME=` when the rest starts so: a letter, then letters, digits, `_`, `-` or `/`.
    private static func takeName(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let first = rest.first, isLetter(first) else { return nil }
        let name = rest.prefix { isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) || "_-/".utf8.contains($0) }
        guard name.endIndex < rest.endIndex, rest[name.endIndex] == UInt8(ascii: "=") else { return nil }
        rest = rest[(name.endIndex + 1)...]
        return String(decoding: name, as: UTF8.self)
    }

    private static func takeValue(_ rest: inout ArraySlice<UInt8>) throws(ControlProtocolError) -> [UInt8] {
        if rest.first == UInt8(ascii: "\"") {
            rest = rest.dropFirst()
            let value = try QuotedString.takeContent(&rest)
            guard rest.isEmpty || rest.first == UInt8(ascii: " ") else { throw .malformedArguments }
            return value
        }
        let word = rest.prefix { $0 != UInt8(ascii: " ") }
        rest = rest[word.endIndex...]
        return Array(word)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
    }
}
