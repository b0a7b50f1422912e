import Chat
import EventLoop
import Logging
import Room
import SecureGroup
import SecureSession
import Sodium
import TestSupport
import Testing
import Wire

@testable import TermTalk

/// A host that does not know the password, and would like the member to believe that it is in the room.
@Suite struct ImpostorTests {
    /// Finishes the handshake and says `messages` at once, whatever the member sends.
    private final class Impostor: ByteStreamHandler {
        private var session: SecureSession
        private let stream: any ByteStream
        private let loop: EventLoop
        private let messages: [EncodedMessage]
        private var scratch: [UInt8] = []
        /// What the member sent, by type.
        private(set) var heard: [UInt8] = []

        init(_ identity: RoomIdentity, stream: any ByteStream, loop: EventLoop, messages: [EncodedMessage]) {
            session = SecureSession(responder: identity, now: loop.time)
            self.stream = stream
            self.loop = loop
            self.messages = messages
            stream.handler = self
        }

        func streamReceived(_ bytes: Span<UInt8>) {
            var events: [SessionEvent] = []
            try? session.received(bytes, now: loop.time, scratch: &scratch, events: &events)
            for event in events {
                switch event {
                case .send(let bytes): stream.write(bytes.span)
                case .message(let type, _):
                    heard.append(type)
                    for message in messages {
                        session.enqueue(message)
                    }
                default: break
                }
            }
            var wire: [UInt8] = []
            try? session.seal(into: &wire, now: loop.time)
            if !wire.isEmpty { stream.write(wire.span) }
        }

        func streamDrained() {}
        func streamClosed(_ reason: StreamCloseReason) {}
    }

    private final class NoDial: Cancellable {
        func cancel() {}
    }

    /// "You are in, as alice."
    private static let admission = EncodedMessage(
        type: 0x20,
        body: [0, 0, 0, 1] + [0xff, 0xff, 0xff, 0xff] + [0, 0, 0, 0, 0, 0, 0, 1] + [11, 0, 0, 0, 1, 0, 5]
            + Array("alice".utf8))

    @Test(
        "Nothing is believed, and nothing is said to it but a share",
        arguments: [
            [admission], [HostMessage.closing(.ttl).encoded],
            [EncodedMessage(type: 0x79, body: [UInt8](repeating: 1, count: 64))],
            [EncodedMessage(type: 0x78, body: [UInt8](repeating: 0, count: 32))],
            [EncodedMessage(type: 0x70, body: [UInt8](repeating: 1, count: 32))],
        ])
    func isNotBelieved(messages: [EncodedMessage]) throws {
        SodiumLibrary.initialize()
        let loop = try EventLoop()
        let room = RoomName.random()
        let identity = RoomIdentity(
            prologue: Prologue(room: room.description, onionKey: nil), staticKey: X25519.PrivateKey(), invites: [],
            acceptsOpen: true)
        let (left, right) = MemoryStream.makePair(loop: loop)
        let impostor = Impostor(identity, stream: right, loop: loop, messages: messages)
        var newKeys = 0
        var events: [ChatEvent] = []
        var ending: ChatEvent.Notice?
        let node = MemberNode(
            loop: loop, target: .init(room: room, address: try RoomAddress("127.0.0.1:1"), policy: .acceptNew),
            credentials: JoinCredentials(
                prologue: Prologue(room: room.description, onionKey: nil), staticKey: X25519.PrivateKey(), hostKey: nil,
                invite: nil),
            client: MemberClient(nick: "alice", engine: RoomGroup(creator: nil, time: 1_000_000_000)),
            password: try NodeWorld.stretched("open sesame"),
            dial: { completion in
                loop.atEndOfTurn { completion(.success(left)) }
                return NoDial()
            },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, wallClock: { 0 },
            tell: { events.append($0) })
        node.onEvent = { event in
            switch event {
            case .newHostKey: newKeys += 1
            case .moved, .hosts: break
            case .ended(_, let notice):
                ending = notice
                loop.stop()
            }
        }
        node.start()
        loop.schedule(after: .seconds(60)) {
            Issue.record("the member believes it, or waits")
            loop.stop()
        }
        loop.run()
        #expect(ending != nil)
        // Its nick was not among it, and the key is not remembered.
        #expect(impostor.heard.allSatisfy { $0 == 0x70 })
        #expect(newKeys == 0)
        #expect(!events.contains { if case .joinedRoom = $0 { true } else { false } })
    }
}
