import Chat
import Room
import SecureSession
import Sodium
import Testing
import TorController
import Transport

@testable import TermTalk

/// Invites as they come out of mails, chats and documents.
@Suite struct InviteFinderTests {
    /// One of each version.
    private static let invites: [String] = {
        SodiumLibrary.initialize()
        let places: [(RoomAddress, Bool, Bool)] = [
            (try? RoomAddress("192.0.2.7:12345"), false, false), (try? RoomAddress("[2001:db8::1]:443"), false, false),
            (.onion(OnionKey().address, port: 12_345), true, false), (.onion(OnionKey().address, port: 1), false, true),
        ].compactMap { place in place.0.map { ($0, place.1, place.2) } }
        return places.enumerated().compactMap { index, place in
            let (address, isAuthorized, isOfGroup) = place
            let others = index == 1 ? [try? HostPort(parsing: "192.0.2.7:443")].compactMap { $0 } : []
            return RoomName("a3f5d7b9-e2c4_f6.a8").map { room in
                Invite(
                    room: room, address: address, alternatives: others.map { .direct($0) },
                    hostKey: X25519.PrivateKey().publicKey,
                    creatorKey: nil,
                    secret: InviteSecret(), isAuthorized: isAuthorized, isOfGroup: isOfGroup
                ).text
            }
        }
    }()

    /// The text in lines of `width`, each behind `prefix`, with `end` before each line's end.
    private static func wrapped(_ text: String, _ width: Int, prefix: String = "", end: String = "\n") -> String {
        let characters = Array(text)
        return stride(from: 0, to: characters.count, by: width).map {
            prefix + String(characters[$0..<min(characters.count, $0 + width)])
        }.joined(separator: end)
    }

    private static func percent(_ text: String) -> String {
        text.utf8.map { byte in
            let character = Character(Unicode.Scalar(byte))
            return character.isLetter || character.isNumber ? String(character) : "%" + hex(byte)
        }.joined()
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }

    private static func entities(_ text: String) -> String {
        text.unicodeScalars.map { ":/@?=".unicodeScalars.contains($0) ? "&#\($0.value);" : String($0) }.joined()
    }

    private static func capital(_ text: String) -> String {
        "TERMTALK:" + text.dropFirst(9)
    }

    private struct Form: Sendable, CustomTestStringConvertible {
        var name: String
        var make: @Sendable (String) -> String
        var testDescription: String { name }

        init(_ name: String, _ make: @escaping @Sendable (String) -> String) {
            self.name = name
            self.make = make
        }
    }

    private static let forms: [Form] = [
        Form("as it is") { $0 },
        Form("blanks around it") { "  \t\($0) \n" },
        Form("the line of the host") { "invite  \($0)" },
        Form("all that the host prints") { "room    x\ninvite  \($0)\nexpires in 300s\n" },
        Form("double quotes") { "\"\($0)\"" },
        Form("single quotes") { "'\($0)'" },
        Form("typographic quotes") { "„\($0)“" },
        Form("guillemets") { "«\($0)»" },
        Form("backticks") { "`\($0)`" },
        Form("a code block") { "```\n\($0)\n```" },
        Form("angle brackets") { "<\($0)>" },
        Form("angle brackets with URL") { "<URL:\($0)>" },
        Form("round brackets") { "(\($0))" },
        Form("square brackets") { "[\($0)]" },
        Form("a final dot") { "Come to \($0)." },
        Form("a final comma") { "\($0), please" },
        Form("a question") { "Have you got \($0)?" },
        Form("a sentence behind it") { "\($0) see you there" },
        Form("a sentence on the next line") { "\($0)\nsee you there" },
        Form("a Markdown link") { "[room](\($0))" },
        Form("a link of Slack") { "<\($0)|\($0)>" },
        Form("escaped by Markdown") { $0.replacing("_", with: "\\_").replacing("-", with: "\\-") },
        Form("bold") { "**\($0)**" },
        Form("HTML") { "<a href=\"\($0)\">room</a>" },
        Form("HTML entities") { entities($0) },
        Form("HTML entities, twice") { entities($0).replacing("&", with: "&amp;") },
        Form("capital scheme") { capital($0) },
        Form("scheme of a phone") { "Termtalk:" + $0.dropFirst(9) },
        Form("percent-encoded") { percent($0) },
        Form("percent-encoded in small letters") {
            percent($0).replacing("%3A", with: "%3a").replacing("%2F", with: "%2f")
        },
        Form("percent-encoded twice") { percent(percent($0)) },
        Form("behind another address") { "https://safe.example/?url=\(percent($0))&data=05%7C01" },
        Form("quoted-printable") { wrapped($0.replacing("=", with: "=3D"), 70, end: "=\n") },
        Form("quoted-printable, CR LF") { wrapped($0.replacing("=", with: "=3D"), 35, end: "=\r\n") },
        Form("wrapped at 76") { wrapped($0, 76) },
        Form("wrapped at 40") { wrapped($0, 40, end: "\r\n") },
        Form("wrapped, with a sentence behind it") { wrapped($0, 60) + "\nsee you" },
        Form("wrapped and quoted") { "> " + wrapped($0, 64, end: "\n> ") },
        Form("wrapped and quoted twice") { ">> " + wrapped($0, 64, end: "\n>> ") + "\n>> see you" },
        Form("wrapped and indented") { "    " + wrapped($0, 50, end: "\n    ") },
        Form("blanks inside") { wrapped($0, 30, end: " ") },
        Form("no-break spaces inside") { wrapped($0, 30, end: "\u{A0}") },
        Form("zero-width spaces inside") { wrapped($0, 10, end: "\u{200B}") },
        Form("soft hyphens inside") { wrapped($0, 20, end: "\u{AD}\n") },
        Form("a byte-order mark") { "\u{FEFF}\($0)\r\n" },
        Form("marks of direction") { "\u{202A}\($0)\u{202C}" },
        Form("dashes") { $0.replacing("--", with: "—").replacing("-", with: "–") },
        Form("wide signs") {
            $0.replacing(":", with: "：").replacing("/", with: "／").replacing("?", with: "？").replacing("=", with: "＝")
        },
        Form("blank behind the scheme") { "termtalk: //" + $0.dropFirst(11) },
        Form("capital onion address") { text in
            guard let at = text.firstIndex(of: "@"), let end = text[at...].firstIndex(of: "/") else { return text }
            return text[..<at] + text[at..<end].uppercased() + text[end...]
        },
        Form("a damaged one before it") { "\($0.dropLast(9))… no, this: \($0)" },
        Form("twice") { "\($0)\n\($0)" },
    ]

    @Test(arguments: forms) private func isFound(_ form: Form) throws {
        #expect(Self.forms.count >= 40)
        #expect(Self.invites.count == 4)
        for invite in Self.invites {
            let text = form.make(invite)
            #expect(InviteFinder.isMeant(text))
            #expect(try InviteFinder.invite(in: text).text == invite, "\(text)")
        }
    }

    private func damage(_ text: String) -> ChatEvent.Notice? {
        do throws(ChatEvent.Notice) {
            _ = try InviteFinder.invite(in: text)
            return nil
        } catch {
            return error
        }
    }

    @Test func whatIsMissingIsToldFromWhatWasChanged() {
        for invite in Self.invites {
            for count in [1, 2, 3, 20, 60] {
                #expect(damage(String(invite.dropLast(count))) == InviteFinder.Damage.cut.notice)
                // With its own last letter, it would be whole.
                let words = invite.hasSuffix("s") ? "on the roof" : "see you there"
                #expect(damage("\(invite.dropLast(count))\n\(words)") == InviteFinder.Damage.cut.notice)
                #expect(InviteFinder.isCut(String(invite.dropLast(count))))
            }
            for offset in [-1, -12, -40] {
                let index = invite.index(invite.endIndex, offsetBy: offset)
                let changed = invite.replacingCharacter(at: index, with: invite[index] == "B" ? "C" : "B")
                #expect(damage(changed) == InviteFinder.Damage.changed.notice)
                #expect(!InviteFinder.isCut(changed))
            }
            #expect(damage(invite.replacing("//a3f5", with: "//a3f6")) == InviteFinder.Damage.changed.notice)
            #expect(damage(invite.lowercased()) == InviteFinder.Damage.letterCase.notice)
            #expect(damage(invite.uppercased()) == InviteFinder.Damage.letterCase.notice)
            let start = invite.index(
                invite.startIndex, offsetBy: invite.firstRange(of: "k=")?.upperBound.utf16Offset(in: invite) ?? 0)
            let newer = invite.replacingCharacter(at: start, with: "B").replacingCharacter(
                at: invite.index(after: start), with: "g")
            #expect(damage(newer) == InviteFinder.Damage.otherVersion.notice)
        }
        #expect(damage("termtalk:") == InviteFinder.Damage.cut.notice)
        #expect(damage("TermTalk: what is that?") == InviteFinder.Damage.changed.notice)
        #expect(!InviteFinder.isMeant("a3f5d7b9e2c4f6a8") && !InviteFinder.isMeant("termtalk"))
    }

    /// Texts at random, and made of pieces of invites: none traps, and none takes long.
    @Test func anythingIsRead() {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "termtalk:", "%", "%3A", "=3D", "&#", ";", "\\", ">", "\n", "//", "@", "/?k=", "Ag", "A", " ", "—", "=\n",
        ]
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 0..<24, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }
            _ = damage(text.joined())
        }
        #expect(damage(String(repeating: "termtalk:", count: 20_000)) != nil)
    }
}

extension String {
    fileprivate func replacingCharacter(at index: Index, with character: Character) -> String {
        self[..<index] + String(character) + self[self.index(after: index)...]
    }
}
