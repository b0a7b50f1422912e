import Chat
import SecureSession
import Sodium
import TestSupport
import Testing
import Wire

@testable import Room
@testable import TermTalk

/// A member's way as a value: no loop, no sockets, no group.
@Suite struct StayTests {
    /// A stay, and a host that is no more than a session.
    private final class World {
        var stay: Stay
        var identity: RoomIdentity
        var host: SecureSession?
        var now = Duration.zero
        /// What the stay wanted last, shortly.
        var wanted: [String] = []
        private(set) var told: [ChatEvent] = []
        private(set) var ending: ChatEvent.Notice?
        private var scratch: [UInt8] = []

        init(
            policy: HostKeyPolicy = .pinned(.invite), isInvited: Bool = true, password: RoomPassword? = nil
        ) {
            SodiumLibrary.initialize()
            let invite = InviteSecret()
            let prologue = Prologue(room: "room", onionKey: nil)
            identity = RoomIdentity(
                prologue: prologue, staticKey: X25519.PrivateKey(), invites: [invite], acceptsOpen: true)
            stay = Stay(
                credentials: JoinCredentials(
                    prologue: prologue, staticKey: X25519.PrivateKey(),
                    hostKey: isInvited ? identity.publicKey : nil, invite: isInvited ? invite : nil),
                policy: policy, password: password, random: { 500 })
        }

        @discardableResult
        func advance(_ body: (inout Stay, inout [Stay.Action]) -> Void) -> [String] {
            wanted = []
            carryOut(body)
            return wanted
        }

        /// What is wanted of the owner is done as a member's node does it; there are no other ways to the room.
        private func carryOut(_ body: (inout Stay, inout [Stay.Action]) -> Void) {
            var actions: [Stay.Action] = []
            body(&stay, &actions)
            let now = now
            for action in actions {
                wanted.append(Self.word(for: action))
                switch action {
                case .tell(let event): told.append(event)
                case .lookElsewhere(let notice, let isFinal):
                    carryOut { $0.failed(notice, isFinal: isFinal, now: now, actions: &$1) }
                case .join: carryOut { $0.asks([], now: now, actions: &$1) }
                case .write(let bytes): answer(bytes)
                case .ended(_, let notice): ending = notice
                default: break
                }
            }
        }

        private static func word(for action: Stay.Action) -> String {
            switch action {
            case .tell(.starting(let phase, _)): "\(phase)"
            case .tell(.connection(let change)): "\(change.state) \(change.cause ?? "")"
            case .tell: "tell"
            case .wait(let pause): "wait \(pause)"
            case .lookElsewhere(let notice, _): "no way: \(notice.code.rawValue)"
            case .remind: "remind"
            case .write: "write"
            case .receive: "receive"
            case .perform: "perform"
            case .roomEnds: "room ends"
            case .announce: "announce"
            case .newHostKey: "new host key"
            case .endSoon(let isAnswerOwed): "end soon\(isAnswerOwed ? ", answered" : "")"
            case .ended(let reason, let notice): "ended \(reason) \(notice?.code.rawValue ?? "")"
            default: "\(action)"
            }
        }

        /// What the host says to the bytes waits until it is let.
        private var fromHost: [UInt8] = []

        private func answer(_ bytes: [UInt8]) {
            var events: [SessionEvent] = []
            try? host?.received(bytes.span, now: now, scratch: &scratch, events: &events)
            for case .send(let answer) in events { fromHost += answer }
        }

        var isInRoom: Bool { stay.isInRoom }
        var isNewcomer: Bool { stay.isNewcomer }
        var isAway: Bool { stay.isAway }
        var isLeft: Bool { stay.isLeft }
        var roomEnd: Duration? { stay.roomEnd }

        func start() {
            advance { $0.started(actions: &$1) }
        }

        @discardableResult
        func connect(member: MemberID? = nil) -> [String] {
            host = SecureSession(responder: identity, now: now)
            fromHost = []
            return advance { [now] in $0.connected(member: member, now: now, actions: &$1) }
        }

        /// The host says what it has to say.
        @discardableResult
        func hear() -> [String] {
            let bytes = fromHost
            fromHost = []
            wanted = []
            var events: [SessionEvent] = []
            var failure: SessionError?
            do throws(SessionError) {
                try stay.received(bytes.span, now: now, scratch: &scratch, events: &events)
            } catch {
                failure = error
            }
            let now = now
            for event in events { carryOut { $0.happened(event, now: now, actions: &$1) } }
            if let failure { carryOut { $0.failed(failure, now: now, actions: &$1) } }
            return wanted
        }

        func hear(_ message: EncodedMessage) -> [String] {
            advance { [now] in
                $0.happened(.message(type: message.type, body: message.body), now: now, actions: &$1)
            }
        }

        func admit(secondsLeft: UInt32? = nil) -> [String] {
            let admission = HostMessage.RoomState(
                member: MemberID(entropy: 1), secondsLeft: secondsLeft, nextSequence: 1, epoch: 0, members: [],
                welcome: [])
            return advance { [now] in $0.admitted(admission, now: now, actions: &$1) }
        }

        func patienceIsOver(ofDial: Bool = false) -> [String] {
            advance { [now] in $0.patienceIsOver(of: ofDial ? nil : now, actions: &$1) }
        }
        func resumed() -> [String] { advance { [now] in $0.happened(.resumed, now: now, actions: &$1) } }
        func startsOver() -> [String] { advance { [now] in $0.startsOver(now: now, actions: &$1) } }
        func close() -> [String] { advance { [now] in $0.closed(now: now, actions: &$1) } }
        func pauseIsOver() -> [String] { advance { $0.pauseIsOver(actions: &$1) } }

        func comeIn() {
            start()
            connect()
            hear()
            _ = admit()
        }
    }

    @Test("Dialing, handshake, joining, in the room")
    func comingIn() {
        let world = World()
        #expect(world.advance { $0.started(actions: &$1) } == ["dial", "remind", "dial"])
        #expect(world.patienceIsOver(ofDial: true) == ["hostReach"])
        #expect(world.connect() == ["countAnew", "handshake", "remind", "write"])
        #expect(world.patienceIsOver() == ["hostAnswer"])
        #expect(world.patienceIsOver(ofDial: true) == [])
        #expect(world.hear() == ["write", "join", "perform", "flush"])
        #expect(world.isNewcomer && !world.isInRoom)
        #expect(world.patienceIsOver() == ["memberAnswer"])
        world.stay.approvalIsAwaited()
        #expect(world.patienceIsOver() == [])
        #expect(world.admit(secondsLeft: 60) == ["cameIn", "room ends", "announce"])
        #expect(world.isInRoom && !world.isNewcomer && !world.isAway)
        #expect(world.roomEnd == .seconds(60))
    }

    @Test("Of a pause the person is told once, and of no try until the host is back")
    func pausing() {
        let world = World()
        world.comeIn()
        let word = { world.advance { $0.happened(.pausing, now: .zero, actions: &$1) } }
        #expect(word() == ["tell"])
        if case .warning(let notice) = world.told.last {
            #expect(notice.code == .roomPaused)
        } else {
            Issue.record("no warning")
        }
        #expect(word() == [])
        #expect(world.close() == ["connectionLost", "reconnecting room-paused", "wait 0.5 seconds"])
        #expect(world.pauseIsOver() == ["dial"])
        let refused = world.advance { $0.dialFailed(.init(.connectionRefused, ""), actions: &$1) }
        #expect(refused == ["no way: connection-refused", "wait 1.0 seconds"])
        #expect(world.pauseIsOver() == ["dial"])
        world.connect(member: MemberID(entropy: 1))
        #expect(world.resumed().contains("connected "))
        // Not a pause.
        #expect(world.close().contains("reconnecting connection-lost"))
        // Whoever is not in the room is told nothing.
        #expect(word() == [])
    }

    @Test("What the end of a connection means is the phase's")
    func endsOfConnections() {
        // Nobody is there.
        let refused = World()
        refused.start()
        #expect(
            refused.advance { $0.dialFailed(.init(.connectionRefused, ""), actions: &$1) }
                == ["no way: connection-refused", "ended lost connection-refused"])
        // A busy host is tried again for a while, and then no more.
        let busy = World()
        busy.start()
        busy.connect()
        #expect(busy.close() == ["no way: host-busy", "reconnecting host-busy", "wait 0.25 seconds"])
        busy.now = Stay.busyPatience
        #expect(busy.pauseIsOver() == ["dial"])
        busy.connect()
        #expect(busy.close() == ["no way: host-busy", "ended lost host-busy"])
        // One that lets the time pass does not know the invite.
        let silent = World()
        silent.start()
        silent.connect()
        silent.now = HandshakeWatch.busyTime
        #expect(silent.close().last == "ended lost no-such-room")
        // One that closes after the handshake lets nobody in.
        let closed = World()
        closed.start()
        closed.connect()
        closed.hear()
        #expect(closed.close().last?.hasPrefix("ended lost") == true)
        // Whoever was in comes back.
        let member = World()
        member.comeIn()
        member.now = .seconds(60)
        #expect(member.close() == ["connectionLost", "reconnecting connection-lost", "wait 0.25 seconds"])
        #expect(member.isAway)
        #expect(member.pauseIsOver() == ["dial"])
        #expect(
            member.advance { $0.dialFailed(.init(.connectionRefused, ""), actions: &$1) }
                == ["no way: connection-refused", "reconnecting connection-refused", "wait 0.5 seconds"])
        #expect(member.advance { $0.tryNow(actions: &$1) } == ["dial"])
        #expect(member.advance { $0.tryNow(actions: &$1) } == [])
    }

    @Test("A key that nobody knows is taken, told, or refused; another one in the same stay never is taken")
    func hostKeys() {
        let new = World(policy: .acceptNew, isInvited: false)
        new.start()
        new.connect()
        #expect(new.hear() == ["write", "new host key", "join", "perform", "flush"])
        let strict = World(policy: .strict, isInvited: false)
        strict.start()
        strict.connect()
        #expect(strict.hear() == ["write", "close", "ended lost host-key-unknown"])
        let other = World(policy: .acceptNew, isInvited: false)
        other.comeIn()
        _ = other.close()
        _ = other.pauseIsOver()
        other.identity = RoomIdentity(
            prologue: Prologue(room: "room", onionKey: nil), staticKey: X25519.PrivateKey(), invites: [],
            acceptsOpen: true)
        other.connect(member: MemberID(entropy: 1))
        #expect(other.hear().suffix(2) == ["no way: host-key-mismatch", "ended lost host-key-mismatch"])
    }

    @Test("Who comes back goes on; who has lost the group does not, however often it has to try")
    func goingOn() {
        let world = World()
        world.comeIn()
        _ = world.close()
        _ = world.pauseIsOver()
        #expect(world.connect(member: MemberID(entropy: 1)) == ["connectionLost", "write"])
        #expect(world.hear() == ["write", "flush"])
        #expect(world.isAway)
        #expect(world.resumed() == ["cameIn", "connected "])
        #expect(world.isInRoom)
        #expect(
            world.startsOver().prefix(3)
                == ["close", "connectionLost", "reconnecting group-lost"])
        for _ in 0..<2 {
            _ = world.pauseIsOver()
            #expect(world.connect(member: MemberID(entropy: 1)) == ["connectionLost", "countAnew", "write"])
            _ = world.close()
        }
        // Also where it had asked to come in, and was not told that it is: the host's records before that are not repeated.
        for _ in 0..<2 {
            _ = world.pauseIsOver()
            #expect(world.connect(member: MemberID(entropy: 1)) == ["connectionLost", "countAnew", "write"])
            #expect(world.hear() == ["write", "join", "perform", "flush"])
            _ = world.close()
        }
        _ = world.pauseIsOver()
        world.connect(member: MemberID(entropy: 1))
        #expect(world.hear() == ["write", "join", "perform", "flush"])
        #expect(world.admit().prefix(2) == ["cameIn", "connected "])
    }

    @Test("A host that has not shown the password is believed nothing of the room")
    func passwords() throws {
        let password = try NodeWorld.stretched("open sesame")
        for (message, outcome) in [
            (HostMessage.waiting.encoded, "ended lost"), (HostMessage.refused(.passwordWrong).encoded, "end soon"),
        ] {
            let world = World(password: password)
            world.start()
            world.connect()
            #expect(world.hear() == ["write", "join", "flush", "flush"])
            #expect(world.hear(message).last?.hasPrefix(outcome) == true)
        }
        // A member that has lost its place is told to wait by nobody.
        let member = World(password: password)
        member.comeIn()
        _ = member.close()
        _ = member.pauseIsOver()
        member.connect(member: MemberID(entropy: 1))
        member.hear()
        member.advance { [now = member.now] in $0.happened(.resumeRefused, now: now, actions: &$1) }
        #expect(member.hear(HostMessage.refused(.rateLimited).encoded).contains("no way: not-termtalk"))
    }

    @Test("The stay ends once, when the host has what it is owed, or at once where nobody is owed anything")
    func endings() {
        let world = World()
        world.comeIn()
        world.stay.session?.enqueue(MemberRequest.leave.encoded)
        #expect(world.advance { $0.end(.quit, nil, actions: &$1) } == ["flush", "end soon, answered"])
        #expect(world.advance { $0.end(.lost, .hostBusy, actions: &$1) } == [])
        #expect(!world.isLeft)
        #expect(world.advance { $0.finish(actions: &$1) } == ["ended quit "])
        #expect(world.advance { $0.finish(actions: &$1) } == [])
        #expect(world.advance { $0.tryNow(actions: &$1) } == [])
        let early = World()
        early.start()
        #expect(early.advance { $0.abandon(actions: &$1) } == ["close", "ended quit "])
        let removed = World()
        removed.comeIn()
        #expect(removed.advance { $0.end(.kicked, nil, actions: &$1) } == ["flush", "end soon"])
        #expect(removed.close() == ["ended kicked "])
    }

    @Test("Nobody looks for a room whose time is over, nor for ever for one that it only wants to leave")
    func patience() {
        let world = World()
        world.start()
        world.connect()
        world.hear()
        _ = world.admit(secondsLeft: 100)
        world.now = .seconds(100) + Stay.endTolerance
        world.stay.undelivered = 1
        #expect(
            world.close() == ["connectionLost", "lost connection-lost", "ended ttl room-expired"])
        #expect(world.ending?.count == 1)
        let leaving = World()
        leaving.comeIn()
        leaving.now = .seconds(60)
        leaving.stay.wantsToLeave(now: leaving.now)
        #expect(leaving.close().last == "wait 0.25 seconds")
        leaving.now += Stay.deliveryPatience
        _ = leaving.pauseIsOver()
        #expect(
            leaving.advance { $0.dialFailed(.init(.connectionRefused, ""), actions: &$1) }.suffix(2)
                == ["lost connection-refused", "ended lost connection-lost"])
    }
}
