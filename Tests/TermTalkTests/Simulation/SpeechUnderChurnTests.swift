import Chat
import EventLoop
import Room
import TestSupport
import Testing

@testable import TermTalk

/// Whoever comes and goes silences nobody: the real host and members, in made-up time.
@Suite struct SpeechUnderChurnTests {
    /// Milliseconds that a byte needs each way at least; at most twice as many. The groups are real where the seed is a
    /// multiple of 16.
    @Test(
        "While others come and go as fast as they may, what is said is heard within two round trips",
        arguments: [(25, 1), (100, 2), (300, 3), (500, 4), (1_000, 5), (500, 16)] as [(Int, UInt64)])
    func heardInTime(delay: Int, seed: UInt64) async throws {
        let late = try await onOwnThread { try Self.run(delay: .milliseconds(delay), seed: seed) }
        #expect(late.said >= 40)
        // As many as the pace lets in; each stays for a moment only.
        #expect(late.came >= 30)
        #expect(late.worst <= .milliseconds(2 * 4 * delay), "\(late)")
        #expect(late.unheard == 0, "\(late)")
        #expect(late.complaints.isEmpty, "\(late)")
    }

    struct Outcome: Sendable {
        var said = 0
        var came = 0
        /// Of those who were there all the time.
        var unheard = 0
        var worst = Duration.zero
        var complaints: [String] = []
    }

    private static func run(delay: Duration, seed: UInt64) throws -> Outcome {
        let world = try SimulatedRoom(seed: seed, delay: delay)
        var outcome = Outcome()
        var saidAt: [String: MonotonicTime] = [:]
        let speaker = try world.addMember()
        let listener = try world.addMember()
        var heard: Set<String> = []
        listener.onHeard = { text in
            guard let at = saidAt[text] else { return }
            heard.insert(text)
            outcome.worst = max(outcome.worst, world.loop.now - at)
        }
        let begin = world.loop.now + .seconds(30)
        let end = begin + .seconds(60)
        func churn() {
            guard world.loop.now < end else { return }
            for stay in world.alive where stay !== speaker && stay !== listener && !stay.ids.isEmpty {
                outcome.came += 1
                stay.node?.leave()
            }
            do {
                try world.addMember()
            } catch {
                outcome.complaints.append("\(error)")
            }
            world.loop.schedule(after: .milliseconds(400)) { churn() }
        }
        func speak() {
            guard world.loop.now < end else {
                world.loop.schedule(after: .seconds(60)) { world.loop.stop() }
                return
            }
            world.say(speaker)
            if let text = speaker.said.last { saidAt[text] = world.loop.now }
            world.loop.schedule(after: .milliseconds(1_300)) { speak() }
        }
        world.loop.schedule(after: begin - world.loop.now) {
            churn()
            speak()
        }
        world.loop.run()
        outcome.said = saidAt.count
        outcome.unheard = saidAt.count - heard.count
        outcome.complaints += (speaker.errors + listener.errors).map(\.rawValue)
        if world.hostSequences != Array(1..<world.given + 1) { outcome.complaints.append("the order has gaps") }
        if world.hostTexts != speaker.said { outcome.complaints.append("the host has heard something else") }
        return outcome
    }
}
