import Foundation
import PrivateTorNetwork
import Testing

/// Files that go through tor, in the private network.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct OnionFileTests {
    @Test("Some megabytes through tor, and messages meanwhile")
    func onion() async throws {
        let network = try await PrivateTorNetwork.shared()
        let home = try TestHome()
        let hosted = try await HostedRoom.onion(network.host.controlFlags)
        let path = try home.write("speech.txt", String(repeating: "0123456789abcdef", count: 200_000))
        let receiver = try await hosted.join(
            network.client.socksFlags + ["--files-to", "\(home.path)/in", "--accept-files", "10M"], home: home)
        try await hosted.host.event("member-joined")
        hosted.host.send("/send \(path)")
        try await receiver.event("file-offered")
        hosted.host.send("meanwhile")
        try await receiver.event("message") { $0.text == "meanwhile" }
        let done = try await receiver.event("file-done", seconds: 400)
        #expect(FileManager.default.contentsEqual(atPath: try #require(done.path), andPath: path))
        try await hosted.host.event("file-done")
        // And back, from the member to the host, which has asked for nothing before.
        receiver.send("/send \(path)")
        let offer = try await hosted.host.event("file-offered") { $0.isOwn == false }
        hosted.host.send("/accept \(offer.number ?? 0) \(hosted.home.path)/in")
        let back = try await hosted.host.event("file-done", seconds: 400) { $0.path != nil }
        #expect(FileManager.default.contentsEqual(atPath: try #require(back.path), andPath: path))
    }
}
