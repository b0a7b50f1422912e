import Foundation
import Testing

/// What people and machines see of a conversation.
struct ConversationTests {
    @Test func directHostPrintsFourLines() async throws {
        let host = try TermTalkProcess(
            ["host", "--direct", "127.0.0.1:0", "--plain", "--ttl", "2h", "--room", "r"], home: TestHome())
        try await host.line { $0.hasPrefix("expires") }
        let lines = host.outputSoFar
        #expect(lines.count == 4)
        let address = try #require(lines[0].wholeMatch(of: /address (127\.0\.0\.1:[1-9]\d*)/)?.1)
        #expect(lines[1] == "room    r")
        #expect(lines[2].hasPrefix("invite  termtalk://r@\(address)/?k="))
        #expect(lines[3] == "expires in 7200s")
    }

    @Test func escapeSequencesFromAPeerAreInert() async throws {
        let hosted = try await HostedRoom.direct()
        let member = try TermTalkProcess(["join", hosted.invite, "--plain"], home: TestHome())
        try await hosted.host.event("member-joined")
        hosted.host.send(#"{"send":"\u001b]0;title\u0007\u001b[2J\u009b31mred\u0008\u202eevil\u0000\rover"}"#)
        hosted.host.send(#"{"send":"one\n<other> forged\ntermtalk: forged"}"#)
        hosted.host.send("end")
        try await member.line { $0.hasSuffix("end") }
        let lines = member.outputSoFar
        for line in lines {
            for scalar in line.unicodeScalars {
                #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value), "\(line.debugDescription)")
                #expect(![0x200E, 0x200F].contains(scalar.value) && !(0x202A...0x202E).contains(scalar.value))
            }
            // Each begins as a message of its sender does, or as the continuation of one.
            #expect(line.hasPrefix("<") && !line.hasPrefix("<other>") || line.hasPrefix("  "), "\(line)")
        }
        #expect(lines.contains { $0.contains("red") && $0.contains("evil") })
    }

    @Test func escapeSequencesInNicksAndObjects() async throws {
        let hosted = try await HostedRoom.direct()
        let member = try await hosted.join()
        member.send(#"{"send":"\u001b[31mtext\u0007"}"#)
        let heard = try await hosted.host.event("message")
        #expect(heard.text?.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
        #expect(hosted.host.outputSoFar.allSatisfy { $0.utf8.allSatisfy { $0 >= 0x20 } })
    }

    @Test func messageOfFullLengthPassesAndALongerOneDoesNot() async throws {
        let hosted = try await HostedRoom.direct()
        let member = try await hosted.join()
        let longest = String(repeating: "0123456789abcdef", count: 4_096)
        #expect(longest.utf8.count == 65_536)
        member.send(longest)
        #expect(try await hosted.host.event("message").text == longest)
        member.send(longest + "!")
        #expect(try await member.event("error").code == "message-too-large")
        let many = String(repeating: "€", count: 21_845)
        #expect(many.utf8.count == 65_535)
        member.send("{\"send\":\"\(many)\"}")
        #expect(try await hosted.host.event("message") { $0.seq == 2 }.text == many)
        hosted.host.send(longest + "!")
        #expect(try await hosted.host.event("error").code == "message-too-large")
        hosted.host.send(longest)
        #expect(try await member.event("message") { $0.seq == 3 }.text == longest)
        // A line beyond any limit is refused, and what follows is read.
        member.send(String(repeating: "y", count: 1_000_000))
        #expect(try await member.events("error", count: 2).map(\.code) == ["message-too-large", "message-too-large"])
        member.send("short")
        #expect(try await hosted.host.event("message") { $0.seq == 4 }.text == "short")
    }

    @Test func longMessageInPlainMode() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "host"])
        let member = try TermTalkProcess(["join", hosted.invite, "--plain", "--nick", "member"], home: TestHome())
        try await hosted.host.event("member-joined")
        let text = String(repeating: "x", count: 65_536)
        member.send(text)
        try await member.line { $0 == "<member> \(text)" }
        #expect(try await hosted.host.event("message").text == text)
        member.send(text + "x")
        try await member.errorLine { $0.hasPrefix("termtalk: ") }
        try await member.errorLine { $0.hasPrefix("hint: ") }
    }

    @Test func commands() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "host"])
        let member = try await hosted.join(["--nick", "member"])
        let host = hosted.host
        try await host.event("member-joined")

        member.send("//literal")
        #expect(try await host.event("message") { $0.seq == 1 }.text == "/literal")
        member.send("/me waves")
        let action = try await host.event("message") { $0.seq == 2 }
        #expect(action.kind == "action")
        #expect(action.text == "waves")
        member.send(#"{"send":"psst","to":"host"}"#)
        let whisper = try await host.event("message") { $0.kind == "private" }
        #expect(whisper.text == "psst")
        #expect(whisper.seq == nil)
        host.send("/msg member back")
        try await host.event("acknowledged") { $0.count == 1 && $0.of == 1 }
        #expect(try await member.event("message") { $0.kind == "private" && $0.isOwn == false }.text == "back")
        member.send(#"{"command":"/who"}"#)
        #expect(try await member.event("members").members?.map(\.nick) == ["host", "member"])
        host.send("/invite")
        #expect(try await host.event("invite").invite == hosted.invite)
        host.send("/help")
        #expect(try await host.event("help").lines?.isEmpty == false)
        for (commands, code) in [
            (["/verify member yes", "/verify host no"], "verify-unknown"),
            (["/kick x", "/ban x", "/lock", "/unlock", "/extend 5m", "/topic x"], "not-permitted"),
        ] {
            for command in commands {
                let start = member.eventCount
                member.send(command)
                #expect(try await member.event("error", from: start).code == code, "\(command)")
            }
        }
        let start = member.eventCount
        member.send("/nonsense")
        #expect(try await member.event("error", from: start).code == "unknown-command")
        member.send("/msg nobody hi")
        try await member.event("error", from: start) { $0.code == "no-such-member" }
        member.send(#"{"send":1}"#)
        try await member.event("error", from: start) { $0.code == "input-invalid" }
        member.send("still here")
        #expect(try await host.event("message") { $0.seq == 3 }.text == "still here")
    }

    @Test("/verify: room words, fingerprints, and words to compare with one member")
    func verify() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "host"])
        let member = try await hosted.join(["--nick", "member"])
        let host = hosted.host
        try await host.event("member-joined")
        // The member gives itself new keys after it came in: both are asked until they speak of one epoch.
        var seen: [ProgramEvent] = []
        repeat {
            seen = []
            for process in [host, member] {
                let start = process.eventCount
                process.send("/verify")
                seen.append(try await process.event("verification", from: start))
            }
        } while seen[0].epoch != seen[1].epoch
        #expect(seen[0].words?.count == 6 && seen[0].words == seen[1].words)
        #expect(seen[0].members?.map(\.fingerprint) == seen[1].members?.map(\.fingerprint))
        #expect(seen[0].members?.allSatisfy { $0.fingerprint?.count == 39 && !$0.verified } == true)

        member.send(#"{"command":"/verify host"}"#)
        let words = try await member.event("verification") { $0.state == "compare" }
        let others = try await host.event("verification") { $0.state == "compare" }
        #expect(words.words?.count == 4 && words.words == others.words && others.nick == "member")
        member.send(#"{"command":"/verify host yes"}"#)
        #expect(try await member.event("verification") { $0.state == "verified" }.nick == "host")
        host.send("/verify member no")
        try await host.event("verification") { $0.state == "differs" }
        try await host.event("warning") { $0.code == "verify-failed" }
        let start = member.eventCount
        member.send("/who")
        #expect(try await member.event("members", from: start).members?.map(\.verified) == [true, false])
        host.send("/who")
        #expect(try await host.event("members").members?.map(\.verified) == [false, false])
    }

    /// The time of every event: RFC 3339, UTC, milliseconds.
    @Test func everyLineIsAnEventWithATime() async throws {
        let hosted = try await HostedRoom.direct()
        let member = try await hosted.join()
        member.send("hello")
        let message = try await hosted.host.event("message")
        try await member.event("acknowledged") { $0.id == message.id }
        member.send("/quit")
        let result = try await member.result()
        #expect(result.output.count == result.events.count)
        #expect(
            result.events.map(\.event) == [
                "starting", "starting", "joined-room", "delivered", "message", "acknowledged", "closed",
            ])
        for event in result.events {
            #expect(event.time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        }
        #expect(message.isOwn == false)
        #expect(message.seq == 1)
        #expect(message.from == result.events("joined-room").first?.member)
    }

    @Test func memberThatReadsNothingDoesNotHoldUpTheOthers() async throws {
        let hosted = try await HostedRoom.direct()
        let suspended = try await hosted.join()
        let member = try await hosted.join()
        try await hosted.host.events("member-joined", count: 2)
        suspended.signal(SIGSTOP)
        for number in 0..<100 { hosted.host.send("message \(number)") }
        let heard = try await member.events("message", count: 100)
        #expect(heard.map(\.seq) == Array(1...100))
        suspended.signal(SIGCONT)
        #expect(try await suspended.events("message", count: 100).map(\.seq) == Array(1...100))
    }
}
