import Chat
import Testing

@testable import Configuration

@Suite struct SettingsTests {
    @Test("The file, and the environment over it")
    func order() throws {
        let settings = try Settings(
            file: "nick = \"file\"\nplain = true\n[tor]\nmode = \"system\"",
            environment: { ["TERMTALK_NICK": "variable", "TERMTALK_HOST_PORT": "80", "TERMTALK_BELL": ""][$0] })
        #expect(settings[.nick] == "variable")
        #expect(settings.source(of: .nick) == .environment)
        #expect(settings[.torMode] == "system")
        #expect(settings.source(of: .torMode) == .file(line: 4))
        #expect(settings[.hostPort] == "80")
        #expect(settings.isOn(.plain))
        #expect(!settings.isOn(.noColor))
        #expect(settings[.bell] == nil)
        #expect(settings.source(of: .bell) == nil)
    }

    @Test(
        "What cannot be used is refused, with its place",
        arguments: [
            ("nick = 5", "line 1"), ("\nnonsense = 1", "line 2"), ("plain = \"yes\"", "line 1"),
            ("[host]\nport = \"80\"", "line 2"), ("nick = ", "line 1"),
        ])
    func refused(_ file: String, _ place: String) {
        do throws(ChatEvent.Notice) {
            _ = try Settings(file: file, environment: { _ in nil })
            Issue.record("accepted")
        } catch {
            #expect(error.code == .configInvalid)
            #expect(error.message.contains(place))
        }
    }

    @Test("Variables that cannot be used are refused by name")
    func variables() {
        #expect(throws: ChatEvent.Notice.self) {
            try Settings(file: nil, environment: { $0 == "TERMTALK_PLAIN" ? "perhaps" : nil })
        }
        #expect(throws: ChatEvent.Notice.self) {
            try Settings(file: nil, environment: { $0 == "TERMTALK_HOST_PORT" ? "x" : nil })
        }
    }

    @Test("No variable means two things")
    func names() {
        #expect(Set(Setting.allCases.map(\.variable)).count == Setting.allCases.count)
        // These have a meaning of their own.
        for taken in ["TERMTALK_TOR", "TERMTALK_TOR_INCLUDE", "TERMTALK_TOR_PASSWORD"] {
            #expect(!Setting.allCases.map(\.variable).contains(taken))
        }
    }
}
