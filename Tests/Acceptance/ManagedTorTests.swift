import Foundation
import PrivateTorNetwork
import Testing

/// The tor that the program starts by itself.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct ManagedTorTests {
    @Test(arguments: [SIGTERM, SIGKILL]) func childServesTheRoomAndEndsWithTheHost(_ signal: Int32) async throws {
        let network = try await PrivateTorNetwork.shared()
        let include = network.managedInclude.path
        let hosted = try await HostedRoom.onion(
            ["--tor", "managed"], environment: ["TERMTALK_TOR_INCLUDE": include])
        #expect(hosted.host.eventsSoFar.contains { $0.event == "starting" && $0.phase == "tor-bootstrap" })
        let host = try #require(hosted.host.pid)
        let children = try Self.children(of: host)
        #expect(children.count == 1)
        let child = try #require(children.first)
        #expect(try String(contentsOfFile: "/proc/\(child)/comm", encoding: .utf8) == "tor\n")
        // What is secret in its arguments would be seen by everybody.
        let arguments = try String(contentsOfFile: "/proc/\(child)/cmdline", encoding: .utf8)
        #expect(!arguments.contains("k="))

        let member = try await hosted.join(network.client.socksFlags)
        member.send("through the own tor")
        #expect(try await hosted.host.event("message").text == "through the own tor")
        hosted.host.signal(signal)
        let result = try await hosted.host.result()
        #expect(result.status == (signal == SIGKILL ? 128 + SIGKILL : 0))
        if signal == SIGKILL {
            try await Self.waitForEnd(of: child)
        } else {
            // The program waits for its child.
            #expect(!FileManager.default.fileExists(atPath: "/proc/\(child)"))
            let left = try FileManager.default.subpathsOfDirectory(atPath: hosted.home.path)
            #expect(!left.contains { $0.contains("torrc") }, "\(left)")
        }
    }

    @Test func joinerWithItsOwnTor() async throws {
        let network = try await PrivateTorNetwork.shared()
        let hosted = try await HostedRoom.onion(network.host.controlFlags)
        let include = network.managedInclude.path
        let joiner = try TermTalkProcess(
            ["join", hosted.invite, "--tor", "managed", "--json"], home: TestHome(),
            environment: ["TERMTALK_TOR_INCLUDE": include])
        try await joiner.event("joined-room")
        joiner.send("hello")
        #expect(try await hosted.host.event("message").text == "hello")
        let process = try #require(joiner.pid)
        let child = try #require(try Self.children(of: process).first)
        joiner.send("/quit")
        #expect(try await joiner.result().status == 0)
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(child)"))
    }

    /// The child is killed: the program starts another one, and the address stays.
    @Test func childThatDiesIsStartedAgain() async throws {
        let network = try await PrivateTorNetwork.shared()
        let include = network.managedInclude.path
        let hosted = try await HostedRoom.onion(
            ["--tor", "managed"], environment: ["TERMTALK_TOR_INCLUDE": include])
        let host = try #require(hosted.host.pid)
        let child = try #require(try Self.children(of: host).first)
        let start = hosted.host.eventCount
        kill(child, SIGKILL)
        #expect(try await hosted.host.event("warning", from: start).code == "tor-control-lost")
        try await hosted.host.event("connection", from: start) { $0.state == "reconnecting" }
        try await hosted.host.event("connection", from: start) { $0.state == "connected" }
        let next = try #require(try Self.children(of: host).first)
        #expect(next != child)
        let member = try await hosted.join(network.client.socksFlags)
        member.send("again")
        #expect(try await hosted.host.event("message").text == "again")
    }

    /// A child that is stopped holds a panic up no more than others do, and nothing of it stays.
    @Test func panicWithAChildThatIsStopped() async throws {
        let network = try await PrivateTorNetwork.shared()
        let include = network.managedInclude.path
        let home = try TestHome()
        let host = try TermTalkProcess(
            ["host", "--onion", "--json", "--tor", "managed"], home: home,
            environment: ["TERMTALK_TOR_INCLUDE": include])
        try await host.event("starting") { $0.phase == "tor-bootstrap" }
        let pid = try #require(host.pid)
        let child = try #require(try Self.children(of: pid).first)
        kill(child, SIGSTOP)
        host.send("/panic")
        let result = try await host.result()
        #expect(result.status == 0)
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(child)"))
        let left = try FileManager.default.subpathsOfDirectory(atPath: home.path)
        #expect(!left.contains { $0.contains("termtalk-child") }, "\(left)")
    }

    /// XDG_RUNTIME_DIR is not used where others could put something in the place of what is made there.
    @Test func runtimeFolderOfOthers() async throws {
        let network = try await PrivateTorNetwork.shared()
        let include = network.managedInclude.path
        let home = try TestHome()
        let run = "\(home.path)/run"
        for change in [[.posixPermissions: 0o777], [.posixPermissions: 0o700, .ownerAccountID: 1_000]]
            as [[FileAttributeKey: Int]]
        {
            try FileManager.default.setAttributes(change, ofItemAtPath: run)
            let host = try TermTalkProcess(
                ["host", "--onion", "--json", "--tor", "managed"], home: home,
                environment: ["TERMTALK_TOR_INCLUDE": include])
            try await host.event("starting") { $0.phase == "tor-bootstrap" }
            #expect(try FileManager.default.contentsOfDirectory(atPath: run) == [])
            host.send("/panic")
            #expect(try await host.result().status == 0)
        }
    }

    static func children(of parent: pid_t) throws -> [pid_t] {
        var children: [pid_t] = []
        for task in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(parent)/task") {
            // A thread that has ended meanwhile has none.
            let file = "/proc/\(parent)/task/\(task)/children"
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { continue }
            children += text.split(separator: " ").compactMap { pid_t($0) }
        }
        return children
    }

    private static func waitForEnd(of pid: pid_t) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while case let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let status {
            // A zombie waits for whoever inherits it to look.
            if status.contains(") Z ") { return }
            guard ContinuousClock.now < deadline else {
                throw TermTalkProcess.Missing(description: "the child \(pid) lives on")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
