internal import Chat
internal import Glibc
internal import Transport

extension ChatEvent.Notice {
    /// To hosts and to those who look for a room.
    static func registryUnreachable(_ failure: RedisFailure) -> ChatEvent.Notice {
        let (reason, hint): (String, String) =
            switch failure {
            case .unreachable(.refused): ("nobody listens there", "check its address and port")
            case .unreachable(.nameNotFound): ("there is no such name or path", "check its address")
            case .unreachable, .timedOut: ("it does not answer", "check its address, and the way there")
            case .lost: ("it closed the connection", "look at the log of Redis")
            case .unable: ("it cannot do that now: it loads, is full, or is only a replica", "look at the log of Redis")
            case .refused(let words):
                ("it refuses\(Self.code(of: words))", "give --registry-password-file, and look at its ACL")
            case .notRedis: ("what answers there is not Redis", "check its address and port")
            case .overloaded: ("too much was asked of it", "try again in a moment")
            }
        return .init(.registryUnreachable, "the registry cannot be used: \(reason)", hint: hint)
    }

    /// The first of an error's words is its code; the rest is for nobody.
    private static func code(of words: [UInt8]) -> String {
        let code = words.prefix { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }.prefix(16)
        return code.isEmpty ? "" : " (\(String(decoding: code, as: UTF8.self)))"
    }

    static let registryNeedsMemory = ChatEvent.Notice(
        .registryUnreachable, "the registry cannot be used: there is not enough memory",
        hint: "it takes 64 MiB for a moment")

    static let registryTaken = ChatEvent.Notice(
        .registryTaken, "the room is not in the registry: another host has a room of this id there",
        hint: "it comes in when that one has gone; leave --room out for an id that nobody else has")

    static let roomNotInRegistry = ChatEvent.Notice(
        .noSuchRoom, "cannot join: the registry does not know this room",
        hint: "check the room's id; a room that has ended is gone from there, one whose host died within a minute")

    /// What stands there is not the room's.
    static func registryForged(_ reason: String) -> ChatEvent.Notice {
        .init(
            .registryForged, "the registry's word on where this room is was not believed: \(reason)",
            hint: "ask the host for an invite, over another channel")
    }

    static let registryShowsAddress = ChatEvent.Notice(
        .directNotAllowed,
        "cannot join: the registry says that this is a direct room, whose host would see your IP address",
        hint: "to show it: join.direct = true in the configuration, or TERMTALK_JOIN_DIRECT=true; else --tor managed")
}
