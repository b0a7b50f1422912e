import TermTalk
import Testing

/// Whoever pastes the invite of a direct room is not shown to its host, or to the network, without having said so.
struct DirectConsentTests {
    /// A group's address (RFC 5771): nobody's alone, and no TCP connection to it ever leaves the machine.
    private static let place = "224.0.0.1:12345"

    /// The invite of a room that is gone, at another address.
    private static func invite() async throws -> String {
        let hosted = try await HostedRoom.direct(["--room", "gone"])
        let invite = try Invite(parsing: hosted.invite)
        return Invite(
            room: invite.room, address: try RoomAddress(direct: place), hostKey: invite.hostKey,
            creatorKey: invite.creatorKey, secret: invite.secret
        ).text
    }

    @Test(arguments: ["join", "say"]) func notWithoutATerminal(_ command: String) async throws {
        let words = command == "say" ? ["hello"] : []
        try await expectFailure(
            [command, Self.invite()] + words, code: "direct-not-allowed", status: 77)
    }

    /// What happens then is another matter: it is dialed.
    @Test(arguments: [["--direct", place], []]) func afterAFlagOrASetting(_ flags: [String]) async throws {
        let process = try TermTalkProcess(
            ["join", try await Self.invite(), "--json"] + flags, home: TestHome(),
            environment: flags.isEmpty ? ["TERMTALK_JOIN_DIRECT": "yes"] : [:])
        #expect(try await process.event("starting").phase == "dial")
    }

    /// It reveals nothing.
    @Test func notOnLoopback() async throws {
        let hosted = try await HostedRoom.direct()
        let member = try await hosted.join()
        member.send("/quit")
        #expect(try await member.result().status == 0)
    }

    /// The configuration says tor: it is used, or nothing.
    @Test(arguments: [
        ["TERMTALK_TOR_MODE": "managed", "TERMTALK_TOR": "/nonexistent/tor"], ["TERMTALK_TOR_SOCKS": "/nonexistent"],
        ["TERMTALK_TOR_MODE": "system", "TERMTALK_TOR_CONTROL": "/nonexistent"],
    ])
    func throughTheTorThatIsConfigured(_ environment: [String: String]) async throws {
        try await expectFailure(
            ["join", Self.invite()], code: "tor-unreachable", status: 69, environment: environment)
    }

    @Test(.enabled(if: Terminal.tmux != nil, "needs tmux"), arguments: [false, true])
    func asksOnATerminal(goesOn: Bool) async throws {
        let terminal = try await Terminal(["join", try await Self.invite(), "--plain"], home: TestHome())
        try await terminal.shows("will see your IP address.")
        try await terminal.type(goesOn ? "yes" : "no")
        if goesOn {
            try await terminal.shows("status 69.")
        } else {
            try await terminal.shows("status 77.")
        }
    }
}
