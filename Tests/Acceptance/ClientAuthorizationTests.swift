import Foundation
import PrivateTorNetwork
import TestSupport
import Testing

/// `host --client-auth`, with the program itself and real tors.
@Suite(.serialized, .enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct ClientAuthorizationTests {
    /// The keys that a tor has been given.
    private func keys(of tor: TorProcess) throws -> [String] {
        try tor.command("ONION_CLIENT_AUTH_VIEW").filter { $0.hasPrefix("CLIENT ") }
    }

    @Test func onlyInvitesOpenTheRoom() async throws {
        let network = try await PrivateTorNetwork.shared()
        // Tors that no other test disturbs: nobody's connection is to break here.
        let hostTor = try await network.startClient()
        let memberTor = try await network.startClient()
        defer { for tor in [hostTor, memberTor] { tor.kill() } }
        let hosted = try await HostedRoom.onion(hostTor.controlFlags, ["--client-auth", "--nick", "host"])
        #expect(try InviteText(hosted.invite).key.first == 3)

        // Without a key, from a tor that has never heard of the room.
        let stranger = try await network.startClient()
        defer { stranger.kill() }
        try await expectFailure(
            ["join", hosted.room, "--onion", hosted.address] + stranger.socksFlags, code: "onion-auth-required",
            status: 77)
        // tor takes keys at a control port, and only that of the tor in use will do.
        try await expectFailure(["join", hosted.invite] + stranger.socksFlags, code: "tor-permission", status: 77)

        let member = try await hosted.join(memberTor.controlFlags + ["--nick", "first"])
        #expect(try keys(of: memberTor).count == 1)

        // What a member passes on is as good.
        member.send("/invite")
        #expect(try await member.event("invite").invite == hosted.invite)

        // Each further invite changes the service, and is told when it can be used; meanwhile the room talks on.
        let once = try await invite("--once", hosted)
        try await talk(hosted.host, member, "while the keys change")
        let unused = try await invite("--uses 3", hosted)
        hosted.host.send("/invite --revoke \(try #require(unused.number))")
        try await hosted.host.event("invite-revoked")
        _ = try await invite("--expires 1h", hosted)
        try await talk(member, hosted.host, "and have changed")

        let secondTor = try await network.startClient()
        defer { secondTor.kill() }
        let second = try TermTalkProcess(
            ["join", try #require(once.invite), "--json", "--nick", "second"] + secondTor.controlFlags, home: TestHome()
        )
        try await second.event("joined-room")
        try await talk(second, member, "to those who were there before")

        // What was revoked resolves nothing any more.
        let revokedTor = try await network.startClient()
        defer { revokedTor.kill() }
        try await expectFailure(
            ["join", try #require(unused.invite)] + revokedTor.controlFlags, code: "onion-auth-required", status: 77)

        for person in [hosted.host, member] {
            #expect(person.eventsSoFar.filter { $0.event == "connection" }.isEmpty)
        }
        for person in [member, second] {
            person.send("/quit")
            #expect(try await person.result().status == 0)
        }
        for tor in [memberTor, secondTor, stranger, revokedTor] { #expect(try keys(of: tor).isEmpty) }
    }

    @Test func anOwnTorTakesTheKey() async throws {
        let network = try await PrivateTorNetwork.shared()
        let hosted = try await HostedRoom.onion(network.host.controlFlags, ["--client-auth"])
        let include = network.managedInclude.path
        let member = try TermTalkProcess(
            ["join", hosted.invite, "--json", "--tor", "managed"], home: TestHome(),
            environment: ["TERMTALK_TOR_INCLUDE": include])
        try await member.event("joined-room")
        member.send("through a tor of my own")
        try await hosted.host.event("message") { $0.text == "through a tor of my own" }
    }

    /// An invite is made when tor has its key, and comes in the form that was asked for.
    @Test(.enabled(if: Terminal.tmux != nil && CodeReader.isAvailable, "needs tmux and zbar"))
    func formsOfALaterInvite() async throws {
        let network = try await PrivateTorNetwork.shared()
        let host = try await Terminal(
            ["host", "--client-auth", "--ttl", "20m", "--nick", "hostess"] + network.host.controlFlags,
            home: TestHome(), width: 140, height: 70, environment: ["TERM=xterm-256color"])
        try await host.acceptClipboard()
        try await host.shows("/help lists the")
        try await host.type("/invite --once --copy")
        try await host.shows("the invite was given to the terminal's clipboard")
        let copied = try #require(try await host.clipboard())
        #expect(copied.hasPrefix("termtalk://"))
        #expect(try await !host.everything().joined().contains(copied), "it is not shown beside")
        try await host.type("/invite --once --qr")
        var code = ""
        try await host.seen("a code that can be read") { rows in
            let drawn = rows.filter { row in
                row.contains { "█▀▄".contains($0) } && row.allSatisfy { "█▀▄ ".contains($0) }
            }
            code = (try? CodeReader.read(drawn, areLettersLight: false)) ?? ""
            return !code.isEmpty
        }
        #expect(code.hasPrefix("termtalk://") && code != copied)
        try await host.press("Enter")
        let member = try TermTalkProcess(
            ["join", code, "--json"] + network.client.controlFlags, home: TestHome())
        try await member.event("joined-room")
        try await host.type("/end")
        try await host.type("/end")
        try await member.event("closed")
    }

    @Test func isForOnionServicesOnly() async throws {
        let result = try await TermTalkProcess.run(
            ["host", "--client-auth", "--direct", "127.0.0.1:0"], home: TestHome())
        #expect(result.status == 64)
    }

    private func talk(_ from: TermTalkProcess, _ to: TermTalkProcess, _ text: String) async throws {
        from.send(text)
        try await to.event("message") { $0.text == text }
    }

    private func invite(_ options: String, _ hosted: HostedRoom) async throws -> ProgramEvent {
        let start = hosted.host.eventCount
        hosted.host.send("/invite \(options)")
        return try await hosted.host.event("invite", from: start)
    }
}
