import EventLoop
import Testing

/// Runs a loop until `body` says that it is finished; a test that never does fails after a generous time.
func runLoop(
    timeout: Duration = .seconds(90), sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (_ loop: EventLoop, _ finish: @escaping () -> Void) throws -> Void
) throws {
    let loop = try EventLoop()
    let timer = loop.schedule(after: timeout) {
        Issue.record("what the test waits for did not happen", sourceLocation: sourceLocation)
        loop.stop()
    }
    try body(loop) {
        timer.cancel()
        loop.stop()
    }
    loop.run()
}

/// A handler made of closures.
final class Handler: ByteStreamHandler {
    var onBytes: ([UInt8]) -> Void
    var onClose: (StreamCloseReason) -> Void

    init(onBytes: @escaping ([UInt8]) -> Void = { _ in }, onClose: @escaping (StreamCloseReason) -> Void = { _ in }) {
        self.onBytes = onBytes
        self.onClose = onClose
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        onBytes(bytes.indices.map { bytes[$0] })
    }

    func streamDrained() {}
    func streamClosed(_ reason: StreamCloseReason) { onClose(reason) }
}
