/// Bytes from a terminal to keys: UTF-8, control characters, and the escape sequences of xterm and its relatives, rxvt, tmux,
/// screen and the Linux console.
package struct KeyDecoder: Sendable {
    /// Longer than any sequence of a key; what goes on is no key.
    static let maximumSequenceByteCount = 32

    /// Bytes of an answer of the terminal (a string of OSC, DCS and their like) that are passed over; what goes on is text.
    static let maximumStringByteCount = 8_192

    /// A paste beyond it is cut: several times what a message may have, so that the person is told that it is too long.
    static let maximumPasteByteCount = 4 * InputParser.maximumTextByteCount

    private static let escape: UInt8 = 0x1B
    private static let pasteEnd = Array("\u{1B}[201~".utf8)

    private var pending: [UInt8] = []
    private var paste: [UInt8]?
    private var text: [UInt8] = []
    private var keys: [Key] = []
    /// Bytes of such a string so far; nil outside of one.
    private var stringByteCount: Int?
    private var mouseByteCount = 0
    private var typedAheadCount = 0

    package init() {}

    /// So many of the bytes to come were typed while the terminal made a line feed of Enter.
    package mutating func typedAhead(_ byteCount: Int) { typedAheadCount = max(typedAheadCount, byteCount) }

    /// Whether an escape sequence has begun: without more bytes soon it was the key Escape, and ``timedOut()`` says so.
    package var isWaiting: Bool {
        (pending.first == Self.escape && paste == nil) || stringByteCount != nil || mouseByteCount > 0
    }

    package mutating func received(_ bytes: Span<UInt8>) -> [Key] {
        for index in bytes.indices {
            let isTypedAhead = index < typedAheadCount
            received(isTypedAhead && bytes[index] == 0x0A ? 0x0D : bytes[index])
        }
        typedAheadCount = max(0, typedAheadCount - bytes.count)
        return takeKeys(isEnd: false)
    }

    /// No more bytes came for a moment.
    package mutating func timedOut() -> [Key] {
        guard isWaiting else { return [] }
        // What began like an answer of the terminal and was none.
        guard stringByteCount == nil, mouseByteCount == 0 else {
            stringByteCount = nil
            mouseByteCount = 0
            pending = []
            return []
        }
        let rest = pending.dropFirst()
        pending = []
        keys.append(.escape)
        for byte in rest { received(byte) }
        return takeKeys(isEnd: true)
    }

    private mutating func takeKeys(isEnd: Bool) -> [Key] {
        flushText(isEnd: isEnd)
        let taken = keys
        keys = []
        return taken
    }

    private mutating func received(_ byte: UInt8) {
        if paste != nil { return receivedInPaste(byte) }
        if mouseByteCount > 0 {
            mouseByteCount -= 1
            return
        }
        if stringByteCount != nil { return receivedInString(byte) }
        if !pending.isEmpty { return receivedInSequence(byte) }
        switch byte {
        case Self.escape:
            flushText(isEnd: true)
            pending = [byte]
        case 0x00..<0x20, 0x7F:
            flushText(isEnd: true)
            if let key = Self.control(byte) { keys.append(key) }
        default: text.append(byte)
        }
    }

    private mutating func receivedInPaste(_ byte: UInt8) {
        guard var bytes = paste else { return }
        paste = nil
        bytes.append(byte)
        if bytes.count > Self.maximumPasteByteCount + Self.pasteEnd.count {
            // Keeps the end in sight, drops what is before it.
            bytes.remove(at: Self.maximumPasteByteCount)
        }
        if bytes.suffix(Self.pasteEnd.count).elementsEqual(Self.pasteEnd) {
            keys.append(.paste(String(decoding: bytes.dropLast(Self.pasteEnd.count), as: UTF8.self)))
            return
        }
        paste = bytes
    }

    /// ECMA-48, sections 5.6 and 8.3.89: up to ST, or BEL as xterm has it.
    private mutating func receivedInString(_ byte: UInt8) {
        let wasEscape = pending == [Self.escape]
        pending = byte == Self.escape ? [byte] : []
        let count = (stringByteCount ?? 0) + 1
        let isEnd = byte == 0x07 || wasEscape && byte == UInt8(ascii: "\\")
        stringByteCount = isEnd || count >= Self.maximumStringByteCount ? nil : count
        if isEnd { pending = [] }
    }

    // MARK: Sequences

    private mutating func receivedInSequence(_ byte: UInt8) {
        if byte == Self.escape, pending.count > 1 {
            // A new one begins: the old one was none.
            pending = [byte]
            return
        }
        pending.append(byte)
        guard pending.count <= Self.maximumSequenceByteCount else {
            pending = []
            return
        }
        // Some terminals send Alt as another escape before the sequence.
        let body = pending.drop { $0 == Self.escape }
        guard let kind = body.first else {
            if pending.count > 2 { pending = [Self.escape] }
            return
        }
        let isAlt = pending.count - body.count > 1
        switch kind {
        // DCS, SOS, OSC, PM and APC: the terminal says something.
        case UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "]"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            pending = []
            stringByteCount = 0
        case UInt8(ascii: "["): receivedInCSI(Array(body.dropFirst()), isAlt: isAlt)
        case UInt8(ascii: "O"):
            guard let last = body.dropFirst().last, !(0x30...0x3B).contains(last) else { return }
            finish(Self.function(last, isWord: isAlt))
        default: receivedAlt(kind, Array(body))
        }
    }

    private mutating func receivedAlt(_ kind: UInt8, _ body: [UInt8]) {
        switch kind {
        case UInt8(ascii: "b"), UInt8(ascii: "B"): finish(.wordLeft)
        case UInt8(ascii: "f"), UInt8(ascii: "F"): finish(.wordRight)
        case UInt8(ascii: "d"), UInt8(ascii: "D"): finish(.deleteWordForward)
        case 0x7F, 0x08: finish(.deleteWordBack)
        case 0x0D, 0x0A: finish(.newline)
        case UInt8(ascii: "1")...UInt8(ascii: "9"): finish(.window(Int(kind - UInt8(ascii: "0"))))
        case 0x80...0xFF:
            // A character of several bytes with Alt: no key of ours.
            let count = kind >= 0xF0 ? 4 : kind >= 0xE0 ? 3 : 2
            if body.count >= count { finish(nil) }
        default: finish(nil)
        }
    }

    private mutating func receivedInCSI(_ body: [UInt8], isAlt: Bool) {
        guard let last = body.last else { return }
        // The Linux console's F1 to F5: ESC [ [ A.
        if body.first == UInt8(ascii: "[") {
            if body.count == 2 { finish(Self.consoleFunction(last)) }
            return
        }
        guard (0x40...0x7E).contains(last) else { return }
        // The mouse: ESC [ < button ; column ; row M, or m when it is let go.
        if body.first == UInt8(ascii: "<") {
            return finish(Self.mouse(body.dropFirst(), isPress: last == UInt8(ascii: "M")))
        }
        // Answers of the terminal, not keys.
        if let mark = body.first, (0x3C...0x3F).contains(mark) { return finish(nil) }
        let numbers = body.dropLast().split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map {
            Int(String(decoding: $0, as: UTF8.self)) ?? 0
        }
        let first = numbers.first ?? 0
        let modifiers = numbers.count > 1 ? max(1, numbers[1]) - 1 : 0
        // 2 is Alt, 4 is Control.
        let isWord = isAlt || modifiers & 6 != 0
        switch last {
        case UInt8(ascii: "~") where first == 200:
            pending = []
            paste = []
        case UInt8(ascii: "~"): finish(Self.numbered(first, isWord: isWord))
        case UInt8(ascii: "u") where modifiers & 2 != 0 && (0x31...0x39).contains(first):
            finish(.window(first - 0x30))
        case UInt8(ascii: "u"): finish(first == 13 ? .newline : nil)
        case UInt8(ascii: "Z"): finish(.backTab)
        case UInt8(ascii: "M"):
            finish(nil)
            // The mouse as X10 had it: button, column and row, a byte each.
            if body.count == 1 { mouseByteCount = 3 }
        // With numbers it is where the cursor stands.
        case UInt8(ascii: "R") where body.count > 1: finish(nil)
        default: finish(Self.function(last, isWord: isWord))
        }
    }

    private mutating func finish(_ key: Key?) {
        pending = []
        if let key { keys.append(key) }
    }

    private static func mouse(_ body: ArraySlice<UInt8>, isPress: Bool) -> Key? {
        guard isPress, let button = Int(String(decoding: body.prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self)) else {
            return nil
        }
        // 4, 8 and 16 are Shift, Alt and Control.
        switch button & ~28 {
        case 64: return .wheelUp
        case 65: return .wheelDown
        default: return nil
        }
    }

    private static func numbered(_ number: Int, isWord: Bool) -> Key? {
        switch number {
        case 1, 7: .home
        case 4, 8: .end
        case 3: isWord ? .deleteWordForward : .delete
        case 5: .pageUp
        case 6: .pageDown
        case 11: .help
        case 12: .showInvite
        case 13: .copyInvite
        case 14: .showCode
        case 15: .toggleMembers
        default: nil
        }
    }

    private static func consoleFunction(_ letter: UInt8) -> Key? {
        switch letter {
        case UInt8(ascii: "A"): .help
        case UInt8(ascii: "B"): .showInvite
        case UInt8(ascii: "C"): .copyInvite
        case UInt8(ascii: "D"): .showCode
        case UInt8(ascii: "E"): .toggleMembers
        default: nil
        }
    }

    private static func function(_ letter: UInt8, isWord: Bool) -> Key? {
        switch letter {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        case UInt8(ascii: "C"): isWord ? .wordRight : .right
        case UInt8(ascii: "D"): isWord ? .wordLeft : .left
        case UInt8(ascii: "c"): .wordRight
        case UInt8(ascii: "d"): .wordLeft
        case UInt8(ascii: "H"): .home
        case UInt8(ascii: "F"): .end
        case UInt8(ascii: "P"): .help
        case UInt8(ascii: "Q"): .showInvite
        case UInt8(ascii: "R"): .copyInvite
        case UInt8(ascii: "S"): .showCode
        case UInt8(ascii: "M"): .enter
        default: nil
        }
    }

    private static func control(_ byte: UInt8) -> Key? {
        switch byte {
        case 0x0D: .enter
        case 0x0A: .newline
        case 0x09: .tab
        case 0x7F, 0x08: .backspace
        case 0x01: .home
        case 0x05: .end
        case 0x02: .left
        case 0x06: .right
        case 0x10: .up
        case 0x0E: .down
        case 0x17: .deleteWordBack
        case 0x15: .killToStart
        case 0x0B: .killToEnd
        case 0x19: .yank
        case 0x0C: .redraw
        case 0x04: .endOfInput
        default: nil
        }
    }

    // MARK: Text

    /// Turns the bytes of text into a key; the beginning of a character is kept for its rest, unless nothing follows.
    private mutating func flushText(isEnd: Bool) {
        guard !text.isEmpty else { return }
        let whole = isEnd ? text.count : text.count - Self.incompleteByteCount(text)
        guard whole > 0 else { return }
        keys.append(.text(String(decoding: text[..<whole], as: UTF8.self)))
        text.removeFirst(whole)
    }

    /// Bytes at the end that begin a character without ending it.
    private static func incompleteByteCount(_ bytes: [UInt8]) -> Int {
        for (count, byte) in bytes.reversed().prefix(3).enumerated() {
            switch byte {
            case 0x80..<0xC0: continue
            case 0xC0..<0xE0: return count + 1 < 2 ? count + 1 : 0
            case 0xE0..<0xF0: return count + 1 < 3 ? count + 1 : 0
            case 0xF0...0xFF: return count + 1 < 4 ? count + 1 : 0
            default: return 0
            }
        }
        return 0
    }
}
