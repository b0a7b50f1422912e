internal import Room

/// The commands of the person at the host.
enum RoomCommandParser {
    /// More than any room holds; past it the number is a mistake.
    private static let largestUses = 1_000_000

    static func parse(_ name: String, _ arguments: Substring) -> ChatInput {
        let (word, rest) = InputParser.firstWord(of: arguments)
        let member = String(word)
        switch (name, word.isEmpty) {
        case ("/kick", false): return .room(.kick(member, reason: String(rest)))
        case ("/ban", false): return .room(.ban(member, reason: String(rest)))
        case ("/kick", true), ("/ban", true): return .usage("\(name) MEMBER [REASON]")
        case ("/lock", true): return .room(.lock)
        case ("/unlock", true): return .room(.unlock)
        case ("/lock", false), ("/unlock", false): return .usage(name)
        case ("/topic", _):
            guard arguments.utf8.count <= RoomLimits.remarkByteCount else {
                return .malformed("a topic has at most \(RoomLimits.remarkByteCount) bytes")
            }
            return .room(.topic(String(arguments)))
        case ("/extend", false):
            guard rest.isEmpty, let seconds = seconds(word) else { return .usage("/extend 90s, 15m or 2h") }
            return .room(.extend(seconds: seconds))
        case ("/slow", false) where rest.isEmpty && ["off", "none"].contains(word.lowercased()):
            return .room(.slow(seconds: 0))
        case ("/slow", _):
            guard rest.isEmpty, let seconds = seconds(word), (1...RoomLimits.slowestSeconds).contains(seconds) else {
                return .usage("/slow DURATION, from 1s to 1h, or /slow off")
            }
            return .room(.slow(seconds: seconds))
        case ("/approve", false) where rest.isEmpty: return .room(.approve(member))
        case ("/deny", false) where rest.isEmpty: return .room(.deny(member))
        default: return .usage(name == "/extend" ? "/extend DURATION" : "\(name) MEMBER")
        }
    }

    static func invite(_ arguments: Substring) -> ChatInput {
        let usage = ChatInput.usage(
            "/invite [--once] [--uses N] [--expires D] [--qr|--copy], /invite --list, /invite --revoke N")
        guard !arguments.isEmpty else { return .invite(.text) }
        var words: [Substring] = []
        var rest = arguments
        while !rest.isEmpty {
            let (word, more) = InputParser.firstWord(of: rest)
            words.append(word)
            rest = more
        }
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

    private static func seconds(_ text: Substring) -> Int64? {
        try? TimeToLive(parsing: String(text)).seconds
    }
}
