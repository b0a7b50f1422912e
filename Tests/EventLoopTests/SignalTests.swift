import EventLoop
import Foundation
import TestSupport
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

    @Test("A signal that was blocked by whoever started the process", arguments: [SIGHUP, SIGTERM, SIGINT])
    func blockedBefore(signal: Int32) async throws {
        let count = try await onOwnThread {
            var set = sigset_t()
            sigemptyset(&set)
            sigaddset(&set, signal)
            pthread_sigmask(SIG_BLOCK, &set, nil)
            var count = 0
            try LoopTest.run { test in
                test.loop.onSignal(signal) {
                    count += 1
                    test.loop.stop()
                }
                pthread_kill(pthread_self(), signal)
            }
            return count
        }
        #expect(count == 1)
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
