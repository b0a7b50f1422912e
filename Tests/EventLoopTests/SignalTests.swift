import EventLoop
import Foundation
import Testing

/// One after the other: libevent serves the signals of one loop at a time.
@Suite(.serialized) struct SignalTests {
    @Test(arguments: [SIGHUP, SIGUSR1, SIGTERM, SIGINT]) func handled(signal: Int32) throws {
        var count = 0
        try LoopTest.run { test in
            test.loop.onSignal(signal) {
                count += 1
                if count == 2 { test.loop.stop() } else { kill(getpid(), signal) }
            }
            kill(getpid(), signal)
        }
        #expect(count == 2)
    }

    @Test func cancelledHandlerStaysSilent() throws {
        var heard: [String] = []
        try LoopTest.run { test in
            let loop = test.loop
            let handle = loop.onSignal(SIGUSR1) { heard.append("cancelled") }
            loop.onSignal(SIGUSR1) {
                heard.append("kept")
                loop.stop()
            }
            handle.cancel()
            kill(getpid(), SIGUSR1)
        }
        #expect(heard == ["kept"])
    }

    @Test func brokenPipeIsIgnored() throws {
        _ = try EventLoop()
        // Would end the process.
        kill(getpid(), SIGPIPE)
    }
}
