import Foundation
import PrivateTorNetwork
import Testing

/// The main thing: an onion room, in the private network.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct OnionChatTests {
    @Test func threePeopleSendAThousandMessagesEach() async throws {
        let network = try await PrivateTorNetwork.shared()
        // As with Debian's tor: a unix socket and a cookie.
        let hosted = try await HostedRoom.onion(network.host.controlFlags, ["--nick", "host"])
        #expect(hosted.ready.transport == "onion")
        #expect(hosted.address.wholeMatch(of: /[a-z2-7]{56}\.onion:12345/) != nil)
        #expect(hosted.room.wholeMatch(of: /[0-9a-f]{16}/) != nil)
        #expect(hosted.invite.hasPrefix("termtalk://\(hosted.room)@\(hosted.address)/?k="))
        #expect(hosted.ready.expires != nil)
        let phases = hosted.host.eventsSoFar.filter { $0.event == "starting" }.map(\.phase)
        #expect(phases.first == "tor-connect")
        #expect(phases.last == "onion-publish")

        let byInvite = try await hosted.join(network.client.socksFlags + ["--nick", "invited"])
        #expect(try await byInvite.event("joined-room").trust == "invite")
        let byRoom = try TermTalkProcess(
            ["join", hosted.room, "--onion", hosted.address, "--json"] + network.client.controlFlags, home: TestHome())
        let joined = try await byRoom.event("joined-room")
        #expect(joined.trust == "none")
        #expect(joined.transport == "onion")
        #expect(joined.address == hosted.address)
        #expect(joined.hostKey == hosted.hostKey)
        #expect(joined.members?.count == 3)
        try await hosted.host.events("member-joined", count: 2)
        // What is said by somebody who has not heard of the third one yet is not for that one.
        try await byInvite.event("member-joined")

        let people = [hosted.host, byInvite, byRoom]
        try await ThreeWayChat.run(people, count: 1_000, seconds: 300)
        try await ThreeWayChat.end(people)
    }

    /// Who came by the address notices the next time when the host has another key.
    @Test func hostKeyIsRememberedWithoutAnInvite() async throws {
        let network = try await PrivateTorNetwork.shared()
        let home = try TestHome()
        let hosted = try await HostedRoom.onion(network.host.controlFlags)
        let arguments = ["join", hosted.room, "--onion", hosted.address, "--json"] + network.client.socksFlags
        for trust in ["none", "known"] {
            let stay = try await TermTalkProcess.run(arguments, home: home)
            #expect(stay.status == 0)
            #expect(stay.events("joined-room").map(\.trust) == [trust])
        }
        let known = "\(home.path)/state/termtalk/known_hosts.json"
        let text = try String(contentsOfFile: known, encoding: .utf8)
        let another = String(repeating: "9", count: 63) + "0"
        try text.replacing(hosted.hostKey, with: another).write(toFile: known, atomically: false, encoding: .utf8)
        let refused = try await TermTalkProcess.run(arguments, home: home)
        #expect(refused.events("error").map(\.code) == ["host-key-mismatch"])
        #expect(refused.status == 76)
    }

    /// Whoever controls the joiner's tor is told the service, which it has to find, and nothing more.
    @Test func torIsNotToldTheRoom() async throws {
        let network = try await PrivateTorNetwork.shared()
        let hosted = try await HostedRoom.onion(network.host.controlFlags)
        let tor = try await network.startClient()
        let control = try tor.control()
        try control.command("SETEVENTS STREAM")
        let member = try await hosted.join(tor.socksFlags)
        var events: [String] = []
        while !events.contains(where: { $0.contains("SUCCEEDED") }) {
            events += try control.event("STREAM")
        }
        member.send("/quit")
        #expect(try await member.result().status == 0)
        #expect(events.contains { $0.contains("SOCKS_USERNAME=") && $0.contains(hosted.address.prefix(56)) })
        #expect(!events.contains { $0.contains(hosted.room) })
        tor.terminate()
    }

    @Test func plainHostPrintsFourLinesAndThenTheConversation() async throws {
        let network = try await PrivateTorNetwork.shared()
        let host = try TermTalkProcess(
            ["host", "--onion", "--plain", "--room", "plain.room", "--port", "4242", "--nick", "host"]
                + network.host.controlFlags, home: TestHome())
        try await host.line { $0.hasPrefix("expires") }
        let announced = host.outputSoFar
        #expect(announced.count == 4)
        let onion = try #require(announced[0].wholeMatch(of: /onion   ([a-z2-7]{56}\.onion:4242)/)?.1)
        #expect(announced[1] == "room    plain.room")
        let invite = try #require(announced[2].wholeMatch(of: /invite  (termtalk:.*)/)?.1)
        #expect(invite.hasPrefix("termtalk://plain.room@\(onion)/?k="))
        #expect(announced[3] == "expires in 300s")

        let member = try TermTalkProcess(
            ["join", String(invite), "--plain", "--nick", "member"] + network.client.socksFlags, home: TestHome())
        member.send("hello")
        try await host.line { $0 == "<member> hello" }
        host.send("welcome")
        try await member.line { $0 == "<host> welcome" }
        member.closeInput()
        let left = try await member.result()
        #expect(left.status == 0)
        #expect(left.output == ["<member> hello", "<host> welcome"])
        host.closeInput()
        let ended = try await host.result()
        #expect(ended.status == 0)
        #expect(ended.output == announced + ["<member> hello", "<host> welcome"])
    }
}
