import Foundation
import PrivateTorNetwork
import Testing

/// A room in which nobody says anything for a long time: `make idle-hour`, or TERMTALK_IDLE_SECONDS=… for another time.
struct IdleTests {
    private static let seconds = ProcessInfo.processInfo.environment["TERMTALK_IDLE_SECONDS"].flatMap { Double($0) }

    @Test(
        .enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"),
        .enabled(if: seconds != nil, "takes as long as TERMTALK_IDLE_SECONDS says"))
    func aMessageAfterALongSilence() async throws {
        let network = try await PrivateTorNetwork.shared()
        let hosted = try await HostedRoom.onion(network.host.controlFlags, ["--ttl", "none"])
        let members = [
            try await hosted.join(network.client.controlFlags), try await hosted.join(network.client.socksFlags),
        ]
        try await hosted.host.events("member-joined", count: 2)
        let begin = ContinuousClock.now
        try await Task.sleep(for: .seconds(Self.seconds ?? 0))
        let sent = ContinuousClock.now
        hosted.host.send("still there?")
        for member in members {
            try await member.event("message", seconds: 30) { $0.text == "still there?" }
        }
        let there = ContinuousClock.now
        members[0].send("yes")
        try await hosted.host.event("message", seconds: 30) { $0.text == "yes" }
        print(
            """
            idle: after \(Int((sent - begin) / .seconds(1))) s of silence over tor, there in \
            \(Int((there - sent) / .milliseconds(1))) ms, back in \(Int((ContinuousClock.now - there) / .milliseconds(1))) ms
            """)
        // The connections of before, not new ones.
        for member in members { #expect(!member.eventsSoFar.contains { $0.event == "connection" }) }
    }
}
