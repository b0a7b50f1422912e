internal import Wire

/// Both directions of numbered records on one connection, and what a member needs to go on over another one.
///
/// It keeps nothing of what it sends: a host has it in the room's log, and a member sends again what the room has not
/// shown by the time it has caught up. It knows no encryption; ``SecureLink`` seals what ``nextPayload(of:capacity:)``
/// chooses.
struct RecordChannel {
    // MARK: Sending

    /// Records sent; acknowledged; both since number 0 of the session.
    private(set) var sentCount: UInt32 = 0
    private(set) var acknowledgedCount: UInt32 = 0

    // MARK: Going on after a broken connection

    /// Where this channel stands on its present connection.
    private enum Resumption {
        case none
        /// The member has to ask the host, by the session's number, to go on.
        case toAsk(session: UInt32)
        /// The member has asked; nothing else is sent until the host has answered.
        case asked
        /// The host's next payload says that it goes on, and how many records wait for the member.
        case toConfirm(waiting: UInt32)
        /// The host goes on, and the member has not received yet what waited for it.
        case catchingUp(until: UInt32)
    }

    /// Types of the session's own records, which are not numbered and stand first in a payload.
    private enum ControlType {
        static let resume: UInt8 = 0x01
        static let resumed: UInt8 = 0x02
    }

    private var resumption = Resumption.none

    // MARK: Receiving

    private(set) var receivedCount: UInt32 = 0
    /// What the peer knows to be received.
    private var acknowledgedToPeer: UInt32 = 0
    /// Records after this number are not acknowledged yet; nil when all may be.
    private var acknowledgementLimit: UInt32?
    /// Records that come once more, because they were received and not acknowledged when the connection broke.
    private var repeatedCount: UInt32 = 0
    private var unacknowledgedBytes = 0
    /// Bytes of a message that the peer may send.
    var messageLimit = SessionProtocol.messageLimit
    private var partial: [UInt8] = []
    private var partialType: UInt8?

    /// When received records wait for an acknowledgement: since when.
    private(set) var owesAcknowledgementSince: Duration?

    /// Whether something is to be said besides messages and acknowledgements.
    var hasControl: Bool {
        switch resumption {
        case .toAsk, .toConfirm: true
        case .none, .asked, .catchingUp: false
        }
    }

    /// Whether something has been sent that the peer has not acknowledged.
    var awaitsAcknowledgement: Bool { sentCount != acknowledgedCount }

    /// Whether nothing may be sent, because the host has not said yet whether it goes on.
    var isWaitingForHost: Bool {
        if case .asked = resumption { true } else { false }
    }

    /// Whether so much has been received that the peer should hear of it now.
    var mustAcknowledgeNow: Bool {
        let count = acknowledgeable &- acknowledgedToPeer
        return count >= UInt32(SessionProtocol.unacknowledgedRecordLimit)
            || count > 0 && unacknowledgedBytes >= SessionProtocol.unacknowledgedByteLimit
    }

    /// What may be acknowledged of what was received.
    private var acknowledgeable: UInt32 {
        max(acknowledgedToPeer, min(receivedCount, acknowledgementLimit ?? receivedCount))
    }

    /// Whether something was received that may not be acknowledged yet.
    var withholdsAcknowledgement: Bool { acknowledgeable != receivedCount }

    /// Records after number `limit` are not to be acknowledged before this is called again.
    mutating func mayAcknowledge(upTo limit: UInt32, now: Duration) {
        acknowledgementLimit = limit
        if acknowledgeable > acknowledgedToPeer { owesAcknowledgementSince = owesAcknowledgementSince ?? now }
    }

    /// What the next sealed message carries.
    struct Payload {
        /// Bytes after the payload's header, without padding.
        fileprivate(set) var contentByteCount = 0
        fileprivate var control: Control?
        /// Number of its first record.
        fileprivate var firstNumber: UInt32
        /// Where its records begin, and how many they are.
        fileprivate var start: RecordCursor
        fileprivate var recordCount: UInt32 = 0
        /// Frames of the lane, in place of records.
        fileprivate var lane: [[UInt8]] = []
        /// Whether it only says that the host pauses.
        fileprivate var pauses = false

        fileprivate enum Control {
            case resume(session: UInt32)
            case resumed(waiting: UInt32)

            var byteCount: Int {
                SessionProtocol.recordHeaderByteCount + bodyByteCount
            }

            var bodyByteCount: Int {
                switch self {
                case .resume: 8
                case .resumed: 4
                }
            }
        }
    }

    /// Takes as many records of `messages` from `cursor` on as fit `capacity` bytes; they count as sent.
    mutating func nextPayload(
        of messages: [EncodedMessage], from cursor: inout RecordCursor, capacity: Int
    ) -> Payload {
        var payload = Payload(firstNumber: sentCount, start: cursor)
        switch resumption {
        case .toAsk(let session):
            resumption = .asked
            payload.control = .resume(session: session)
            payload.contentByteCount = payload.control?.byteCount ?? 0
            return payload
        case .asked:
            preconditionFailure("nothing is sent before the host has answered")
        case .toConfirm(let waiting):
            resumption = .none
            payload.control = .resumed(waiting: waiting)
            payload.contentByteCount = payload.control?.byteCount ?? 0
        case .none, .catchingUp:
            break
        }
        while let record = cursor.next(in: messages) {
            let byteCount = SessionProtocol.recordHeaderByteCount + record.body.count
            guard payload.contentByteCount + byteCount <= capacity else { break }
            payload.contentByteCount += byteCount
            payload.recordCount += 1
            cursor.advance(in: messages)
        }
        sentCount &+= payload.recordCount
        acknowledgedToPeer = acknowledgeable
        unacknowledgedBytes = 0
        owesAcknowledgementSince = nil
        return payload
    }

    /// A payload of frames of the lane, which `capacity` bytes hold with their headers; it acknowledges like any other.
    mutating func lanePayload(of frames: [[UInt8]], capacity: Int) -> Payload {
        var payload = Payload(firstNumber: sentCount, start: RecordCursor())
        payload.lane = frames
        payload.contentByteCount = frames.reduce(0) { $0 + SessionProtocol.recordHeaderByteCount + $1.count }
        precondition(payload.contentByteCount <= capacity, "a lane fills no more than a message")
        acknowledgedToPeer = acknowledgeable
        unacknowledgedBytes = 0
        owesAcknowledgementSince = nil
        return payload
    }

    /// A payload that says that the host pauses; it acknowledges like any other.
    mutating func pausePayload() -> Payload {
        var payload = lanePayload(of: [], capacity: 0)
        payload.pauses = true
        payload.contentByteCount = SessionProtocol.recordHeaderByteCount
        return payload
    }

    /// Writes the payload's plaintext over the bytes of `wire` from `index` on.
    func write(_ payload: Payload, of messages: [EncodedMessage], to wire: inout [UInt8], at index: Int) {
        var writer = OverwritingWriter(index: index)
        unsafe wire.withUnsafeMutableBufferPointer { wire in
            if case .resume(let session) = payload.control {
                unsafe writer.skip(SessionProtocol.payloadHeaderByteCount, in: wire)
                unsafe writer.write(ControlType.resume, to: wire)
                unsafe writer.write(UInt16(8), to: wire)
                unsafe writer.write(session, to: wire)
                unsafe writer.write(receivedCount, to: wire)
                return
            }
            unsafe writer.write(payload.firstNumber, to: wire)
            unsafe writer.write(acknowledgedToPeer, to: wire)
            if case .resumed(let waiting) = payload.control {
                unsafe writer.write(ControlType.resumed, to: wire)
                unsafe writer.write(UInt16(4), to: wire)
                unsafe writer.write(waiting, to: wire)
            }
            if payload.pauses {
                unsafe writer.write(Records.pauseType, to: wire)
                unsafe writer.write(UInt16(0), to: wire)
            }
            for frame in payload.lane {
                unsafe writer.write(Records.laneType, to: wire)
                unsafe writer.write(UInt16(frame.count), to: wire)
                unsafe writer.write(frame, in: frame.indices, to: wire)
            }
            var cursor = payload.start
            for _ in 0..<payload.recordCount {
                guard let record = cursor.next(in: messages) else { return }
                unsafe writer.write(record.header, to: wire)
                unsafe writer.write(UInt16(record.body.count), to: wire)
                unsafe writer.write(messages[cursor.message].body, in: record.body, to: wire)
                cursor.advance(in: messages)
            }
        }
    }

    /// Takes a sealed message's plaintext, the first `count` bytes of `payload`, and appends what it brings to `events`.
    mutating func received(
        _ payload: borrowing [UInt8], count: Int, now: Duration, events: inout [SessionEvent]
    ) throws(SessionError) {
        guard count >= SessionProtocol.payloadHeaderByteCount else { throw .malformed }
        let firstNumberOfPeer = UInt32(bigEndian: payload, at: 0)
        let receivedByPeer = UInt32(bigEndian: payload, at: 4)
        var index = SessionProtocol.payloadHeaderByteCount
        if case .asked = resumption {
            if let body = control(ControlType.resumed, length: 4, in: payload, at: index, count: count) {
                let waiting = UInt32(bigEndian: payload, at: body)
                index = body + 4
                try goesOn(behind: firstNumberOfPeer)
                resumption = .catchingUp(until: receivedCount &+ waiting)
                events.append(.resumed)
                catchUp(&events)
            } else {
                let limit = messageLimit
                self = RecordChannel()
                messageLimit = limit
                events.append(.resumeRefused)
            }
        }
        guard firstNumberOfPeer == receivedCount else { throw .malformed }
        try acknowledged(upTo: receivedByPeer, events: &events)
        if receivedCount == 0, let body = control(ControlType.resume, length: 8, in: payload, at: index, count: count) {
            index = body + 8
            events.append(
                .resumeRequested(
                    session: UInt32(bigEndian: payload, at: body), received: UInt32(bigEndian: payload, at: body + 4)))
        }
        while index < count {
            let header = payload[index]
            guard header != 0 else {
                while index < count {
                    guard payload[index] == 0 else { throw .malformed }
                    index += 1
                }
                return
            }
            guard index + SessionProtocol.recordHeaderByteCount <= count else { throw .malformed }
            let length = Int(payload[index + 1]) << 8 | Int(payload[index + 2])
            index += SessionProtocol.recordHeaderByteCount
            guard length <= SessionProtocol.recordBodyLimit, index + length <= count else { throw .malformed }
            let body = payload[index..<index + length]
            index += length
            if header == Records.laneType {
                events.append(.lane(Array(body)))
                continue
            }
            if header == Records.pauseType {
                guard length == 0 else { throw .malformed }
                events.append(.pausing)
                continue
            }
            try receivedRecord(header: header, body: body, events: &events)
            if owesAcknowledgementSince == nil {
                owesAcknowledgementSince = now
            }
        }
    }

    /// Where the body of a control record of that type and length begins, if it stands at `index`.
    private func control(
        _ type: UInt8, length: Int, in payload: borrowing [UInt8], at index: Int, count: Int
    ) -> Int? {
        let body = index + SessionProtocol.recordHeaderByteCount
        guard count >= body + length, payload[index] == type, payload[index + 1] == 0,
            payload[index + 2] == UInt8(length)
        else { return nil }
        return body
    }

    /// The member's channel for a new connection, on which it asks to go on with session number `session`: what it has
    /// received counts on, what it sends begins anew.
    func askingToGoOn(session: UInt32) -> RecordChannel {
        var channel = RecordChannel()
        channel.messageLimit = messageLimit
        channel.receivedCount = acknowledgeable
        channel.acknowledgedToPeer = acknowledgeable
        channel.acknowledgementLimit = acknowledgementLimit
        channel.repeatedCount = repeatedCount &+ (receivedCount &- acknowledgeable)
        channel.partial = partial
        channel.partialType = partialType
        channel.resumption = .toAsk(session: session)
        return channel
    }

    /// The host goes on, on this new connection, with a member that has received `received` records, and for which
    /// `waiting` more are there.
    mutating func confirmGoingOn(received: UInt32, waiting: UInt32) {
        sentCount = received
        acknowledgedCount = received
        resumption = .toConfirm(waiting: waiting)
    }

    /// The host knows that this member has received more than it could acknowledge.
    private mutating func goesOn(behind number: UInt32) throws(SessionError) {
        let ahead = number &- receivedCount
        guard ahead <= repeatedCount else { throw .malformed }
        repeatedCount -= ahead
        receivedCount = number
        acknowledgedToPeer = number
    }

    private mutating func receivedRecord(
        header: UInt8, body: ArraySlice<UInt8>, events: inout [SessionEvent]
    ) throws(SessionError) {
        let type = header & ~Records.continuedFlag
        guard type >= Records.firstRoomType else { throw .malformed }
        guard receivedCount < SessionProtocol.recordNumberLimit else { throw .exhausted }
        receivedCount += 1
        guard repeatedCount == 0 else {
            repeatedCount -= 1
            return catchUp(&events)
        }
        unacknowledgedBytes += body.count
        if let partialType, partialType != type { throw .malformed }
        if header & Records.continuedFlag != 0 {
            guard !body.isEmpty else { throw .malformed }
            guard partial.count + body.count <= messageLimit else { throw .messageTooLong }
            partial.append(contentsOf: body)
            partialType = type
        } else if partialType != nil {
            guard partial.count + body.count <= messageLimit else { throw .messageTooLong }
            partial.append(contentsOf: body)
            events.append(.message(type: type, body: partial))
            partial = []
            partialType = nil
        } else {
            events.append(.message(type: type, body: Array(body)))
        }
        catchUp(&events)
    }

    /// Tells once that everything has come that waited when the session went on.
    private mutating func catchUp(_ events: inout [SessionEvent]) {
        guard case .catchingUp(let end) = resumption, receivedCount >= end else { return }
        resumption = .none
        events.append(.caughtUp)
    }

    private mutating func acknowledged(upTo number: UInt32, events: inout [SessionEvent]) throws(SessionError) {
        guard number &- acknowledgedCount <= sentCount &- acknowledgedCount else { throw .malformed }
        guard number != acknowledgedCount else { return }
        acknowledgedCount = number
        events.append(.acknowledged(count: number))
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }
}

extension UInt32 {
    /// The four bytes of `bytes` from `index` on, most significant first; the caller has checked the bounds.
    init(bigEndian bytes: borrowing [UInt8], at index: Int) {
        self =
            UInt32(bytes[index]) << 24 | UInt32(bytes[index + 1]) << 16 | UInt32(bytes[index + 2]) << 8
            | UInt32(bytes[index + 3])
    }
}
