import Foundation
import Testing

/// How stays and rooms end.
struct LifeCycleTests {
    @Test func roomClosesForAllWhenItsTimeIsOver() async throws {
        // On a busy machine the joiner may need more time than the first rooms have.
        for seconds in [3, 20, 90] {
            let hosted = try await HostedRoom.direct(["--ttl", "\(seconds)s"])
            let member = try hosted.startJoin()
            for process in [hosted.host, member] {
                let result = try await process.result()
                // Too late, at whatever moment the room ended.
                if process === member, seconds < 90, result.events("joined-room").isEmpty { break }
                #expect(result.events("closed").map(\.reason) == ["ttl"])
                #expect(result.events.last?.event == "closed")
                #expect(result.status == 0)
                #expect(result.errors == [])
            }
            guard let joined = member.eventsSoFar.first(where: { $0.event == "joined-room" }) else { continue }
            #expect(joined.expires != nil)
            return
        }
        Issue.record("nobody got into a room in time")
    }

    /// Both sides are told before, in time to do something about it.
    @Test func theEndIsTold() async throws {
        let hosted = try await HostedRoom.direct(["--ttl", "90s"])
        let member = try await hosted.join()
        for process in [hosted.host, member] { #expect(try await process.event("ending").secondsLeft == 60) }
        hosted.host.send("/extend 1h")
        try await member.event("room-extended")
        hosted.host.send("/quit")
        _ = try await member.result()
    }

    @Test func roomWithoutEnd() async throws {
        let hosted = try await HostedRoom.direct(["--ttl", "none"])
        let member = try await hosted.join()
        #expect(hosted.ready.expires == nil)
        #expect(try await member.event("joined-room").expires == nil)
        // Null, not absent.
        #expect(hosted.host.outputSoFar.contains { $0.contains(#""expires":null"#) })
    }

    @Test func hostQuits() async throws {
        let hosted = try await HostedRoom.direct()
        let member = try await hosted.join()
        hosted.host.send("last words")
        hosted.host.send("/quit")
        let host = try await hosted.host.result()
        #expect(host.status == 0)
        #expect(host.events("closed").map(\.reason) == ["host-quit"])
        let result = try await member.result()
        #expect(result.status == 0)
        #expect(result.events("message").map(\.text) == ["last words"])
        #expect(result.events("closed").map(\.reason) == ["host-quit"])
        #expect(result.events("error").isEmpty)
    }

    @Test func memberQuits() async throws {
        let hosted = try await HostedRoom.direct()
        let member = try await hosted.join(["--nick", "guest"])
        #expect(try await hosted.host.event("member-joined").count == 2)
        member.send("/quit")
        let left = try await hosted.host.event("member-left")
        #expect(left.reason == "quit")
        #expect(left.nick == "guest")
        #expect(left.count == 1)
        let result = try await member.result()
        #expect(result.status == 0)
        #expect(result.events("closed").map(\.reason) == ["quit"])
    }

    /// Its place is kept for as long as the host says.
    @Test func memberThatIsKilledIsLostAfterItsGrace() async throws {
        let hosted = try await HostedRoom.direct(["--max-members", "2", "--keep", "20s"])
        let member = try await hosted.join()
        let id = try await member.event("joined-room").member
        member.signal(SIGKILL)
        #expect(try await member.result().status == 128 + SIGKILL)
        let deadline = ContinuousClock.now + .seconds(120)
        var newcomer = try await TermTalkProcess.run(["say", hosted.invite, "at last", "--json"], home: TestHome())
        #expect(newcomer.events("error").map(\.code) == ["room-full"])
        while newcomer.status != 0, ContinuousClock.now < deadline {
            try await Task.sleep(for: .seconds(1))
            newcomer = try await TermTalkProcess.run(["say", hosted.invite, "at last", "--json"], home: TestHome())
        }
        #expect(newcomer.status == 0)
        let left = try await hosted.host.event("member-left")
        #expect(left.reason == "lost")
        #expect(left.id == id)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func signalToMember(_ signal: Int32)
        async throws
    {
        let hosted = try await HostedRoom.direct()
        let member = try await hosted.join()
        member.signal(signal)
        let result = try await member.result()
        #expect(result.status == (signal == SIGINT ? 130 : 0))
        #expect(result.events("closed").map(\.reason) == ["quit"])
        #expect(try await hosted.host.event("member-left").reason == "quit")
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func signalToHost(_ signal: Int32)
        async throws
    {
        let hosted = try await HostedRoom.direct()
        let member = try await hosted.join()
        hosted.host.signal(signal)
        let host = try await hosted.host.result()
        #expect(host.status == (signal == SIGINT ? 130 : 0))
        #expect(host.events("closed").map(\.reason) == ["host-quit"])
        let result = try await member.result()
        #expect(result.status == 0)
        #expect(result.events("closed").map(\.reason) == ["host-quit"])
        #expect(try String(contentsOfFile: hosted.home.registryPath, encoding: .utf8).contains(hosted.room) == false)
    }

    @Test func signalWhileConnecting() async throws {
        let peer = try FakePeer(.says([]))
        let joiner = try TermTalkProcess(
            ["join", "room", "--direct", peer.address, "--accept-new-host", "--json"], home: TestHome())
        try await joiner.event("starting") { $0.phase == "handshake" }
        joiner.signal(SIGINT)
        let result = try await joiner.result()
        #expect(result.status == 130)
        #expect(result.events("error").isEmpty)
        withExtendedLifetime(peer) {}
    }

    /// A host whose input is a file says all of it to whoever is there, and leaves.
    @Test func hostWithInputFromAFile() async throws {
        let home = try TestHome()
        let input = try home.write("input", "one\ntwo\nthree")
        let host = try await TermTalkProcess.run(
            ["host", "--direct", "127.0.0.1:0", "--json"], home: home, input: .file(input))
        #expect(host.status == 0)
        #expect(host.events("message").map(\.text) == ["one", "two", "three"])
        #expect(host.events("closed").map(\.reason) == ["host-quit"])
    }

    @Test func hostWithoutInput() async throws {
        let host = try await TermTalkProcess.run(["host", "--direct", "127.0.0.1:0", "--json"], home: TestHome())
        #expect(host.status == 64)
        #expect(host.events.map(\.event) == ["error"])
    }

    @Test func joinerWithInputFromAFileLeavesWhenAllIsDelivered() async throws {
        let hosted = try await HostedRoom.direct()
        let count = 700
        let input = try hosted.home.write("input", (0..<count).map { "line \($0)" }.joined(separator: "\n"))
        let joiner = try hosted.startJoin(input: .file(input))
        let result = try await joiner.result()
        #expect(result.status == 0)
        #expect(result.events("delivered").count == count)
        #expect(result.events("closed").map(\.reason) == ["quit"])
        let heard = try await hosted.host.events("message", count: count)
        #expect(heard.map(\.text) == (0..<count).map { "line \($0)" })
        #expect(try await hosted.host.event("member-left").reason == "quit")
    }

    @Test func joinerWithoutInput() async throws {
        let hosted = try await HostedRoom.direct()
        let result = try await hosted.startJoin(input: .null).result()
        #expect(result.status == 0)
        #expect(result.events("joined-room").count == 1)
        #expect(result.events("closed").map(\.reason) == ["quit"])
    }

    /// The host gives its whole conversation to a member that is slow, before it closes.
    @Test func endOfTheHostsInputWaitsForTheMembers() async throws {
        let hosted = try await HostedRoom.direct()
        let member = try await hosted.join()
        try await hosted.host.event("member-joined")
        let text = String(repeating: "x", count: 60_000)
        for number in 0..<20 { hosted.host.send("\(number) \(text)") }
        hosted.host.closeInput()
        let result = try await member.result()
        #expect(result.events("message").count == 20)
        #expect(result.events("closed").map(\.reason) == ["host-quit"])
        #expect(try await hosted.host.result().status == 0)
    }
}
