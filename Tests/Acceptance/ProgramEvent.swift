/// One line of the machine interface, with the fields of all events.
struct ProgramEvent: Decodable, Sendable {
    struct Member: Decodable, Sendable {
        var id: String
        var nick: String
        var host: Bool
        var verified: Bool
        var fingerprint: String?
        var awaySince: String?

        enum CodingKeys: String, CodingKey {
            case id, nick, host, verified, fingerprint
            case awaySince = "away_since"
        }
    }

    var event: String
    var time: String
    var phase: String?
    var progress: Int?
    var room: String?
    var transport: String?
    var address: String?
    var addresses: [String]?
    var invite: String?
    var hostKey: String?
    var expires: String?
    var member: String?
    var members: [Member]?
    var trust: String?
    var id: String?
    var nick: String?
    var oldNick: String?
    var count: Int?
    var seconds: Int?
    var of: Int?
    var missed: Int?
    var since: String?
    var reason: String?
    var seq: Int?
    var from: String?
    var to: String?
    var text: String?
    var kind: String?
    var said: String?
    var by: String?
    var isOwn: Bool?
    var state: String?
    var attempt: Int?
    var retryInMilliseconds: Int?
    var cause: String?
    var code: String?
    var message: String?
    var hint: String?
    var lines: [String]?
    var number: Int?
    var usesLeft: Int?
    var used: Int?
    var secondsLeft: Int?
    var invites: [Invite]?
    var topic: String?
    var locked: Bool?
    var epoch: Int?
    var words: [String]?
    var name: String?
    var size: Int?
    var bytes: Int?
    var path: String?
    var remark: String?

    struct Invite: Decodable, Sendable {
        var invite: String
        var number: Int
        var usesLeft: Int?
        var used: Int
        var secondsLeft: Int?

        enum CodingKeys: String, CodingKey {
            case invite, number, used
            case usesLeft = "uses_left"
            case secondsLeft = "seconds_left"
        }
    }

    enum CodingKeys: String, CodingKey {
        case name, size, bytes, path, remark
        case number, used, invites, topic, locked, epoch, words
        case usesLeft = "uses_left"
        case secondsLeft = "seconds_left"
        case said, by
        case event, time, phase, progress, room, transport, address, addresses, invite, expires, member, members, trust,
            id, nick
        case count, seconds, of, missed, since, reason, seq, from, to, text, kind, state, attempt, cause, code, message,
            hint, lines
        case hostKey = "host_key"
        case oldNick = "old_nick"
        case isOwn = "self"
        case retryInMilliseconds = "retry_in_ms"
    }
}
