internal import EventLoop
import Glibc
internal import TerminalUI

/// What takes the lines of standard input.
protocol ConsoleInputReceiver: AnyObject {
    func took(_ item: LineSplitter.Item)
    /// All that was there has been taken.
    func tookAll()
    /// Asked at ^D, and at the end of what is no terminal: whether it is the end.
    func mayInputEnd() -> Bool
    func inputEnded()
}

/// Standard input as lines. It is read only while somebody wants them.
final class ConsoleInput {
    private static let chunkByteCount = 65_536

    private let loop: EventLoop
    /// On a terminal whose characters are not UTF-8.
    private let charset: InputCharset?
    private unowned let receiver: any ConsoleInputReceiver
    private var splitter = LineSplitter()
    /// On a terminal with --plain.
    private var plain: PlainInput?
    private var handle: ReadableHandle?

    init(loop: EventLoop, charset: InputCharset?, receiver: any ConsoleInputReceiver) {
        self.loop = loop
        self.charset = charset
        self.receiver = receiver
    }

    var isWanted: Bool {
        get { handle != nil }
        set {
            if !newValue {
                handle?.cancel()
                handle = nil
            } else if handle == nil {
                handle = loop.watchReadable(STDIN_FILENO) { [weak self] in self?.readChunk() }
            }
        }
    }

    /// Takes the terminal, so that nothing is written into a line that is begun.
    func takeTerminal(output: ConsoleOutput) {
        plain = plain ?? PlainInput(loop: loop, output: output)
    }

    /// Forgets the line that is begun; whether there was one, as far as that is known here.
    func clearLine() -> Bool { plain?.clear() == true }

    func close() {
        isWanted = false
        plain?.close()
        plain = nil
    }

    private func readChunk() {
        var chunk = [UInt8](repeating: 0, count: Self.chunkByteCount)
        var count = unsafe chunk.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
        if count < 0 && (errno == EINTR || errno == EAGAIN) { return }
        if count > 0, let charset {
            chunk = charset.utf8(Array(chunk[..<count]))
            count = chunk.count
            guard count > 0 else { return }
        }
        guard count > 0 else {
            // A terminal goes on after ^D.
            if count < 0 || receiver.mayInputEnd() { ended() }
            return
        }
        if let plain {
            for step in plain.received(chunk.span.extracting(0..<count)) {
                switch step {
                case .line(let line): receiver.took(.line(line))
                case .endOfInput: if receiver.mayInputEnd() { ended() }
                }
            }
        } else {
            splitter.received(chunk.span.extracting(0..<count)) { receiver.took($0) }
        }
        receiver.tookAll()
    }

    private func ended() {
        if let last = splitter.finished() { receiver.took(last) }
        receiver.inputEnded()
    }
}
