/// Bytes of standard input, cut into lines.
///
/// A line ends in LF or CR LF; the last one may end with the input. A byte-order mark at the beginning of the input is left
/// out. Invalid UTF-8 becomes U+FFFD. A line longer than the
/// limit is reported once, when the limit is passed, and skipped up to its end; no more than the limit is ever kept.
package struct LineSplitter: Sendable {
    /// What was found.
    package enum Item: Sendable, Equatable {
        case line(String)
        /// A line was too long and is not delivered.
        case tooLong
    }

    private let maximumByteCount: Int
    private var partial: [UInt8] = []
    private var isSkipping = false
    private var isFirst = true

    /// A splitter of lines of at most `maximumByteCount` bytes, their ends not counted.
    package init(maximumByteCount: Int = InputParser.maximumLineByteCount) {
        precondition(maximumByteCount > 0)
        self.maximumByteCount = maximumByteCount
    }

    /// Bytes have been read; `onItem` is called for each line that they complete, in order.
    package mutating func received<E: Error>(
        _ bytes: Span<UInt8>, onItem: (Item) throws(E) -> Void
    ) throws(E) {
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == 0x0A {
                if let item = takeLine() { try onItem(item) }
            } else if !isSkipping {
                // One more than the limit, in case it is the CR of the line's end.
                if partial.count < maximumByteCount || (partial.count == maximumByteCount && byte == 0x0D) {
                    partial.append(byte)
                } else {
                    skip()
                    try onItem(.tooLong)
                }
            }
        }
    }

    /// The input has ended; returns the last line when nothing ended it.
    package mutating func finished() -> Item? {
        let hasLine = !partial.isEmpty
        let item = takeLine()
        return hasLine ? item : nil
    }

    private mutating func skip() {
        isSkipping = true
        partial = []
    }

    private mutating func takeLine() -> Item? {
        defer {
            isSkipping = false
            isFirst = false
            partial = []
        }
        guard !isSkipping else { return nil }
        if partial.last == 0x0D { partial.removeLast() }
        if isFirst, partial.starts(with: TextFile.byteOrderMark) { partial.removeFirst(TextFile.byteOrderMark.count) }
        return .line(String(decoding: partial, as: UTF8.self))
    }
}
