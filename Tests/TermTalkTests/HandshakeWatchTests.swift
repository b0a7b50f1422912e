import Testing

@testable import TermTalk

@Suite struct HandshakeWatchTests {
    private func isSilent(_ watch: inout HandshakeWatch, after time: Duration, at now: inout Duration) -> Bool {
        watch.connected(now: now)
        now += time
        return watch.ended(now: now)
    }

    @Test("Who is turned away at once has met a busy host, and however often, the room is not given up")
    func busy() {
        var (watch, now) = (HandshakeWatch(), Duration.seconds(100))
        for _ in 0..<100 {
            let silent = isSilent(&watch, after: HandshakeWatch.busyTime - .milliseconds(1), at: &now)
            #expect(!silent && !watch.isReopened(now: now))
        }
        let silent = isSilent(&watch, after: HandshakeWatch.busyTime, at: &now)
        #expect(silent)
    }

    @Test("A host is given up when it was silent often enough, for long enough, and nothing else happened")
    func silence() {
        var (watch, now) = (HandshakeWatch(), Duration.seconds(100))
        for _ in 1..<HandshakeWatch.reopenedTries {
            let silent = isSilent(&watch, after: .seconds(60), at: &now)
            #expect(silent && !watch.isReopened(now: now))
        }
        _ = isSilent(&watch, after: .seconds(60), at: &now)
        #expect(watch.isReopened(now: now))
        watch.isOver()
        for _ in 0..<HandshakeWatch.reopenedTries { _ = isSilent(&watch, after: .seconds(10), at: &now) }
        // So often, and not for so long.
        #expect(!watch.isReopened(now: now))
    }
}
