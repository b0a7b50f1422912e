import Foundation
import Testing

/// Notifications of the desktop, as the bytes that the terminal gets.
@Suite(.enabled(if: Terminal.tmux != nil, "needs tmux"))
struct NotificationTests {
    /// All that a guest's terminal got while two things were said, one of them to the guest, up to when both were seen.
    private func bytes(_ options: [String], type: String) async throws -> String {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let guest = try await Terminal(
            ["join", hosted.invite, "--nick", "guest"] + options, home: TestHome(), width: 100, height: 24,
            environment: ["-u", "TMUX", "TERM=\(type)"])
        try await guest.shows("/help lists the")
        let path = try await guest.record()
        hosted.host.send("hello all")
        try await guest.shows("hello all")
        hosted.host.send("guest: a word of honour")
        try await guest.shows("a word of honour")
        // What is painted later comes behind in the file.
        try await guest.type("/sent")
        try await guest.shows("you have said nothing yet")
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        while ContinuousClock.now < deadline {
            let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
            if text.contains("nothing yet") { return text }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw TermTalkProcess.Missing(description: "the record ends early")
    }

    @Test(
        arguments: [
            ("xterm-kitty", "\u{1B}]99;i=termtalk:p=body;you are wanted in a room\u{1B}\\"),
            ("foot", "\u{1B}]777;notify;TermTalk;you are wanted in a room\u{7}"),
            ("xterm-256color", "\u{1B}]9;TermTalk: you are wanted in a room\u{7}"),
        ])
    func mentions(_ type: String, _ sequence: String) async throws {
        let bytes = try await bytes(["--notify", "mention"], type: type)
        #expect(bytes.ranges(of: sequence).count == 1)
    }

    @Test func textWhereItWasAskedFor() async throws {
        let bytes = try await bytes(["--notify", "mention", "--notify-text"], type: "foot")
        #expect(bytes.contains("]777;notify;TermTalk;hostess: guest: a word of honour\u{7}"))
    }

    @Test func offByDefault() async throws {
        let bytes = try await bytes([], type: "foot")
        #expect(!bytes.contains("]777;") && !bytes.contains("]9;") && !bytes.contains("]99;"))
    }
}
