import Foundation
import PrivateTorNetwork
import Testing

/// `termtalk say`: deliver and leave.
struct SayTests {
    @Test func theHostHasItWhenItExits() async throws {
        let hosted = try await HostedRoom.direct()
        let plain = try await TermTalkProcess.run(["say", hosted.invite, "two", "words"], home: TestHome())
        #expect(plain.status == 0)
        #expect(plain.output == [])
        #expect(plain.errors == [])
        try await hosted.host.event("message") { $0.text == "two words" }
        try await hosted.host.event("member-left") { $0.reason == "quit" }

        let json = try await TermTalkProcess.run(
            ["say", hosted.room, "/who is it", "--direct", hosted.address, "--host-key", hosted.hostKey, "--json"],
            home: TestHome())
        #expect(json.status == 0)
        #expect(json.events("message").map(\.text) == ["/who is it"])
        #expect(json.events("delivered").map(\.id) == json.events("message").map(\.id))
        #expect(json.events("closed").map(\.reason) == ["quit"])
        #expect(json.events.count == json.output.count)
    }

    @Test func textFromStandardInput() async throws {
        let hosted = try await HostedRoom.direct()
        let home = try TestHome()
        let longest = String(repeating: "ä", count: 32_768)
        for (text, said) in [
            ("line\n\nline\n", "line\n\nline"), (longest + "\n", longest), ("one\r\n", "one"),
            ("\u{FEFF}one\r\ntwo\r\n", "one\ntwo"),
        ] {
            let process = try TermTalkProcess(["say", hosted.invite, "-"], home: home)
            process.write(text)
            process.closeInput()
            #expect(try await process.result().status == 0)
            try await hosted.host.event("message") { $0.text == said }
        }
        for (text, code) in [(longest + "x", "message-too-large"), ("\n", "input-invalid"), ("", "input-invalid")] {
            let process = try TermTalkProcess(["say", hosted.invite, "-", "--json"], home: home)
            process.write(text)
            process.closeInput()
            let result = try await process.result()
            #expect(result.status == 65)
            #expect(result.events("error").map(\.code) == [code])
        }
    }

    @Test func allPresentHaveIt() async throws {
        let hosted = try await HostedRoom.direct()
        let members = [try await hosted.join(), try await hosted.join()]
        try await hosted.host.events("member-joined", count: 2)
        let result = try await TermTalkProcess.run(
            ["say", hosted.invite, "all?", "--wait-ack", "members", "--json"], home: TestHome())
        #expect(result.status == 0)
        let last = try #require(result.events("acknowledged").last)
        #expect(last.count == 3 && last.of == 3)
        for member in members {
            try await member.event("message") { $0.text == "all?" }
        }
    }

    /// One who is present is stopped, so that there is no acknowledgement before it goes on.
    @Test func itWaitsForWhoIsSlow() async throws {
        let hosted = try await HostedRoom.direct()
        let slow = try await hosted.join()
        try await hosted.host.event("member-joined")
        slow.signal(SIGSTOP)
        let say = try TermTalkProcess(
            ["say", hosted.invite, "wait", "--wait-ack", "members", "--json"], home: TestHome())
        // The host has it, and the slow one does not.
        try await say.event("acknowledged") { $0.count == 1 && $0.of == 2 }
        #expect(say.pid != nil)
        slow.signal(SIGCONT)
        let result = try await say.result()
        #expect(result.status == 0)
        try await slow.event("message") { $0.text == "wait" }
    }

    /// One whose connection is broken is not present, although its place is kept for a quarter of an hour.
    @Test func itDoesNotWaitForWhoIsAway() async throws {
        let hosted = try await HostedRoom.direct()
        let gone = try await hosted.join()
        try await hosted.host.event("member-joined")
        gone.signal(SIGKILL)
        let result = try await TermTalkProcess.run(
            ["say", hosted.invite, "anybody?", "--wait-ack", "members", "--json"], home: TestHome())
        #expect(result.status == 0)
        let last = try #require(result.events("acknowledged").last)
        #expect(last.count == 1 && last.of == 1)
    }

    @Test func theRoomEndsBeforeAllHaveIt() async throws {
        let hosted = try await HostedRoom.direct()
        let slow = try await hosted.join()
        try await hosted.host.event("member-joined")
        slow.signal(SIGSTOP)
        let say = try TermTalkProcess(
            ["say", hosted.invite, "wait", "--wait-ack", "members", "--json"], home: TestHome())
        try await say.event("delivered")
        hosted.host.send("/quit")
        let result = try await say.result()
        #expect(result.status == 75)
        #expect(result.events("error").map(\.code) == ["not-acknowledged"])
        slow.signal(SIGKILL)
    }

    @Test(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
    func throughTor() async throws {
        let network = try await PrivateTorNetwork.shared()
        let hosted = try await HostedRoom.onion(network.host.controlFlags)
        let result = try await TermTalkProcess.run(
            ["say", hosted.invite, "from", "afar", "--wait-ack", "members", "--json"] + network.client.socksFlags,
            home: TestHome())
        #expect(result.status == 0, "\(result.output) \(result.errors)")
        try await hosted.host.event("message") { $0.text == "from afar" }
    }
}
