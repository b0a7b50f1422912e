import Foundation
import Testing

/// The examples of docs/json.md, and the manual page.
struct ExampleTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func program(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }

    @Test(arguments: ["echo.sh", "echo.py"]) func bots(_ name: String) async throws {
        let python = try #require(Self.program("python3"))
        try #require(Self.program("jq") != nil, "apt install jq")
        let hosted = try await HostedRoom.direct()
        let home = try TestHome()
        let invite = try home.write("invite", "Come: \(hosted.invite)\n")
        let script = Self.root.appending(path: "docs/examples/\(name)").path
        let bot = try TermTalkProcess(
            program: name.hasSuffix("py") ? python : "/bin/sh", [script, invite], home: home,
            environment: ["TERMTALK": TermTalkProcess.binary()])
        try await hosted.host.event("member-joined") { $0.nick == "echo" }
        for text in ["hello", #"with "quotes" \ and ü"#] {
            hosted.host.send(text)
            try await hosted.host.event("message") { $0.text == "heard: \(text)" && $0.isOwn == false }
        }
        hosted.host.send("/quit")
        #expect(try await bot.result().status == 0)
    }

    @Test func theManualPageHasAllCommands() async throws {
        let python = try #require(Self.program("python3"))
        let home = try TestHome()
        let commands = try await TermTalkProcess.run(["room-commands"], home: home)
        #expect(commands.status == 0)
        let list = try home.write("commands", commands.output.joined(separator: "\n"))
        let help = try await TermTalkProcess.run(["--experimental-dump-help"], home: home)
        let dump = try home.write("help", help.output.joined(separator: "\n"))
        let docs = Self.root.appending(path: "docs").path
        let page = try await TermTalkProcess(
            program: python, ["\(docs)/man/make-man.py", "1", "\(docs)/man/termtalk.1.in", list, "\(docs)/json.md"],
            home: home, input: .file(dump)
        ).result()
        #expect(page.status == 0, "\(page.errors)")
        let text = page.output.joined(separator: "\n")
        for name in [
            "/kick", "/ignore", "/lastlog", "/topic", "/approve", "joined\\-room", "no\\-space", "\\-\\-invite\\-file",
        ] {
            #expect(text.contains(name), "\(name)")
        }
        #expect(!text.contains("@") || !text.contains("_COMMANDS@"))
    }
}
