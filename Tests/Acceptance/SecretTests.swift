import Foundation
import PrivateTorNetwork
import Testing

/// Nothing that is secret gets into a log, whatever its level.
struct SecretTests {
    @Test func directRoomAtTraceLevel() async throws {
        let hosted = try await HostedRoom.direct(["--log-level", "trace"])
        let member = try await hosted.join(["--log-level", "trace"])
        try await talkAndCheck(hosted, member, secrets: [])
    }

    @Test(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
    func onionRoomAtTraceLevel() async throws {
        let network = try await PrivateTorNetwork.shared()
        // A password, so that there is one to look for; between program and tor, somebody who sees what they say.
        let password = "trace\(UInt64.random(in: .min ... .max))"
        let tor = try await network.startClient(.init(controlPassword: password))
        let relay = try FakePeer(.forwards(to: try #require(tor.controlPort)))
        let hosted = try await HostedRoom.onion(
            ["--tor-control", relay.address, "--log-level", "trace"],
            environment: ["TERMTALK_TOR_PASSWORD": password])
        let member = try await hosted.join(network.client.controlFlags + ["--log-level", "trace"])
        let traffic = relay.traffic
        let key = try #require(traffic.firstMatch(of: /ADD_ONION ED25519-V3:([A-Za-z0-9+\/=]{86,})/)?.1)
        let keyBytes = Array(try #require(Data(base64Encoded: String(key))))
        #expect(keyBytes.count == 64)
        // The key is the program's own: tor is told it, and does not tell it.
        #expect(!traffic.contains("PrivateKey="))
        let cookie = try Data(contentsOf: URL(filePath: try #require(network.client.cookiePath)))

        let invite = try InviteText(hosted.invite)
        for form in forms(of: invite.secret) + [invite.keyText] {
            #expect(!traffic.contains(form), "tor learns the invite")
        }
        try await talkAndCheck(
            hosted, member,
            secrets: [password] + forms(of: Array(password.utf8)) + [String(key)] + forms(of: keyBytes)
                + forms(of: Array(keyBytes[..<32])) + forms(of: Array(keyBytes[32...])) + forms(of: Array(cookie)))
        tor.terminate()
    }

    private func talkAndCheck(_ hosted: HostedRoom, _ member: TermTalkProcess, secrets: [String]) async throws {
        let said = "a text that nobody else reads \(UInt64.random(in: .min ... .max))"
        member.send(said)
        try await hosted.host.event("message")
        hosted.host.send("/invite")
        try await hosted.host.event("invite")
        member.send("/quit")
        let left = try await member.result()
        hosted.host.send("/quit")
        let host = try await hosted.host.result()
        // A log that is empty would prove nothing.
        #expect(!host.errors.isEmpty)

        let invite = try InviteText(hosted.invite)
        #expect(invite.key.count == 84)
        #expect(invite.key[1..<33].map { String(format: "%02x", $0) }.joined() == hosted.hostKey)
        let all = secrets + [said, invite.keyText, hosted.invite] + forms(of: invite.secret) + forms(of: invite.key)
        for (name, lines) in [("host", host.errors), ("member", left.errors), ("member's stdout", left.output)] {
            let text = lines.joined(separator: "\n")
            for (number, secret) in all.enumerated() where name != "member's stdout" || secret != said {
                #expect(!text.localizedCaseInsensitiveContains(secret), "secret \(number) in \(name)")
            }
        }
        // And on the host's stdout only where it belongs.
        for (line, event) in zip(host.output, host.events) where !["ready", "invite"].contains(event.event) {
            #expect(!line.contains(invite.keyText))
        }
    }

    /// The ways in which bytes are written into logs.
    private func forms(of bytes: [UInt8]) -> [String] {
        [
            bytes.map { String(format: "%02x", $0) }.joined(),
            Data(bytes).base64EncodedString().trimmingCharacters(in: ["="]),
            InviteText.base64URL(bytes),
            bytes.map { "\($0)" }.joined(separator: ", "),
        ]
    }
}
