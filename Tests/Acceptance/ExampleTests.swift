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

    /// What bash offers behind the words: files where a file is meant, and the rooms of this machine.
    @Test func completionsKnowFilesAndRooms() async throws {
        let hosted = try await HostedRoom.direct(["--room", "listed.room"])
        let home = hosted.home
        let script = try await TermTalkProcess.run(["--generate-completion-script", "bash"], home: home)
        _ = try home.write("completions", script.output.joined(separator: "\n"))
        _ = try home.write("invite.txt", "")
        try FileManager.default.createSymbolicLink(
            atPath: "\(home.path)/termtalk", withDestinationPath: TermTalkProcess.binary())
        let test = try home.write(
            "test",
            """
            cd '\(home.path)'
            PATH="$PWD:$PATH"
            . ./completions
            offer() {
                COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMPREPLY=()
                _termtalk "$1" "${@: -1}" "${@: -2:1}"
                echo "${COMPREPLY[*]}"
            }
            offer termtalk join --invite-file inv
            offer termtalk send listed.room inv
            offer termtalk join list
            offer termtalk host --client

            """)
        let offers = try await TermTalkProcess(program: "/bin/bash", [test], home: home).result()
        #expect(
            offers.output.map { $0.trimmingCharacters(in: .whitespaces) }
                == ["invite.txt", "invite.txt", "listed.room", "--client-auth"],
            "\(offers.output) \(offers.errors)")
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
        // What docs/json.md has is compared with the encoder by InterfaceDocumentTests.
        let document = try String(contentsOfFile: "\(docs)/json.md", encoding: .utf8)
        let rows = document.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let described = Set(rows.compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) })
        let codes = rows.filter { $0.dropFirst(3).first?.isNumber == true }.flatMap { row in
            row.split(separator: "`").dropFirst(3).filter { $0 != ", " && $0 != " |" }.map(String.init)
        }
        let names = commands.output.compactMap { $0.firstMatch(of: /"name":"([^"]+)"/).map { String($0.1) } }
        #expect(described.count > 40 && codes.count > 80 && Set(names).count > 30)
        for name in described.union(codes).union(names).union(["--invite-file"]) {
            #expect(text.contains(name.replacing("-", with: "\\-")) || text.contains(name), "\(name)")
        }
        #expect(!text.contains("@") || !text.contains("_COMMANDS@"))
    }
}
