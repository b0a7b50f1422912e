import Foundation
import SecureSession
import Sodium
import TestSupport
import Wire

/// One end of a session in an attacker's hands: what came is looked at, and anything may be said.
final class AttackerLink {
    /// What has been told of the session, besides the bytes that it sent by itself.
    private(set) var events: [SessionEvent] = []
    private let socket: BlockingSocket
    private var session: SecureSession
    private var scratch: [UInt8] = []
    private let start = ContinuousClock.now

    /// A host's end, with keys of the attacker's own.
    init(host identity: RoomIdentity, socket: BlockingSocket) {
        self.socket = socket
        session = SecureSession(responder: identity, now: .zero)
    }

    /// A member's end.
    init(member credentials: consuming JoinCredentials, port: UInt16) throws {
        socket = try BlockingSocket(port: port)
        var first: [SessionEvent] = []
        session = try SecureSession(initiator: credentials, now: .zero, events: &first)
        take(first)
    }

    var isOpen: Bool { session.isOpen }

    private var now: Duration { ContinuousClock.now - start }

    func send(type: UInt8, body: [UInt8]) throws {
        session.enqueue(EncodedMessage(type: type, body: body))
        try flush()
    }

    private func flush() throws {
        guard session.isOpen else { return }
        var wire: [UInt8] = []
        session.acknowledgeSoon()
        try session.seal(into: &wire, now: now)
        socket.write(wire)
    }

    /// Takes in what has come within `milliseconds`, and acknowledges it; false at the end of the connection.
    func receive(milliseconds: Int) throws -> Bool {
        guard socket.isReadable(milliseconds: milliseconds) else { return true }
        guard let bytes = try socket.read() else { return false }
        var brought: [SessionEvent] = []
        try session.received(bytes.span, now: now, scratch: &scratch, events: &brought)
        take(brought)
        if brought.contains(where: { if case .message = $0 { true } else { false } }) { try flush() }
        return true
    }

    private func take(_ brought: [SessionEvent]) {
        for event in brought {
            if case .send(let bytes) = event { socket.write(bytes) } else { events.append(event) }
        }
    }

    /// The messages since the last call.
    func takeMessages() -> [(type: UInt8, body: [UInt8])] {
        defer { events = [] }
        return events.compactMap { if case .message(let type, let body) = $0 { (type, body) } else { nil } }
    }

    func close() {
        socket.close()
    }
}
