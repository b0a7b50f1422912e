/// Both directions of numbered records between two members of one session; it outlives connections.
///
/// What was sent is kept until the peer has acknowledged it, so that a new connection can go on where the old one
/// broke: nothing lost, nothing twice. It knows no encryption; ``SecureLink`` seals what ``nextPayload`` writes.
struct RecordChannel {
    // MARK: Sending

    /// Records that the peer has not acknowledged; those before `sentCount` are on their way.
    private var outgoing: [Record] = []
    /// Entries at the front of `outgoing` that are acknowledged and wait to be dropped.
    private var outgoingHead = 0
    private var sentCount = 0
    /// Number of the record at `outgoingHead`.
    private var firstNumber: UInt32 = 0

    /// Memory held in records that are not acknowledged, sent or not.
    private(set) var retainedByteCount = 0
    /// Memory held in records that have not been sent on the present connection.
    private(set) var unsentByteCount = 0

    // MARK: Going on after a broken connection

    /// Where this channel stands on its present connection.
    private enum Resumption {
        case none
        /// The member has to ask the host, by the session's number, to go on.
        case toAsk(session: UInt32)
        /// The member has asked; nothing else is sent until the host has answered.
        case asked
        /// The host's next payload says that it goes on.
        case toConfirm
    }

    /// Types of the session's own records, which are not numbered and stand first in a payload.
    private enum ControlType {
        static let resume: UInt8 = 0x01
        static let resumed: UInt8 = 0x02
        static let resumeBodyByteCount = 8
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

    /// Whether there is something to send besides acknowledgements.
    var hasUnsent: Bool {
        switch resumption {
        case .none: sentCount < outgoing.count
        case .toAsk, .toConfirm: true
        case .asked: false
        }
    }

    /// Whether something has been sent on the present connection that the peer has not acknowledged.
    var awaitsAcknowledgement: Bool { sentCount > outgoingHead }

    /// Whether nothing may be sent, because the host has not said yet whether it goes on.
    var isWaitingForHost: Bool {
        if case .asked = resumption { true } else { false }
    }

    /// Whether so much has been received that the peer should hear of it now.
    var mustAcknowledgeNow: Bool {
        let count = acknowledgeable - acknowledgedToPeer
        return count >= UInt32(SessionProtocol.unacknowledgedRecordLimit)
            || count > 0 && unacknowledgedBytes >= SessionProtocol.unacknowledgedByteLimit
    }

    /// What may be acknowledged of what was received.
    private var acknowledgeable: UInt32 {
        max(acknowledgedToPeer, min(receivedCount, acknowledgementLimit ?? receivedCount))
    }

    /// Records after number `limit` are not to be acknowledged before this is called again.
    mutating func mayAcknowledge(upTo limit: UInt32, now: Duration) {
        acknowledgementLimit = limit
        if acknowledgeable > acknowledgedToPeer { owesAcknowledgementSince = owesAcknowledgementSince ?? now }
    }

    mutating func enqueue(_ record: Record) {
        outgoing.append(record)
        retainedByteCount += record.heldByteCount
        unsentByteCount += record.heldByteCount
    }

    /// What the next sealed message carries.
    struct Payload {
        /// Bytes after the payload's header, without padding.
        fileprivate(set) var contentByteCount: Int
        fileprivate var control: Control?
        /// Where its records are in `outgoing`.
        fileprivate var records: Range<Int>

        fileprivate enum Control {
            case resume(session: UInt32)
            case resumed
        }
    }

    /// Takes as many unsent records as fit `capacity` bytes; they count as sent.
    mutating func nextPayload(capacity: Int) -> Payload {
        var payload = Payload(contentByteCount: 0, records: sentCount..<sentCount)
        switch resumption {
        case .toAsk(let session):
            resumption = .asked
            payload.control = .resume(session: session)
            payload.contentByteCount = SessionProtocol.recordHeaderByteCount + ControlType.resumeBodyByteCount
            return payload
        case .asked:
            preconditionFailure("nothing is sent before the host has answered")
        case .toConfirm:
            resumption = .none
            payload.control = .resumed
            payload.contentByteCount = SessionProtocol.recordHeaderByteCount
        case .none:
            break
        }
        var content = payload.contentByteCount
        var end = sentCount
        while end < outgoing.count, content + outgoing[end].byteCount <= capacity {
            content += outgoing[end].byteCount
            unsentByteCount -= outgoing[end].heldByteCount
            end += 1
        }
        payload.contentByteCount = content
        payload.records = sentCount..<end
        sentCount = end
        acknowledgedToPeer = acknowledgeable
        unacknowledgedBytes = 0
        owesAcknowledgementSince = nil
        return payload
    }

    /// Writes the payload's plaintext over the bytes of `wire` from `index` on.
    func write(_ payload: Payload, to wire: inout [UInt8], at index: Int) {
        var writer = OverwritingWriter(index: index)
        unsafe wire.withUnsafeMutableBufferPointer { wire in
            if case .resume(let session) = payload.control {
                unsafe writer.skip(SessionProtocol.payloadHeaderByteCount, in: wire)
                unsafe writer.write(ControlType.resume, to: wire)
                unsafe writer.write(UInt16(ControlType.resumeBodyByteCount), to: wire)
                unsafe writer.write(session, to: wire)
                unsafe writer.write(receivedCount, to: wire)
                return
            }
            unsafe writer.write(firstNumber &+ UInt32(payload.records.lowerBound - outgoingHead), to: wire)
            unsafe writer.write(acknowledgedToPeer, to: wire)
            if case .resumed = payload.control {
                unsafe writer.write(ControlType.resumed, to: wire)
                unsafe writer.write(0 as UInt16, to: wire)
            }
            for index in payload.records {
                unsafe writer.write(outgoing[index].header, to: wire)
                unsafe writer.write(UInt16(outgoing[index].body.count), to: wire)
                unsafe writer.write(outgoing[index].body, to: wire)
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
            if count > index, payload[index] == ControlType.resumed {
                resumption = .none
                try goOn(peerReceived: receivedByPeer, events: &events)
                events.append(.resumed)
                index += SessionProtocol.recordHeaderByteCount
            } else {
                let limit = messageLimit
                self = RecordChannel()
                messageLimit = limit
                events.append(.resumeRefused)
            }
        }
        guard firstNumberOfPeer == receivedCount else { throw .malformed }
        try acknowledged(upTo: receivedByPeer, events: &events)
        if receivedCount == 0, count > index, payload[index] == ControlType.resume {
            guard
                count >= index + SessionProtocol.recordHeaderByteCount + ControlType.resumeBodyByteCount,
                payload[index + 1] == 0, payload[index + 2] == UInt8(ControlType.resumeBodyByteCount)
            else { throw .malformed }
            index += SessionProtocol.recordHeaderByteCount
            events.append(
                .resumeRequested(
                    session: UInt32(bigEndian: payload, at: index), received: UInt32(bigEndian: payload, at: index + 4))
            )
            index += ControlType.resumeBodyByteCount
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
            try receivedRecord(header: header, body: payload[index..<index + length], events: &events)
            index += length
            if owesAcknowledgementSince == nil {
                owesAcknowledgementSince = now
            }
        }
    }

    /// The member's channel as it begins on a new connection: it asks to go on with session number `session`.
    mutating func askToGoOn(session: UInt32) {
        resumption = .toAsk(session: session)
        repeatedCount += receivedCount - acknowledgeable
        receivedCount = acknowledgeable
        acknowledgedToPeer = acknowledgeable
    }

    /// The host's channel as it goes on, on a new connection, with a member that has received `peerReceived` records.
    mutating func confirmGoingOn(peerReceived: UInt32, events: inout [SessionEvent]) throws(SessionError) {
        try goOn(peerReceived: peerReceived, events: &events)
        resumption = .toConfirm
    }

    private mutating func goOn(peerReceived: UInt32, events: inout [SessionEvent]) throws(SessionError) {
        try acknowledged(upTo: peerReceived, events: &events)
        sentCount = outgoingHead
        unsentByteCount = retainedByteCount
    }

    private mutating func receivedRecord(
        header: UInt8, body: ArraySlice<UInt8>, events: inout [SessionEvent]
    ) throws(SessionError) {
        let type = header & ~Record.continuedFlag
        guard type >= Record.firstRoomType else { throw .malformed }
        guard receivedCount < SessionProtocol.recordNumberLimit else { throw .exhausted }
        receivedCount += 1
        guard repeatedCount == 0 else {
            repeatedCount -= 1
            return
        }
        unacknowledgedBytes += body.count
        if let partialType, partialType != type { throw .malformed }
        if header & Record.continuedFlag != 0 {
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
    }

    private mutating func acknowledged(upTo number: UInt32, events: inout [SessionEvent]) throws(SessionError) {
        let count = Int(number &- firstNumber)
        guard count <= sentCount - outgoingHead else { throw .malformed }
        guard count > 0 else { return }
        var lastTag: UInt64 = 0
        var byteCount = 0
        let released = Record.released
        for index in outgoingHead..<outgoingHead + count {
            byteCount += outgoing[index].heldByteCount
            if outgoing[index].tag & Record.singleTag != 0 {
                events.append(.acknowledged(tag: outgoing[index].tag))
            } else {
                lastTag = max(lastTag, outgoing[index].tag)
            }
            outgoing[index] = released
        }
        retainedByteCount -= byteCount
        outgoingHead += count
        firstNumber &+= UInt32(count)
        if outgoingHead == outgoing.count {
            outgoing.removeAll(keepingCapacity: outgoing.count <= 64)
            outgoingHead = 0
            sentCount = 0
        } else if outgoingHead >= 1_024 && outgoingHead * 2 >= outgoing.count {
            outgoing.removeSubrange(..<outgoingHead)
            sentCount -= outgoingHead
            outgoingHead = 0
        }
        if lastTag != 0 {
            events.append(.acknowledged(tag: lastTag))
        }
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: UInt32) {
        append(UInt8(truncatingIfNeeded: value >> 24))
        append(UInt8(truncatingIfNeeded: value >> 16))
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

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
