import Glibc
import SecureSession
import Sodium

/// What each step costs the host that a peer can make it do before it is a member, in microseconds of CPU time: what the
/// limits of ConnectionGate and PasswordGuesses are made of. And Argon2id, which no peer can make it do.
enum DoorBenchmark {
    private static let rounds = 51

    static func run() throws {
        report("first message without an invite", try median { try firstMessage(invited: false, secrets: 1) })
        report("last message without an invite", try median { try lastMessage(invited: false) })
        for secrets in [1, 32, 96] {
            report(
                "first message with an invite, the last of \(secrets)",
                try median { try firstMessage(invited: true, secrets: secrets) })
            report(
                "first message with an unknown secret, of \(secrets)",
                try median { try firstMessage(invited: true, secrets: secrets, isKnown: false) })
        }
        report("last message with an invite", try median { try lastMessage(invited: true) })
        let password = try stretched(Argon2id.Cost(passes: 1, memory: 8 * 1_024))
        report("password: share", try median { try exchange(password).share })
        report("password: tag", try median { try exchange(password).tag })
        report("a password made usable, once a room", try time { _ = try stretched(.interactive) })
    }

    // MARK: Handshakes

    private final class Peer {
        var session: SecureSession
        var first: [UInt8] = []

        init(_ identity: RoomIdentity, invite: InviteSecret?) throws {
            var events: [SessionEvent] = []
            session = try SecureSession(
                initiator: JoinCredentials(
                    prologue: BenchmarkRoom.prologue, staticKey: X25519.PrivateKey(),
                    hostKey: invite == nil ? nil : identity.publicKey, invite: invite),
                now: .zero, events: &events)
            first = DoorBenchmark.bytes(events)
        }
    }

    private static func bytes(_ events: [SessionEvent]) -> [UInt8] {
        events.flatMap { event -> [UInt8] in if case .send(let bytes) = event { bytes } else { [] } }
    }

    private static func firstMessage(invited: Bool, secrets: Int, isKnown: Bool = true) throws -> Double {
        let identity = try BenchmarkRoom.identity()
        identity.invites = (1..<secrets).map { _ in InviteSecret() } + identity.invites
        let invite = isKnown ? BenchmarkRoom.invite() : InviteSecret()
        let peer = try Peer(identity, invite: invited ? invite : nil)
        var host = SecureSession(responder: identity, now: .zero)
        var (scratch, events): ([UInt8], [SessionEvent]) = ([], [])
        let first = peer.first
        return try time { try host.received(first.span, now: .zero, scratch: &scratch, events: &events) }
    }

    private static func lastMessage(invited: Bool) throws -> Double {
        let identity = try BenchmarkRoom.identity()
        let peer = try Peer(identity, invite: invited ? BenchmarkRoom.invite() : nil)
        var host = SecureSession(responder: identity, now: .zero)
        var (scratch, events): ([UInt8], [SessionEvent]) = ([], [])
        let first = peer.first
        try host.received(first.span, now: .zero, scratch: &scratch, events: &events)
        var answers: [SessionEvent] = []
        let answer = bytes(events)
        try peer.session.received(answer.span, now: .zero, scratch: &scratch, events: &answers)
        let last = bytes(answers)
        return try time { try host.received(last.span, now: .zero, scratch: &scratch, events: &events) }
    }

    // MARK: Passwords

    private static func stretched(_ cost: Argon2id.Cost) throws -> RoomPassword {
        try RoomPassword(stretching: SecretBytes(count: 8), room: "benchmark", cost: cost)
    }

    private static func exchange(_ password: RoomPassword) throws -> (share: Double, tag: Double) {
        let identity = try BenchmarkRoom.identity()
        let hash = [UInt8](repeating: 3, count: 64)
        let credentials = JoinCredentials(
            prologue: BenchmarkRoom.prologue, staticKey: X25519.PrivateKey(), hostKey: nil, invite: nil)
        var member = try MemberAdmission(
            password: password, credentials: credentials, hostKey: identity.publicKey, handshakeHash: hash)
        var host = HostAdmission()
        guard case .share(let share) = member.first else { throw BenchmarkError("no share") }
        let key = credentials.publicKey
        var answer: AdmissionMessage?
        let first = try time {
            answer = try host.received(
                share: share, password: password, identity: identity, memberKey: key, handshakeHash: hash)
        }
        guard let answer, case .send(.tag(let tag)) = try member.received(answer) else {
            throw BenchmarkError("no tag")
        }
        return (first, try time { _ = try host.received(tag: tag) })
    }

    // MARK: Measuring

    private static func median(_ body: () throws -> Double) rethrows -> Double {
        try (0..<rounds).map { _ in try body() }.sorted()[rounds / 2]
    }

    /// Microseconds of this thread.
    private static func time(_ body: () throws -> Void) rethrows -> Double {
        let start = timespec.nanoseconds(on: CLOCK_THREAD_CPUTIME_ID)
        try body()
        return Double(timespec.nanoseconds(on: CLOCK_THREAD_CPUTIME_ID) - start) / 1_000
    }

    private static func report(_ step: String, _ microseconds: Double) {
        var line = JSONLine()
        line.add("test", "door")
        line.add("step", step)
        line.add("us", microseconds)
        print(line.text)
    }
}
