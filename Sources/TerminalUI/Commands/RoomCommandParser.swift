internal import Chat

/// The arguments of the commands that have options, and of those of moderators.
enum RoomCommandParser {
    /// More than any room holds; past it the number is a mistake.
    private static let largestUses = 1_000_000

    static func parse(_ name: String, _ arguments: Substring) -> ChatInput {
        var (word, rest) = InputParser.firstWord(of: arguments)
        let keepsInvites = word == "--keep-invites" && ["/kick", "/ban"].contains(name)
        if keepsInvites { (word, rest) = InputParser.firstWord(of: rest) }
        let member = String(word)
        switch (name, word.isEmpty) {
        case ("/kick", false): return .room(.kick(member, reason: String(rest), keepsInvites: keepsInvites))
        case ("/ban", false): return .room(.ban(member, reason: String(rest), keepsInvites: keepsInvites))
        case ("/kick", true), ("/ban", true): return .usage("\(name) [--keep-invites] MEMBER [REASON]")
        case ("/op", false) where rest.isEmpty: return .room(.op(member))
        case ("/deop", false) where rest.isEmpty: return .room(.deop(member))
        case ("/lock", true): return .room(.lock)
        case ("/unlock", true): return .room(.unlock)
        case ("/move", true): return .room(.move)
        case ("/end", true): return .room(.end)
        case ("/lock", false), ("/unlock", false), ("/move", false), ("/end", false): return .usage(name)
        case ("/extend", false):
            guard rest.isEmpty, let seconds = seconds(word) else { return .usage("/extend 90s, 15m or 2h") }
            return .room(.extend(seconds: seconds))
        case ("/slow", false) where rest.isEmpty && ["off", "none"].contains(word.lowercased()):
            return .room(.slow(seconds: 0))
        case ("/slow", _):
            guard rest.isEmpty, let seconds = seconds(word), (1...ChatLimits.slowestSeconds).contains(seconds) else {
                return .usage("/slow DURATION, from 1s to 1h, or /slow off")
            }
            return .room(.slow(seconds: seconds))
        case ("/approve", false) where rest.isEmpty: return .room(.approve(member))
        case ("/deny", false) where rest.isEmpty: return .room(.deny(member))
        default: return .usage(name == "/extend" ? "/extend DURATION" : "\(name) MEMBER")
        }
    }

    /// The words, and within quotation marks what is between them.
    static func words(_ arguments: Substring) -> [String] {
        arguments.split(separator: "\"", omittingEmptySubsequences: false).enumerated().flatMap { index, part in
            index % 2 == 1 ? [String(part)] : part.split { $0.isWhitespace }.map(String.init)
        }
    }

    static func topic(_ arguments: Substring) -> ChatInput {
        guard !arguments.isEmpty else { return .topic }
        guard arguments != "-delete" else { return .room(.topic("")) }
        guard arguments.utf8.count <= ChatLimits.remarkByteCount else {
            return .malformed("a topic has at most \(ChatLimits.remarkByteCount) bytes")
        }
        return .room(.topic(String(arguments)))
    }

    static func verify(_ arguments: Substring) -> ChatInput {
        let (member, rest) = InputParser.firstWord(of: arguments)
        let (answer, more) = InputParser.firstWord(of: rest)
        guard !member.isEmpty else { return .verify(.room) }
        switch (answer.lowercased(), more.isEmpty) {
        case ("", true): return .verify(.member(String(member)))
        case ("yes", true): return .verify(.answer(String(member), isSame: true))
        case ("no", true): return .verify(.answer(String(member), isSame: false))
        default: return RoomCommandTable.usage("/verify")
        }
    }

    static func invite(_ arguments: Substring) -> ChatInput {
        let usage = ChatInput.usage(
            "/invite [--once] [--uses N] [--expires D] [--qr|--copy], /invite --list, /invite --revoke N")
        guard !arguments.isEmpty else { return .invite(.text) }
        let words = Self.words(arguments)
        if words == ["--list"] { return .room(.listInvites) }
        if words.first == "--revoke" {
            guard words.count == 2, let number = Int(words[1]), number > 0 else { return usage }
            return .room(.revokeInvite(number: number))
        }
        var uses: Int?
        var lifetime: Int64?
        var form = InviteForm.text
        var remaining = words[...]
        while let option = remaining.popFirst() {
            switch option {
            case "--once" where uses == nil:
                uses = 1
            case "--uses" where uses == nil:
                guard let text = remaining.popFirst(), let count = Int(text), (1...largestUses).contains(count) else {
                    return usage
                }
                uses = count
            case "--expires" where lifetime == nil:
                guard let text = remaining.popFirst(), let seconds = seconds(text) else { return usage }
                lifetime = seconds
            case "--qr" where form == .text:
                form = .code
            case "--copy" where form == .text:
                form = .copy
            default:
                return usage
            }
        }
        guard uses != nil || lifetime != nil else { return .invite(form) }
        return .room(.makeInvite(uses: uses, seconds: lifetime, form: form))
    }

    private static func seconds(_ text: some StringProtocol) -> Int64? {
        try? TimeToLive(parsing: String(text)).seconds
    }
}
