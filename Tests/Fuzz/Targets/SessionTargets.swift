import CPace
import Sodium
import Wire

@testable import SecureSession

/// The frame decoder, the handshake, the records, the door of a password room.
let sessionTargets = [
    FuzzTarget(
        "frames", atMost: 2_048,
        seeds: {
            [[1, 64, 0, 3, 1, 2, 3, 0, 1, 9], [0, 255, 1, 0] + [UInt8](repeating: 7, count: 256), [3, 8, 0, 0]]
        },
        run: frames),
    FuzzTarget(
        "handshake", atMost: 1_024,
        seeds: {
            (0..<4).map { [$0, 0, 0, 0, 0] } + [
                [0, 1, 5, 0xFF, 0, 0], [1, 2, 0, 3, 2, 0, 30], [2, 0, 0], [3, 0, 3, 9, 1],
            ]
        },
        run: handshake),
    FuzzTarget("records", atMost: 4_096, seeds: recordSeeds, run: records),
    FuzzTarget(
        "admission", atMost: 512,
        seeds: { [[0, 0, 0, 1, 0, 1], [0, 0, 1, 1, 0, 2], [1, 2, 0, 32] + [UInt8](repeating: 1, count: 32)] },
        run: admission),
]

// MARK: Frames

/// Frames are the same however the bytes arrive.
private func frames(_ input: [UInt8]) {
    var input = FuzzInput(input)
    let size = max(1, Int(input.byte()))
    let limit = max(1, Int(input.byte()) * 8)
    let bytes = input.rest()
    let whole = decode([bytes], limit)
    let pieces = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
    let parts = decode(pieces, limit)
    precondition(whole.frames == parts.frames, "frames depend on how bytes arrive")
    precondition(whole.hasFailed == parts.hasFailed, "an error depends on how bytes arrive")
    precondition(whole.frames.allSatisfy { 1...limit ~= $0.count }, "a frame of a length that is not allowed")
}

private func decode(_ pieces: [[UInt8]], _ limit: Int) -> (frames: [[UInt8]], hasFailed: Bool) {
    var decoder = FrameDecoder(maximumLength: limit)
    var frames: [[UInt8]] = []
    for piece in pieces {
        do {
            try decoder.received(piece.span) { frame in
                frames.append(frame.indices.map { frame[$0] })
                return true
            }
        } catch {
            return (frames, true)
        }
        precondition(decoder.bufferedByteCount <= limit + FrameDecoder.headerByteCount, "more kept than a frame")
    }
    return (frames, false)
}

// MARK: Handshake

/// What the sessions of all runs are made with; nothing changes it.
private struct Keys: @unchecked Sendable {
    let invite = InviteSecret()
    let identity: RoomIdentity
    let closed: RoomIdentity

    init() {
        let invites = [InviteSecret(), invite]
        let prologue = Prologue(room: "fuzz", onionKey: nil)
        identity = RoomIdentity(
            prologue: prologue, staticKey: X25519.PrivateKey(), invites: invites, acceptsOpen: true)
        closed = RoomIdentity(
            prologue: prologue, staticKey: X25519.PrivateKey(), invites: invites, acceptsOpen: false)
    }

    static let shared = Keys()
}

/// A joiner and a host whose bytes are carried, changed, left out and made up.
private func handshake(_ bytes: [UInt8]) {
    let keys = Keys.shared
    var input = FuzzInput(bytes)
    let setup = input.byte()
    let identity = setup & 2 != 0 ? keys.closed : keys.identity
    let isInvited = setup & 1 != 0
    let credentials = JoinCredentials(
        prologue: identity.prologue, staticKey: X25519.PrivateKey(), hostKey: isInvited ? identity.publicKey : nil,
        invite: isInvited ? keys.invite : nil)
    var events: [SessionEvent] = []
    guard var joiner = try? SecureSession(initiator: credentials, now: .zero, events: &events) else {
        preconditionFailure("a joiner can always begin")
    }
    var host = SecureSession(responder: identity, now: .zero)
    var toHost = takeBytes(&events)
    var toJoiner: [UInt8] = []
    var scratch: [UInt8] = []
    var isHonest = true
    while !input.isEmpty {
        let operation = input.byte()
        let isToHost = operation & 0x80 == 0
        var carried = isToHost ? toHost : toJoiner
        switch operation & 3 {
        case 1 where !carried.isEmpty:
            isHonest = false
            carried[Int(input.byte()) % carried.count] ^= input.byte() | 1
        case 2:
            isHonest = false
            carried = input.shortPiece()
        case 3:
            carried = Array(carried.prefix(Int(input.byte())))
            isHonest = isHonest && carried.count == (isToHost ? toHost : toJoiner).count
        default: break
        }
        do {
            if isToHost {
                toHost = []
                try host.received(carried.span, now: .seconds(1), scratch: &scratch, events: &events)
                if host.isOpen { try host.seal(into: &toJoiner, now: .seconds(2)) }
                toJoiner += takeBytes(&events)
            } else {
                toJoiner = []
                try joiner.received(carried.span, now: .seconds(1), scratch: &scratch, events: &events)
                toHost += takeBytes(&events)
                if joiner.isOpen { try joiner.seal(into: &toHost, now: .seconds(2)) }
            }
        } catch {
            precondition(!isHonest || setup & 3 == 2, "an honest handshake failed")
            return
        }
    }
    if joiner.isOpen, host.isOpen {
        precondition(joiner.handshakeHash == host.handshakeHash, "both are done and do not agree")
    }
}

private func takeBytes(_ events: inout [SessionEvent]) -> [UInt8] {
    defer { events = [] }
    return events.flatMap { if case .send(let bytes) = $0 { bytes } else { [UInt8]() } }
}

// MARK: Records

private func recordSeeds() -> [[UInt8]] {
    let payload: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0, 3, 1, 2, 3, 0, 0, 0]
    let split: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0x91, 0, 1, 1, 0x11, 0, 1, 2]
    let resume: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 0, 0, 7, 0, 0, 0, 0]
    let resumed: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 4, 0, 0, 0, 1, 0x25, 0, 0]
    let one = { (bytes: [UInt8]) in
        FuzzOutput.make {
            $0.add(0); $0.add(piece: bytes)
        }
    }
    return [
        one(payload), one(split), one(resume),
        FuzzOutput.make {
            $0.add(1, 0x11, 5, 2, 3, 9, 2, 0); $0.add(piece: resumed)
        },
        [1, 0x11, 40, 2, 4, 1, 1, 0x12, 3, 2, 5, 0, 0, 0, 1],
    ]
}

/// Both ends of a channel: payloads from outside, records of ours, new connections.
private func records(_ bytes: [UInt8]) {
    var input = FuzzInput(bytes)
    var channel = RecordChannel()
    channel.messageLimit = 1_024
    var events: [SessionEvent] = []
    var messages: [EncodedMessage] = []
    var cursor = RecordCursor()
    while !input.isEmpty {
        do {
            switch input.byte() % 6 {
            case 0:
                let payload = input.piece()
                try channel.received(payload, count: payload.count, now: .seconds(1), events: &events)
            case 1:
                let type = Records.firstRoomType + input.byte() % 16
                messages.append(EncodedMessage(type: type, body: [UInt8](repeating: 3, count: Int(input.byte()))))
            case 2 where !channel.isWaitingForHost:
                let payload = channel.nextPayload(of: messages, from: &cursor, capacity: 512)
                precondition(payload.contentByteCount <= 512, "more than fits")
                var wire = [UInt8](repeating: 0, count: 1_024)
                channel.write(payload, of: messages, to: &wire, at: 0)
            case 3: channel = channel.askingToGoOn(session: UInt32(input.byte()))
            case 4: channel.confirmGoingOn(received: UInt32(input.byte()), waiting: UInt32(input.byte()))
            case 5: channel.confirmGoingOn(received: input.uint32(), waiting: input.uint32())
            default: break
            }
        } catch {
            return
        }
        for event in events {
            if case .message(let type, let body) = event {
                precondition(type >= Records.firstRoomType && type & 0x80 == 0, "a type that is none")
                precondition(body.count <= SessionProtocol.recordBodyLimit, "a message beyond its limit")
            }
        }
        events = []
    }
}

// MARK: Admission

private struct Door {
    let password: RoomPassword

    init() {
        let secret = SecretBytes(copying: Array("correct horse".utf8).span)
        guard let password = try? RoomPassword(stretching: secret, room: "fuzz", cost: .init(passes: 1, memory: 8_192))
        else { preconditionFailure("out of memory") }
        self.password = password
    }

    static let shared = Door()
}

/// The messages of the door, to the host and to a member, in any order; only who has the password comes in.
private func admission(_ bytes: [UInt8]) {
    let identity = Keys.shared.identity
    let credentials = JoinCredentials(
        prologue: identity.prologue, staticKey: X25519.PrivateKey(), hostKey: nil, invite: nil)
    let hash = [UInt8](repeating: 9, count: 64)
    guard
        var member = try? MemberAdmission(
            password: Door.shared.password, credentials: credentials, hostKey: identity.publicKey, handshakeHash: hash)
    else { preconditionFailure("a member can always begin") }
    var host = HostAdmission()
    var input = FuzzInput(bytes)
    var fromMember: AdmissionMessage? = member.first
    var fromHost: AdmissionMessage?
    var isHonest = true
    while !input.isEmpty {
        let choice = input.byte()
        let isToHost = choice & 1 == 0
        let isForged = choice & 2 != 0
        let message =
            isForged
            ? try? AdmissionMessage(type: input.byte(), body: input.piece()) : isToHost ? fromMember : fromHost
        guard let message else { continue }
        do {
            guard isToHost else {
                isHonest = isHonest && !isForged
                switch try member.received(message) {
                case .send(let next): fromMember = next
                case .admitted: precondition(isHonest, "a member believed a host without the password")
                }
                continue
            }
            switch message {
            case .share(let share):
                isHonest = isHonest && !isForged
                fromHost = try host.received(
                    share: share, password: Door.shared.password, identity: identity, memberKey: credentials.publicKey,
                    handshakeHash: hash)
            case .tag(let tag):
                isHonest = isHonest && !isForged
                fromHost = try host.received(tag: tag)
            case .answer, .confirmed: break
            }
        } catch {
            return
        }
        precondition(isHonest || !host.isOpen, "the host let in somebody without the password")
    }
}
