import Chat
import Testing

/// Values that the tests of both renderers show.
enum Sample {
    static func id(_ text: String) throws -> MemberID {
        try #require(MemberID(text))
    }

    static func message(
        _ text: String, kind: ChatEvent.ChatMessage.Kind = .text, nick: String = "alice", isOwn: Bool = false,
        to: MemberID? = nil, saidAt: Int64? = nil
    ) throws -> ChatEvent {
        .message(
            .init(
                id: MessageID(0xAB), sequence: kind == .private ? nil : 7, from: try id("abc234"), nick: nick,
                text: text,
                kind: kind, isOwn: isOwn, to: to, saidAt: saidAt))
    }

    static func ready(_ transport: ChatEvent.TransportKind, timeToLive: Int64?) -> ChatEvent {
        .ready(
            .init(
                room: "a3f5d7b9e2c4f6a8", transport: transport, address: "x.onion:12345",
                invite: "termtalk://a3f5d7b9e2c4f6a8@x.onion:12345/?k=K", hostKey: "KEY",
                expires: timeToLive.map { 1_700_000_000 + $0 }, timeToLive: timeToLive))
    }

    static func joined(expires: Int64?) throws -> ChatEvent {
        .joinedRoom(
            .init(
                room: "r1", transport: .direct, address: "127.0.0.1:4000", member: try id("zzz777"),
                members: [
                    .init(id: try id("abc234"), nick: "alice", isHost: true, isVerified: true),
                    .init(id: try id("zzz777"), nick: "zzz777", isHost: false, isVerified: false),
                ], hostKey: "KEY", trust: .new, expires: expires))
    }
}
