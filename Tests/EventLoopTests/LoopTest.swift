import EventLoop
import Foundation
import Testing

/// A loop on the thread of the test, with a deadline instead of a hang.
final class LoopTest {
    let loop: EventLoop
    private var held: [(stream: any ByteStream, recorder: Recorder)] = []

    private init() throws {
        loop = try EventLoop()
    }

    /// Lets `body` set things up, and runs the loop until something stops it.
    static func run(_ body: (LoopTest) throws -> Void) throws {
        let test = try LoopTest()
        try body(test)
        test.loop.schedule(after: .seconds(30)) {
            Issue.record("the test's deadline has passed")
            test.loop.stop()
        }
        test.loop.run()
        for (stream, recorder) in test.held {
            stream.close()
            recorder.forgetCallbacks()
        }
    }

    /// Gives `stream` a recorder and keeps it until the end of the test.
    @discardableResult
    func record(_ stream: some ByteStream) -> Recorder {
        let recorder = Recorder()
        held.append((stream, recorder))
        stream.handler = recorder
        return recorder
    }

    /// Two streams over sockets that are connected to each other.
    func streams(_ kind: SocketKind) throws -> (SocketStream, SocketStream) {
        let (left, right) = try kind.connectedDescriptors()
        return (SocketStream(adopting: left, loop: loop), SocketStream(adopting: right, loop: loop))
    }
}

/// A handler that remembers, and calls back.
final class Recorder: ByteStreamHandler {
    private(set) var received: [UInt8] = []
    private(set) var drainCount = 0
    private(set) var closed: [StreamCloseReason] = []
    var onReceived: ((Span<UInt8>) -> Void)?
    var onDrained: (() -> Void)?
    var onClosed: ((StreamCloseReason) -> Void)?
    /// False where a test moves more than it wants to keep.
    var keepsBytes = true

    /// They refer back to the recorder.
    func forgetCallbacks() {
        onReceived = nil
        onDrained = nil
        onClosed = nil
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        if keepsBytes { for index in bytes.indices { received.append(bytes[index]) } }
        onReceived?(bytes)
    }

    func streamDrained() {
        drainCount += 1
        onDrained?()
    }

    func streamClosed(_ reason: StreamCloseReason) {
        closed.append(reason)
        onClosed?(reason)
    }
}

enum SocketKind: CaseIterable {
    case unix
    case tcp

    struct Failure: Error {
        let errno: Int32
    }

    /// Two blocking sockets, connected to each other.
    func connectedDescriptors() throws -> (Int32, Int32) {
        switch self {
        case .unix:
            var pair: [Int32] = [-1, -1]
            try check(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair))
            return (pair[0], pair[1])
        case .tcp:
            let listener = try check(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
            defer { close(listener) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let client = try check(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
            try withUnsafeMutablePointer(to: &address) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    try check(bind(listener, pointer, length))
                    try check(listen(listener, 1))
                    try check(getsockname(listener, pointer, &length))
                    try check(connect(client, pointer, length))
                }
            }
            return (client, try check(accept(listener, nil, nil)))
        }
    }

    @discardableResult
    private func check(_ code: Int32) throws -> Int32 {
        if code < 0 { throw Failure(errno: errno) }
        return code
    }
}

extension ByteStream {
    func write(_ bytes: [UInt8]) {
        write(bytes.span)
    }

    func write(_ text: String) {
        write(Array(text.utf8))
    }
}

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}

/// A path for a socket or a file, short enough for a Unix socket.
func temporaryPath() -> String {
    "/tmp/loop-\(UInt64.random(in: .min ... .max))"
}
