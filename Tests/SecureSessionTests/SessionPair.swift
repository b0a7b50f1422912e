import Sodium
import Testing

@testable import SecureSession

/// A joiner and a host whose bytes the test carries from one to the other, and whose clock it sets.
struct SessionPair: ~Copyable {
    var joiner: SecureSession
    var host: SecureSession
    var now: Duration = .zero
    var joinerEvents: [SessionEvent] = []
    var hostEvents: [SessionEvent] = []
    /// Bytes on their way, for tests that look at them or change them.
    var toHost: [UInt8] = []
    var toJoiner: [UInt8] = []
    private var scratch: [UInt8] = []

    static let room = "a3f5d7b9e2c4f6a8"

    init(
        identity: RoomIdentity, credentials: borrowing JoinCredentials
    ) throws {
        SodiumLibrary.initialize()
        var events: [SessionEvent] = []
        joiner = try SecureSession(initiator: credentials, now: .zero, events: &events)
        host = SecureSession(responder: identity, now: .zero)
        take(&events, fromJoiner: true)
    }

    static func identity(
        room: String = room, invites: [InviteSecret] = [], acceptsOpen: Bool = true, onionKey: [UInt8]? = nil
    ) -> RoomIdentity {
        SodiumLibrary.initialize()
        return RoomIdentity(
            prologue: Prologue(room: room, onionKey: onionKey), staticKey: X25519.PrivateKey(), invites: invites,
            acceptsOpen: acceptsOpen)
    }

    static func credentials(
        room: String = room, hostKey: X25519.PublicKey? = nil, invite: InviteSecret? = nil, onionKey: [UInt8]? = nil
    ) -> JoinCredentials {
        JoinCredentials(
            prologue: Prologue(room: room, onionKey: onionKey), staticKey: X25519.PrivateKey(), hostKey: hostKey,
            invite: invite)
    }

    /// A pair that has finished its handshake.
    static func connected(invited: Bool = false) throws -> SessionPair {
        let invite = invited ? InviteSecret() : nil
        let identity = Self.identity(invites: invite.map { [$0] } ?? [])
        var pair = try SessionPair(
            identity: identity, credentials: credentials(hostKey: invited ? identity.publicKey : nil, invite: invite))
        try pair.exchange()
        try #require(holds(pair.joiner.isOpen && pair.host.isOpen))
        pair.joinerEvents = []
        pair.hostEvents = []
        return pair
    }

    private mutating func take(_ events: inout [SessionEvent], fromJoiner: Bool) {
        for event in events {
            if case .send(let bytes) = event {
                if fromJoiner { toHost += bytes } else { toJoiner += bytes }
            } else if fromJoiner {
                joinerEvents.append(event)
            } else {
                hostEvents.append(event)
            }
        }
        events = []
    }

    mutating func deliverToHost(_ bytes: [UInt8]) throws(SessionError) {
        var events: [SessionEvent] = []
        defer { take(&events, fromJoiner: false) }
        try host.received(bytes.span, now: now, scratch: &scratch, events: &events)
    }

    mutating func deliverToJoiner(_ bytes: [UInt8]) throws(SessionError) {
        var events: [SessionEvent] = []
        defer { take(&events, fromJoiner: true) }
        try joiner.received(bytes.span, now: now, scratch: &scratch, events: &events)
    }

    /// Seals what is queued on both sides.
    mutating func seal() throws(SessionError) {
        try joiner.seal(into: &toHost, now: now)
        try host.seal(into: &toJoiner, now: now)
    }

    /// Carries everything back and forth until both are quiet, in pieces of `chunk` bytes.
    mutating func exchange(chunk: Int = .max) throws(SessionError) {
        try seal()
        while !toHost.isEmpty || !toJoiner.isEmpty {
            let there = toHost
            toHost = []
            for piece in there.pieces(of: chunk) { try deliverToHost(piece) }
            let back = toJoiner
            toJoiner = []
            for piece in back.pieces(of: chunk) { try deliverToJoiner(piece) }
            try seal()
        }
    }
}

extension [UInt8] {
    func pieces(of count: Int) -> [[UInt8]] {
        stride(from: 0, to: self.count, by: Swift.min(count, Swift.max(self.count, 1))).map {
            Array(self[$0..<Swift.min(self.count, $0 + Swift.min(count, self.count))])
        }
    }
}

extension [SessionEvent] {
    var messages: [[UInt8]] {
        compactMap { if case .message(_, let body) = $0 { body } else { nil } }
    }
}

/// The condition as it is: `#expect` cannot look into expressions about sessions, which cannot be copied.
func holds(_ condition: Bool) -> Bool { condition }
