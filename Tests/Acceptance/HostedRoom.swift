import PrivateTorNetwork
import Testing

/// A room that a process hosts, and what its host announced.
struct HostedRoom: Sendable {
    let host: TermTalkProcess
    let ready: ProgramEvent
    let home: TestHome

    let room: String
    let address: String
    let invite: String
    let hostKey: String

    private init(_ host: TermTalkProcess, home: TestHome) async throws {
        self.host = host
        self.home = home
        ready = try await host.event("ready")
        room = try #require(ready.room)
        address = try #require(ready.address)
        invite = try #require(ready.invite)
        hostKey = try #require(ready.hostKey)
    }

    /// Hosts on a port of loopback, or at `places`, with --json.
    static func direct(
        _ more: [String] = [], at places: [String] = ["127.0.0.1:0"], home: TestHome? = nil,
        input: TermTalkProcess.Input = .pipe
    ) async throws -> HostedRoom {
        let home = try home ?? TestHome()
        let host = try TermTalkProcess(
            ["host", "--json"] + places.flatMap { ["--direct", $0] } + (more.contains("--ttl") ? [] : ["--ttl", "20m"])
                + more,
            home: home, input: input)
        return try await HostedRoom(host, home: home)
    }

    /// Hosts through a tor, with --json.
    static func onion(
        _ tor: [String], _ more: [String] = [], home: TestHome? = nil, environment: [String: String] = [:]
    ) async throws -> HostedRoom {
        let home = try home ?? TestHome()
        let host = try TermTalkProcess(
            ["host", "--onion", "--json", "--ttl", "20m"] + tor + more, home: home, environment: environment)
        return try await HostedRoom(host, home: home)
    }

    /// Starts a joiner with the invite, and waits until it is in the room.
    func join(_ more: [String] = [], home: TestHome? = nil) async throws -> TermTalkProcess {
        let joiner = try startJoin(more, home: home)
        try await joiner.event("joined-room")
        return joiner
    }

    /// Starts a joiner with the invite.
    func startJoin(
        _ more: [String] = [], home: TestHome? = nil, input: TermTalkProcess.Input = .pipe
    ) throws -> TermTalkProcess {
        try TermTalkProcess(["join", invite, "--json"] + more, home: home ?? TestHome(), input: input)
    }
}

extension TorProcess {
    /// Whether it has introduction circuits of the onion service at that address.
    func introduces(_ address: String) throws -> Bool {
        try query("circuit-status").split(separator: "\n").contains {
            $0.contains("PURPOSE=HS_SERVICE_INTRO") && $0.contains("REND_QUERY=\(address.prefix { $0 != "." })")
        }
    }

    /// Returns when it has none left; what tor does not take down makes the test end by its deadline.
    func waitUntilGone(_ address: String) async throws {
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        while try introduces(address) {
            try #require(ContinuousClock.now < deadline, "the service is still there")
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// The flags with which termtalk uses its control port, and the SOCKS port that this says.
    var controlFlags: [String] { ["--tor-control", controlArgument] }

    /// The flags with which termtalk uses nothing but its SOCKS port.
    var socksFlags: [String] { ["--tor-socks", "127.0.0.1:\(socksPort ?? 0)"] }
}
