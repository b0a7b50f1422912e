package import Chat
import Foundation
package import Room
import SecureGroup
package import SecureSession
package import Sodium

extension MemberRequest {
    /// What somebody who was never here before says first.
    package static func freshJoin(nick: String) -> MemberRequest {
        let group = RoomGroup(creator: nil, time: 1_000_000_000)
        return .join(nick: nick, member: group.id, keyPackage: group.keyPackage())
    }
}

/// A member made of a blocking socket, for tests that do what our own member never would.
///
/// It does nothing by itself: no acknowledgement and no keepalive is sent, nothing is read, unless the test says so.
package final class BlockingMember {
    /// What the joiner knows of the room.
    package struct Target: Sendable {
        package var port: UInt16
        package var room: String
        package var hostKey: X25519.PublicKey
        /// Without one the joiner comes as somebody who knows the room's name only.
        package var secret: InviteSecret?

        package init(port: UInt16, room: String, hostKey: X25519.PublicKey, secret: InviteSecret?) {
            self.port = port
            self.room = room
            self.hostKey = hostKey
            self.secret = secret
        }
    }

    /// The connection ended before what the test waits for.
    package struct Ended: Error {}

    package private(set) var socket: BlockingSocket
    /// All messages of the room that have come.
    package private(set) var messages: [HostMessage] = []
    package private(set) var id: MemberID?
    /// The room's epoch, as far as messages have come. This member takes no part in the group.
    package private(set) var epoch: UInt64 = 0
    package private(set) var hasResumed = false
    package private(set) var wasRefusedToResume = false

    private let target: Target
    private let credentials: JoinCredentials
    private var session: SecureSession
    private var scratch: [UInt8] = []
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant

    /// Connects and begins the handshake.
    package init(_ target: Target, receiveBuffer: Int32? = nil) throws {
        self.target = target
        credentials = JoinCredentials(
            prologue: Prologue(room: target.room, onionKey: nil), staticKey: X25519.PrivateKey(),
            hostKey: target.hostKey, invite: target.secret)
        start = clock.now
        socket = try BlockingSocket(port: target.port, receiveBuffer: receiveBuffer)
        var events: [SessionEvent] = []
        session = try SecureSession(initiator: credentials, now: .zero, events: &events)
        try handle(events)
    }

    private var now: Duration { clock.now - start }

    package var isOpen: Bool { session.isOpen }

    // MARK: Steps

    /// Reads until the handshake is done.
    package func shakeHands() throws {
        while !session.isOpen { try receive() }
    }

    /// Shakes hands, asks to come in, and reads until the host has let it in.
    package func join(nick: String = "") throws {
        try shakeHands()
        try say([.freshJoin(nick: nick)])
        while id == nil { try receive() }
    }

    /// Drops the connection without a word, makes a new one and asks to go on, as itself or as somebody else; returns whether
    /// the host does.
    package func resume(as other: MemberID? = nil) throws -> Bool {
        guard let id = other ?? id else { throw Ended() }
        socket.close()
        socket = try BlockingSocket(port: target.port)
        hasResumed = false
        wasRefusedToResume = false
        var events: [SessionEvent] = []
        session = try SecureSession(
            initiator: credentials, goingOnFrom: session, session: id.wireValue, now: now, events: &events)
        try handle(events)
        try shakeHands()
        socket.write(try sealed())
        while !hasResumed && !wasRefusedToResume { try receive() }
        return hasResumed
    }

    /// Comes back again and again, and takes nothing in between, until more waits for this member than the host keeps.
    package func waitUntilCutOff(deadline: Duration = .seconds(40)) throws {
        let end = ContinuousClock.now + deadline
        while try resume() {
            guard ContinuousClock.now < end else { throw NeverCutOff() }
            usleep(500_000)
        }
    }

    package struct NeverCutOff: Error {}

    /// Drops the connection, makes a new one with the same key, and asks to come in as somebody new.
    package func joinAgain(nick: String = "") throws {
        socket.close()
        socket = try BlockingSocket(port: target.port)
        id = nil
        messages = []
        var events: [SessionEvent] = []
        session = try SecureSession(initiator: credentials, now: now, events: &events)
        try handle(events)
        try join(nick: nick)
    }

    /// Sends requests in one sealed message; false when the host has closed.
    @discardableResult
    package func say(_ requests: [MemberRequest]) throws -> Bool {
        socket.write(try sealed(requests))
    }

    /// The frames that would send these requests; an empty one when there are none.
    package func sealed(_ requests: [MemberRequest] = []) throws -> [UInt8] {
        for request in requests {
            let message = request.encoded
            session.enqueue(message)
        }
        session.acknowledgeSoon()
        var wire: [UInt8] = []
        try session.seal(into: &wire, now: now)
        return wire
    }

    /// Reads once, blocking, and takes in what came.
    package func receive() throws {
        guard let bytes = try socket.read() else { throw Ended() }
        var events: [SessionEvent] = []
        try session.received(bytes.span, now: now, scratch: &scratch, events: &events)
        try handle(events)
    }

    /// Reads, acknowledging what comes, until `isDone`.
    package func receive(until isDone: (BlockingMember) -> Bool) throws {
        while !isDone(self) {
            try receive()
            socket.write(try sealed())
        }
    }

    private func handle(_ events: [SessionEvent]) throws {
        for event in events {
            switch event {
            case .send(let bytes): socket.write(bytes)
            case .message(let type, let body):
                let message = try HostMessage(type: type, body: body)
                switch message {
                case .admitted(let admission):
                    id = admission.member
                    epoch = admission.epoch
                case .committed: epoch += 1
                default: break
                }
                messages.append(message)
            case .resumed: hasResumed = true
            case .resumeRefused: wasRefusedToResume = true
            case .established, .acknowledged, .resumeRequested, .caughtUp, .lane, .pausing: break
            }
        }
    }
}
