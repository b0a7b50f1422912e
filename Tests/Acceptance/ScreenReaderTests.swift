import Chat
import EventLoop
import Foundation
import Testing

@testable import Room
@testable import TermTalkCommand

/// `--plain` through yasr, a screen reader for terminals, whose synthesizer is a file: what a person hears.
@Suite(.enabled(if: Terminal.tmux != nil && SpokenTerminal.isHere, "needs tmux and yasr"))
struct ScreenReaderTests {
    @Test func aRoomIsHeard() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hanna"])
        let guest = try await SpokenTerminal(["join", hosted.invite, "--nick", "guest", "--plain"])
        try await guest.hears("members (2): hanna (host), guest")
        hosted.host.send("first")
        try await guest.hears("hanna first")

        // What comes is heard when the line that was begun is sent, and whole.
        try await guest.terminal.write("half a lino")
        try await guest.hears("half a lino")
        hosted.host.send("between")
        try await hosted.host.event("message") { $0.text == "between" }
        try await guest.terminal.press("BSpace")
        try await guest.terminal.write("e")
        try await guest.terminal.shows("half a line")
        #expect(try !guest.heard().contains { $0.contains("between") })
        try await guest.terminal.press("Enter")
        try await hosted.host.event("message") { $0.text == "half a line" }
        try await guest.hears("hanna between")

        // How far it has come is a sentence, when it is asked for.
        #expect(try !guest.heard().contains { $0.contains("received") })
        var number = 0
        while try !guest.heard().contains(where: { $0.contains("received by 1 of the 1 others") }) {
            number += 1
            try await guest.terminal.type("/sent")
            try await guest.hears("half a line ", count: number)
        }
        hosted.host.send("/topic cats")
        try await guest.hears("topic: cats")

        // Tries to come back are told now and then, however many there are.
        let other = try await hosted.join(["--nick", "other"])
        try await guest.hears("other has joined (3 members)")
        hosted.host.signal(SIGKILL)
        try await other.event("connection") { $0.attempt == 6 }
        try await guest.hears("reconnecting")
        try await guest.terminal.interrupt()
        try await guest.terminal.shows("status ")

        let heard = try guest.heard()
        let messages = heard.filter { $0.contains("first") || $0.contains("between") }
        #expect(messages.count == 2, "\(heard)")
        #expect(messages.allSatisfy { $0.contains(/^[0-9]{2}:[0-9]{2} hanna (first|between)$/) }, "\(messages)")
        #expect(heard.count { $0.contains("reconnecting") } < 3, "\(heard)")
        // Whatever is drawn anew is read anew.
        let once = heard.filter { !$0.hasPrefix("/sent") && !$0.contains("half a line ") }
        #expect(Set(once).count == once.count, "\(heard)")
        let bytes = try guest.written()
        #expect(bytes.contains("first") && !bytes.contains("\u{1B}"))
        #expect(!bytes.replacing("\r\n", with: "").contains("\r"))
    }
}

/// How often there is a sentence about something that goes on.
struct ProgressPaceTests {
    @Test func startingIsASentenceEveryFiveSecondsAtMost() throws {
        var pace = ProgressPace()
        let start = MonotonicTime(nanoseconds: 1_000_000_000)
        let said = try (0...100).filter { percent in
            let topic = try #require(ProgressPace.Topic(.starting(.torBootstrap, progress: percent)))
            return pace.allows(topic, at: start + .milliseconds(200 * percent))
        }
        #expect(said == [0, 25, 50, 75, 100])
        // Another stage is said at once.
        let next = try #require(ProgressPace.Topic(.starting(.onionPublish, progress: nil)))
        let isSaid = pace.allows(next, at: start + .seconds(20))
        #expect(isSaid)
    }

    @Test func aNightWithoutAConnectionIsASentenceAMinute() throws {
        var pace = ProgressPace()
        let start = MonotonicTime(nanoseconds: 1_000_000_000)
        let said = try (0..<2_880).filter { attempt in
            let change = ChatEvent.ConnectionChange(state: .reconnecting, attempt: attempt, retryInMilliseconds: 10_000)
            return pace.allows(
                try #require(ProgressPace.Topic(.connection(change))), at: start + .seconds(10 * attempt))
        }
        #expect(said.count == 480)
        let back = try #require(ProgressPace.Topic(.connection(.init(state: .connected))))
        let isSaid = pace.allows(back, at: start + .seconds(28_800))
        #expect(isSaid)
    }

    @Test func whatIsNoProgressHasNoPace() {
        #expect(ProgressPace.Topic(.help([])) == nil)
    }
}

/// The program on a terminal of which yasr reads.
final class SpokenTerminal: Sendable {
    private static let reader = "/usr/bin/yasr"

    static var isHere: Bool { access(reader, X_OK) == 0 }

    let terminal: Terminal
    private let home: TestHome

    init(_ arguments: [String]) async throws {
        home = try TestHome()
        // It speaks by the language of Emacspeak's servers, to whatever program it is told.
        let synthesizer = try home.write("synthesizer", "#!/bin/sh\nexec cat >>'\(home.path)/spoken'\n")
        let words = try ([TermTalkProcess.binary()] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let command = try home.write("command", "exec \(words)\n")
        let recorded = try home.write(
            "recorded", "#!/bin/sh\nSHELL=/bin/sh exec script -qefc '/bin/sh \(command)' '\(home.path)/written'\n")
        for file in [synthesizer, recorded] { chmod(file, 0o700) }
        _ = try home.write(
            ".yasr.conf",
            """
            [options]
            synthesizer=emacspeak server
            synthesizer port=|\(synthesizer)
            key echo=off
            special=off
            up and down arrows=speak line
            [Emacspeak server]
            rate=175
            punctuation=some

            """)
        terminal = try await Terminal([recorded], home: home, width: 80, height: 24, program: Self.reader)
    }

    /// What was spoken so far, a text each time.
    func heard() throws -> [String] {
        try String(contentsOfFile: "\(home.path)/spoken", encoding: .utf8).split(separator: "\n").compactMap { line in
            // Single letters are those that were typed or deleted.
            guard line.hasPrefix("q {"), line.hasSuffix("}") else { return nil }
            return line.dropFirst(3).dropLast().split(separator: " ").joined(separator: " ")
        }
    }

    /// Waits until so many texts with this in them have been spoken.
    func hears(_ text: String, count: Int = 1) async throws {
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        while ((try? heard()) ?? []).count(where: { $0.contains(text) }) < count {
            try #require(ContinuousClock.now < deadline, "'\(text)' is not heard: \((try? heard()) ?? [])")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// All that the program has written to its terminal, with what was typed.
    func written() throws -> String {
        let text = try String(contentsOfFile: "\(home.path)/written", encoding: .utf8)
        // The first and last line are those of script.
        return text.split(separator: "\n").filter { !$0.hasPrefix("Script ") }.joined(separator: "\n")
    }
}
