/// The line that is typed in line mode on a terminal: characters at its end, and few keys. Nothing of it is drawn anew, which
/// a screen reader would read again.
package struct PlainLine: Sendable {
    package enum Step: Sendable, Equatable {
        case line(String)
        /// ^D in an empty line.
        case endOfInput
    }

    private var decoder = KeyDecoder()
    private var characters: [Character] = []

    package init() {}

    package var isEmpty: Bool { characters.isEmpty }

    /// Whether an escape sequence has begun; without more bytes soon, ``timedOut()``.
    package var isWaiting: Bool { decoder.isWaiting }

    /// Takes what was typed; appends what the terminal is to show of it to `echo`.
    package mutating func received(_ bytes: Span<UInt8>, echo: inout String) -> [Step] {
        pressed(decoder.received(bytes), echo: &echo)
    }

    package mutating func timedOut() { _ = decoder.timedOut() }

    /// Forgets what was typed.
    package mutating func clear() { characters = [] }

    private mutating func pressed(_ keys: [Key], echo: inout String) -> [Step] {
        var steps: [Step] = []
        for key in keys {
            switch key {
            case .text(let text), .paste(let text):
                let text = Sanitizer.sanitize(text, as: .line)
                guard characters.count + text.count <= LineEditor.maximumByteCount else { continue }
                characters += text
                echo += text
            case .enter, .newline:
                steps.append(.line(String(characters)))
                characters = []
                echo += "\n"
            case .backspace: erase(1, &echo)
            case .killToStart: erase(characters.count, &echo)
            case .deleteWordBack:
                let blanks = characters.reversed().prefix { $0 == " " }.count
                erase(blanks + characters.dropLast(blanks).reversed().prefix { $0 != " " }.count, &echo)
            case .endOfInput where characters.isEmpty: steps.append(.endOfInput)
            default: break
            }
        }
        return steps
    }

    private mutating func erase(_ count: Int, _ echo: inout String) {
        for _ in 0..<min(count, characters.count) {
            let width = max(1, StyledLine(String(characters.removeLast())).width)
            echo +=
                String(repeating: "\u{8}", count: width) + String(repeating: " ", count: width)
                + String(repeating: "\u{8}", count: width)
        }
    }
}
