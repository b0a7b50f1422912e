import Foundation
import Testing

/// What a joiner is told about peers that are not termtalk, or not of its version.
struct NotTermTalkTests {
    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    ])
    func anotherProtocol(_ banner: String) async throws {
        let peer = try FakePeer(.says(Array(banner.utf8)))
        try await expectFailure(
            ["join", "room", "--direct", peer.address, "--accept-new-host"], code: "not-termtalk", status: 76)
    }

    /// So does a host that has too much to do; it is tried again for some time.
    @Test func peerThatCloses() async throws {
        let peer = try FakePeer(.closes)
        try await expectFailure(
            ["join", "room", "--direct", peer.address, "--accept-new-host"], code: "host-busy", status: 75)
    }

    @Test func peerThatEchoes() async throws {
        let peer = try FakePeer(.echoes)
        try await expectFailure(
            ["join", "room", "--direct", peer.address, "--accept-new-host"], code: "not-termtalk", status: 76)
    }

    @Test func silentPeer() async throws {
        let peer = try FakePeer(.says([]))
        async let told = TermTalkProcess.run(
            ["join", "room", "--direct", peer.address, "--accept-new-host", "--json"], home: TestHome())
        let result = try await told
        // What it waits for is said long before it is given up.
        #expect(result.events("starting").map(\.phase) == ["dial", "handshake", "host-answer"])
        #expect(result.events("warning").isEmpty)
        #expect(result.events("error").map(\.code) == ["connection-timeout"])
        #expect(result.status == 69)
    }

    @Test func hostOfAnotherVersion() async throws {
        let peer = try FakePeer(.says([0x00, 0x01, 0x02]))
        try await expectFailure(
            ["join", "room", "--direct", peer.address, "--accept-new-host"], code: "version-mismatch", status: 76)
    }
}
