import CLibevent
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
    private static let committedType = 0x22 as UInt8
    private static let posted = HostMessage.posted(
        sequence: 0, from: MemberID(entropy: 0), id: MessageID(0), content: []
    ).encoded

    let descriptor: Int32
    private(set) var state = State.connecting
    private(set) var wantsToWrite = true
    /// Messages of the room that arrived unchanged, and those that did not.
    private(set) var delivered = 0
    private(set) var damaged = 0
    private var session: SecureSession?
    /// The room's epoch. The load is no MLS: the host relays it all the same.
    private var epoch: UInt64 = 0
    private var output: [UInt8] = []

    /// Begins to connect to `port` of loopback.
    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw BenchmarkError("socket: \(errno)") }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 || errno == EINPROGRESS else { throw BenchmarkError("connect: \(errno)") }
    }

    deinit {
        close(descriptor)
    }

    var isJoined: Bool {
        if case .joined = state { true } else { false }
    }

    /// Queues a message for the room.
    func post(_ content: [UInt8], id: UInt64) {
        enqueue(.post(id: MessageID(id), epoch: epoch, content: content))
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
        for event in events { handle(event) }
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
        for event in events { handle(event) }
        events.removeAll(keepingCapacity: true)
        flush(now: now)
    }

    private func handle(_ event: SessionEvent) {
        switch event {
        case .send(let bytes): output += bytes
        case .established:
            let group = RoomGroup(creator: nil, time: 1_000_000_000)
            enqueue(.join(nick: "", member: group.id, keyPackage: group.keyPackage()))
        case .message(Self.posted.type, let body): received(body)
        case .message(Self.committedType, _): epoch += 1
        case .message(Self.admittedType, let body):
            if case .admitted(let admission)? = try? HostMessage(type: Self.admittedType, body: body) {
                epoch = admission.epoch
            }
            state = .joined
        default: break
        }
    }

    private func received(_ body: [UInt8]) {
        let content = Self.posted.body.count
        if body.count >= content + 32, body[content] == UInt8(ascii: "@"), body.last == UInt8(ascii: ".") {
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
