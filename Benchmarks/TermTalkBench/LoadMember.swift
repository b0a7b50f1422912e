import CLibevent
import Chat
import Glibc
import Room
import SecureGroup
import SecureSession
import Sodium
import Wire

/// One member of the room: a socket, its session, and the few messages of the room that the load generator speaks.
final class LoadMember {
    enum State {
        case connecting, joining, joined
        case failed(String)
    }

    private static let admittedType = 0x20 as UInt8
    private static let refusedType = 0x21 as UInt8
    private static let committedType = 0x22 as UInt8
    private static let posted = HostMessage.posted(
        sequence: 0, from: MemberID(entropy: 0), id: MessageID(0), age: 7, content: []
    ).encoded

    let descriptor: Int32
    private(set) var state = State.connecting
    private(set) var wantsToWrite = true
    /// Messages of the room that arrived unchanged, and those that did not.
    private(set) var delivered = 0
    private(set) var damaged = 0
    private var session: SecureSession?
    /// The member's part in the group, where it takes part for real: it says what others can open, and commits.
    private var client: MemberClient?
    private let prepared: RoomGroup
    /// The invite of the group that this member has founded at a relay, once others can come in with it.
    private(set) var inviteOfGroup: InviteSecret?
    /// Nothing is read from the socket.
    var isDeaf = false
    /// The room's epoch. The load is no MLS: the host relays it all the same.
    private var epoch: UInt64 = 0
    private var output: [UInt8] = []

    /// Begins to connect to `address`, of loopback or a Unix socket.
    ///
    /// - Parameters:
    ///   - trust: what the group is known by.
    ///   - takesPart: whether it is in the group for real.
    init(_ address: BenchmarkAddress, trust: GroupTrust, takesPart: Bool) throws {
        prepared = RoomGroup(trust: trust, time: UInt64(time(nil)))
        if takesPart { client = MemberClient(nick: "", engine: prepared) }
        descriptor = try address.connecting()
    }

    deinit {
        close(descriptor)
    }

    var isJoined: Bool {
        if case .joined = state { true } else { false }
    }

    /// Queues a message for the room.
    func post(_ content: [UInt8], id: UInt64, now: Duration) {
        if client != nil {
            return act(now) { client, actions in
                _ = try? client.say(Self.text, kind: .text, actions: &actions)
            }
        }
        enqueue(.post(id: MessageID(id), epoch: epoch, content: content))
    }

    /// What a member says that takes part: some eighty characters, as people write them.
    private static let text = "hello, this is a message of some eighty characters, as people write them in a chat"

    private func act(_ now: Duration, _ body: (inout MemberClient, inout [MemberClient.Action]) throws -> Void) {
        guard var client = self.client else { return }
        var actions: [MemberClient.Action] = []
        client.now = now
        do {
            try body(&client, &actions)
        } catch {
            state = .failed("\(error)")
        }
        self.client = client
        for action in actions {
            switch action {
            case .send(let message): session?.enqueue(message)
            case .admitted(let admission) where !admission.welcome.isEmpty || client.groupSecret() == nil:
                state = .joined
            case .registered:
                inviteOfGroup = createdInvite(of: client)
                state = .joined
            case .end(_, let refusal): state = .failed(refusal?.code.rawValue ?? "the stay is over")
            case .startOver: state = .failed("has lost its group")
            case .admitted, .tell, .offered, .moved, .hosts: break
            }
        }
    }

    private func createdInvite(of client: MemberClient) -> InviteSecret? {
        switch client.groupSecret() {
        case .some(let secret): InviteSecret(secret)
        case .none: nil
        }
    }

    func leave(now: Duration) {
        enqueue(.leave)
        flush(now: now)
    }

    private func enqueue(_ request: MemberRequest) {
        let message = request.encoded
        session?.enqueue(message)
    }

    // MARK: The socket

    func becameWritable(hostKey: X25519.PublicKey, invite: InviteSecret, now: Duration) {
        guard case .connecting = state else { return send() }
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else {
            state = .failed("connect: \(code)")
            return
        }
        state = .joining
        wantsToWrite = false
        var events: [SessionEvent] = []
        do throws(SessionError) {
            let credentials = JoinCredentials(
                prologue: BenchmarkRoom.prologue, staticKey: X25519.PrivateKey(), hostKey: hostKey, invite: invite)
            session = try SecureSession(initiator: credentials, now: now, events: &events)
        } catch {
            state = .failed("\(error)")
        }
        for event in events { handle(event, now) }
        send()
    }

    func becameReadable(into buffer: inout [UInt8], scratch: inout [UInt8], events: inout [SessionEvent], now: Duration)
    {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else {
            if count == 0 || errno != EAGAIN { state = .failed(count == 0 ? "closed by the host" : "recv: \(errno)") }
            return
        }
        do throws(SessionError) {
            try session?.received(buffer.span.extracting(..<count), now: now, scratch: &scratch, events: &events)
        } catch {
            state = .failed("\(error)")
        }
        for event in events { handle(event, now) }
        events.removeAll(keepingCapacity: true)
        flush(now: now)
    }

    private func handle(_ event: SessionEvent, _ now: Duration) {
        switch event {
        case .send(let bytes): output += bytes
        case .established where client != nil:
            act(now) { client, actions in client.connected(actions: &actions) }
        case .established:
            enqueue(.join(nick: "", member: prepared.id, keyPackage: prepared.keyPackage()))
        case .message(let type, let body) where client != nil:
            if type == Self.posted.type {
                guard expectsSealed else { return received(body) }
                delivered += 1
            }
            act(now) { client, actions in try client.received(type: type, body: body, actions: &actions) }
        case .message(Self.posted.type, let body): received(body)
        case .message(Self.committedType, _): epoch += 1
        case .message(Self.refusedType, let body): state = .failed("refused, code \(body.first ?? 0)")
        case .message(Self.admittedType, let body):
            if case .admitted(let admission)? = try? HostMessage(type: Self.admittedType, body: body) {
                epoch = admission.epoch
            }
            state = .joined
        default: break
        }
    }

    /// What is sealed cannot be seen to be whole.
    var expectsSealed = false

    private func received(_ body: [UInt8]) {
        let content = Self.posted.body.count
        if expectsSealed {
            delivered += 1
        } else if body.count >= content + 32, body[content] == UInt8(ascii: "@"), body.last == UInt8(ascii: ".") {
            delivered += 1
        } else {
            damaged += 1
        }
    }

    /// Sends what is queued, and an acknowledgement when one is due.
    func flush(now: Duration) {
        guard session?.wantsToSend(now: now) == true || !output.isEmpty else { return }
        do throws(SessionError) {
            try session?.seal(into: &output, now: now)
        } catch {
            state = .failed("\(error)")
        }
        send()
    }

    private func send() {
        while !output.isEmpty {
            let count = Glibc.send(descriptor, output, output.count, Int32(MSG_NOSIGNAL))
            if count < 0 {
                if errno != EAGAIN { state = .failed("send: \(errno)") }
                break
            }
            output.removeFirst(count)
        }
        wantsToWrite = !output.isEmpty
    }
}
