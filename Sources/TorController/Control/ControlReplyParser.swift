/// Cuts the bytes of a control connection into replies and events (control-spec, section 2.3).
///
///     250-version=0.4.9.11
///     250+config-text=
///     ..a line that starts with a dot
///     .
///     250 OK
///
/// A reply past a limit is dropped while it is read: how long an answer is may be up to strangers, as with `circuit-status`,
/// and is no reason to end the connection that onion services live on.
struct ControlReplyParser {
    enum Output: Equatable {
        case reply(ControlReply)
        /// A reply or an event, of this status, that was longer than is read.
        case tooLong(status: Int)
    }

    /// The longest line, without CRLF: the longest tor sends are descriptors and listener lists of a few KiB.
    static let maximumLineByteCount = 65_536
    /// Text and data of one reply: nothing this program asks for comes near it.
    static let maximumReplyByteCount = 1_048_576
    /// Lines of one reply, data lines included.
    static let maximumLineCount = 8_192

    /// Lines that are no reply are left out, not an error: a filter in front of tor puts them in the place of events.
    var skipsForeignLines = false

    private var line: [UInt8] = []
    private var sawCarriageReturn = false
    private var status = 0
    private var lines: [ControlReply.Line] = []
    private var data: [UInt8]?
    private var byteCount = 0
    private var lineCount = 0
    private var isTooLong = false
    private var failure: ControlProtocolError?

    init() {}

    /// Takes bytes as they arrive and calls `onOutput` for each whole reply; after an error it stays failed.
    mutating func received(
        _ bytes: Span<UInt8>, onOutput: (Output) -> Void
    ) throws(ControlProtocolError) {
        if let failure { throw failure }
        do {
            for index in bytes.indices { try take(bytes[index], onOutput) }
        } catch {
            failure = error
            line = []
            lines = []
            data = nil
            throw error
        }
    }

    private mutating func take(_ byte: UInt8, _ onOutput: (Output) -> Void) throws(ControlProtocolError) {
        if sawCarriageReturn {
            guard byte == 0x0A else { throw .malformedLine }
            sawCarriageReturn = false
            try lineEnded(onOutput)
            line.removeAll(keepingCapacity: line.capacity <= 4096)
        } else if byte == 0x0D {
            sawCarriageReturn = true
        } else {
            guard byte != 0x0A, byte != 0 else { throw .malformedLine }
            guard line.count < Self.maximumLineByteCount else { return drop() }
            line.append(byte)
            // Anything that is not tor is found out before it has sent a line end.
            if data == nil, !skipsForeignLines, line.count == 3, Self.status(of: line) == nil { throw .malformedLine }
        }
    }

    private mutating func drop() {
        isTooLong = true
        lines = []
        // Still where data ends is looked for, and what a line begins with.
        if data != nil { data = [] }
    }

    private mutating func lineEnded(_ onOutput: (Output) -> Void) throws(ControlProtocolError) {
        if !isTooLong {
            lineCount += 1
            byteCount += line.count
            if lineCount > Self.maximumLineCount || byteCount > Self.maximumReplyByteCount { drop() }
        }
        if data != nil {
            dataLineEnded()
            return
        }
        guard line.count >= 4, let status = Self.status(of: line) else {
            guard skipsForeignLines, self.status == 0 else { throw .malformedLine }
            startOver()
            return
        }
        guard self.status == 0 || status == self.status else { throw .malformedLine }
        self.status = status
        if !isTooLong { lines.append(.init(String(decoding: line[4...], as: UTF8.self))) }
        switch line[3] {
        case UInt8(ascii: "-"): break
        case UInt8(ascii: "+"): data = []
        case UInt8(ascii: " "):
            let output = isTooLong ? Output.tooLong(status: status) : .reply(.init(status: status, lines: lines))
            startOver()
            onOutput(output)
        default: throw .malformedLine
        }
    }

    private mutating func startOver() {
        status = 0
        lines = []
        byteCount = 0
        lineCount = 0
        isTooLong = false
    }

    private mutating func dataLineEnded() {
        if line.count == 1, line[0] == UInt8(ascii: ".") {
            // Every data line added a line feed of its own; the last one is a separator too many.
            if data?.isEmpty == false { data?.removeLast() }
            if !isTooLong { lines[lines.count - 1].data = data }
            data = nil
        } else if !isTooLong {
            data?.append(contentsOf: line.first == UInt8(ascii: ".") ? line[1...] : line[...])
            data?.append(0x0A)
        }
    }

    private static func status(of line: [UInt8]) -> Int? {
        guard line.count >= 3, line[..<3].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), line[0] > 0x30 else { return nil }
        return line[..<3].reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
