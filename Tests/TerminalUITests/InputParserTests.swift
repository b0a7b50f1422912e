import Chat
import TerminalUI
import Testing

@Suite struct InputParserTests {
    private static let inviteUsage =
        "/invite [--once] [--uses N] [--expires D] [--qr|--copy], /invite --list, /invite --revoke N"

    private static let slowUsage = "/slow DURATION, from 1s to 1h, or /slow off"

    private let plain = InputParser(json: false)
    private let json = InputParser(json: true)

    @Test(
        "Lines in both modes",
        arguments: [
            ("hello", ChatInput.text("hello")), ("  indented ", .text("  indented ")), ("//etc", .text("/etc")),
            ("///", .text("//")),
            ("/me waves  twice", .action("waves  twice")), ("/ME waves", .action("waves")),
            ("/me", .usage("/me ACTION")),
            ("/msg bob hi there", .private(to: "bob", text: "hi there")),
            ("/msg  bob\thi", .private(to: "bob", text: "hi")),
            ("/msg bob", .usage("/msg MEMBER TEXT")), ("/msg bob  ", .usage("/msg MEMBER TEXT")),
            ("/msg", .usage("/msg MEMBER TEXT")),
            ("/nick carol", .nick("carol")), ("/nick", .usage("/nick NAME")), ("/nick a b", .usage("/nick NAME")),
            ("/who", .who),
            ("/who ", .who), ("/who me", .usage("/who")), ("/help", .help(nil)),
            ("/help kick", .help("kick")), ("/help /KICK", .help("/KICK")),
            ("/help a b", .usage("/help, or /help COMMAND")),
            ("/ignore bob", .ignore("bob")), ("/ignore", .ignored), ("/unignore bob", .unignore("bob")),
            ("/unignore", .usage("/unignore MEMBER")), ("/lastlog cat food", .lastlog("cat food")),
            ("/lastlog", .usage("/lastlog WORD")), ("/sent", .sent), ("/topic -delete", .room(.topic(""))),
            ("/invite", .invite(.text)),
            ("/invite --qr", .invite(.code)), ("/invite --copy", .invite(.copy)),
            ("/invite --copy --qr", .usage(Self.inviteUsage)), ("/invite --qr --qr", .usage(Self.inviteUsage)),
            ("/invite --once --qr", .room(.makeInvite(uses: 1, seconds: nil, form: .code))),
            ("/invite --copy --expires 1h", .room(.makeInvite(uses: nil, seconds: 3_600, form: .copy))),
            ("/invite x", .usage(Self.inviteUsage)), ("/invite --once --uses 2", .usage(Self.inviteUsage)),
            ("/invite --uses 0", .usage(Self.inviteUsage)), ("/invite --revoke x", .usage(Self.inviteUsage)),
            ("/kick", .usage("/kick [--keep-invites] MEMBER [REASON]")),
            ("/extend soon", .usage("/extend 90s, 15m or 2h")),
            ("/invite --once", .room(.makeInvite(uses: 1, seconds: nil))),
            ("/invite --expires 1h", .room(.makeInvite(uses: nil, seconds: 3_600))),
            ("/invite --uses 5 --expires 90s", .room(.makeInvite(uses: 5, seconds: 90))),
            ("/invite --list", .room(.listInvites)), ("/invite --revoke 2", .room(.revokeInvite(number: 2))),
            ("/ban bob", .room(.ban("bob", reason: ""))),
            ("/kick --keep-invites bob too loud", .room(.kick("bob", reason: "too loud", keepsInvites: true))),
            ("/ban --keep-invites", .usage("/ban [--keep-invites] MEMBER [REASON]")),
            ("/op bob", .room(.op("bob"))), ("/deop bob", .room(.deop("bob"))), ("/op", .usage("/op MEMBER")),
            ("/kick bob too loud", .room(.kick("bob", reason: "too loud"))),
            ("/lock", .room(.lock)), ("/unlock", .room(.unlock)), ("/move", .room(.move)), ("/topic", .topic),
            ("/topic cats and dogs", .room(.topic("cats and dogs"))), ("/extend 15m", .room(.extend(seconds: 900))),
            ("/approve bob", .room(.approve("bob"))), ("/deny bob", .room(.deny("bob"))),
            ("/slow 10s", .room(.slow(seconds: 10))), ("/slow 1h", .room(.slow(seconds: 3_600))),
            ("/slow off", .room(.slow(seconds: 0))), ("/slow OFF", .room(.slow(seconds: 0))),
            ("/slow", .usage(Self.slowUsage)), ("/slow 0s", .usage(Self.slowUsage)),
            ("/slow 3601s", .usage(Self.slowUsage)), ("/slow 1s 2s", .usage(Self.slowUsage)),
            ("/panic", .panic), ("/panic now", .usage("/panic")),
            ("/clear", .clear), ("/quit", .quit), ("/kick bob", .room(.kick("bob", reason: ""))),
            ("/frobnicate a", .unknownCommand("/frobnicate")),
            ("/who\n", .who), ("/WHO \r\n", .who), ("/msg bob\nhi\nthere", .private(to: "bob", text: "hi\nthere")),
            ("/me\nwaves", .action("waves")), ("/nick carol\n", .nick("carol")), ("/who\nme", .usage("/who")),
            ("/", .unknownCommand("/")), ("/ who", .unknownCommand("/")),
        ])
    func lines(_ line: String, _ expected: ChatInput) {
        #expect(plain.parse(line) == expected)
        #expect(json.parse(line) == expected)
    }

    @Test("Blank lines ask for nothing", arguments: ["", " ", "\t \u{3000}"])
    func blank(_ line: String) {
        #expect(plain.parse(line) == nil)
        #expect(json.parse(line) == nil)
    }

    @Test(
        "Commands about files; names with spaces stand in quotes or have backslashes",
        arguments: [
            ("/send a.txt", .send(path: "a.txt", to: nil)),
            ("/send \"a b.txt\" bob", .send(path: "a b.txt", to: "bob")),
            ("/SEND 'a \"b' bob", .send(path: "a \"b", to: "bob")), ("/send a\\ b\\\\", .send(path: "a b\\", to: nil)),
            ("/accept 3", .accept("3", folder: nil)), ("/accept 3 /tmp/x", .accept("3", folder: "/tmp/x")),
            ("/decline 3", .decline("3")), ("/files", .list),
        ] as [(String, FileCommand)])
    func files(_ line: String, _ command: FileCommand) {
        #expect(plain.parse(line) == .file(command))
    }

    @Test(
        "Commands about files that are not written so",
        arguments: [
            "/send", "/send a b c", "/send 'a", "/send ''", "/send a\\", "/accept", "/decline", "/decline 1 2",
            "/files x",
        ])
    func filesUsage(_ line: String) {
        guard case .usage = plain.parse(line) else { Issue.record("taken: \(line)"); return }
    }

    @Test(
        "/verify, of the room or of a member, and the answer",
        arguments: [
            ("/verify", .room), ("/verify bob", .member("bob")), ("/VERIFY bob  ", .member("bob")),
            ("/verify bob yes", .answer("bob", isSame: true)), ("/verify bob NO", .answer("bob", isSame: false)),
            ("/verify yes", .member("yes")), ("/verify yes yes", .answer("yes", isSame: true)),
        ] as [(String, VerifyCommand)])
    func verify(_ line: String, _ expected: VerifyCommand) {
        #expect(plain.parse(line) == .verify(expected))
        #expect(json.parse("{\"command\":\"\(line)\"}") == .verify(expected))
    }

    @Test("/verify with anything else changes nothing", arguments: ["bob maybe", "bob yes now", "bob y"])
    func verifyUsage(_ arguments: String) {
        guard case .usage = plain.parse("/verify \(arguments)") else {
            Issue.record("\(arguments)")
            return
        }
    }

    @Test("A text at the limit is sent, one byte more is not")
    func limit() {
        let full = String(repeating: "x", count: InputParser.maximumTextByteCount)
        #expect(plain.parse(full) == .text(full))
        #expect(plain.parse(full + "x") == .tooLarge(byteCount: 65_537))
        #expect(plain.parse("/me " + full) == .action(full))
        #expect(plain.parse("/me x" + full) == .tooLarge(byteCount: 65_537))
        #expect(plain.parse("/msg a x" + full) == .tooLarge(byteCount: 65_537))
        #expect(json.parse("{\"send\":\"x\(full)\"}") == .tooLarge(byteCount: 65_537))
    }

    @Test(
        "Objects of the machine interface",
        arguments: [
            (#"{"send":"hi"}"#, ChatInput.text("hi")), (#"{ "send" : "a\nb" } "#, .text("a\nb")),
            (#"{"send":"/who"}"#, .text("/who")),
            (#"{"send":"hi","to":"abc234"}"#, .private(to: "abc234", text: "hi")),
            (#"{"to":"b","send":"x"}"#, .private(to: "b", text: "x")),
            (#"{"command":"/who"}"#, .who), (#"{"command":"/nick bob"}"#, .nick("bob")),
            (#"{"command":"/kick b"}"#, .room(.kick("b", reason: ""))),
            (#"{"send":"\u00e9\ud83d\ude00 \"\\\/\b\f\r\t"}"#, .text("é😀 \"\\/\u{8}\u{C}\r\t")),
            (#"{"send":"日本"}"#, .text("日本")),
        ])
    func objects(_ line: String, _ expected: ChatInput) {
        #expect(json.parse(line) == expected)
        #expect(plain.parse(line) == .text(line))
    }

    @Test(
        "Malformed objects are refused",
        arguments: [
            "{", "{}", #"{"send"}"#, #"{"send":}"#, #"{"send":1}"#, #"{"send":null}"#, #"{"send":["a"]}"#,
            #"{"send":"a"} x"#, #"{"send":"a""#,
            #"{"send":"a","send":"b"}"#, #"{"send":"a","too":"b"}"#, #"{"to":"b"}"#, #"{"send":"a","command":"/who"}"#,
            #"{"command":"who"}"#,
            #"{"command":"//x"}"#, #"{"send":"\ud83d"}"#, #"{"send":"\ud83dx"}"#, #"{"send":"\ude00"}"#,
            #"{"send":"\x"}"#, #"{"send":"\u12"}"#,
            #"{"send":"\u12g4"}"#, #"{"send":""}"#, #"{"send":" "}"#, #"{"send":"a","to":""}"#, "{\"send\":\"a\tb\"}",
            #"{"send":"a",}"#, #"{,}"#,
            #"{"send":"\"#, #"{"a":"","b":"","c":"","d":"","e":"","f":"","g":"","h":"","i":""}"#,
            "{\"send\":\"\\u\u{FF11}\u{FF11}\u{FF11}\u{FF11}\"}",
        ])
    func malformed(_ line: String) throws {
        guard case .malformed(let reason) = try #require(json.parse(line)) else {
            Issue.record("accepted")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test("Every prefix of an object is refused, none traps")
    func truncated() {
        let line = #"{"send":"a\u00e9\ud83d\ude00","to":"b"}"#
        for count in 1..<line.count {
            guard case .malformed? = json.parse(String(line.prefix(count))) else {
                Issue.record("accepted \(line.prefix(count))")
                continue
            }
        }
    }

    @Test("Random input never traps")
    func random() {
        let pieces = [
            "{", "}", "\"", "send", "to", ":", ",", "\\", "u00", "d83d", "/", "me", "msg", " ", "é", "\n", "\u{0}",
        ]
        for _ in 0..<3000 {
            let line = "{" + (0..<Int.random(in: 0...12)).compactMap { _ in pieces.randomElement() }.joined()
            #expect(json.parse(line) != nil)
        }
    }
}
