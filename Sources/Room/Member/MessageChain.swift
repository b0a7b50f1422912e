internal import Chat
internal import Sodium
internal import Wire

/// A hash over all that a member has received of the room, in order. Each message tells what its sender's was; members that
/// were given different things find out.
///
/// Every epoch begins a chain with a secret of the group, so the host can compute none of it.
struct MessageChain {
    /// The first 16 bytes of the hash.
    struct Value: Hashable, Sendable {
        var high: UInt64
        var low: UInt64
    }

    /// The chain of one epoch.
    private struct Segment {
        let epoch: UInt64
        /// The number that the first of `values` belongs to: that of the last message before the epoch, unless values were
        /// forgotten.
        var first: UInt64
        var values: [Value]
        var isWhole = true
    }

    /// What a sender's view is, compared with ours.
    enum Verdict {
        case same, different
        /// Too long ago, or before our time.
        case unknown
    }

    /// Epochs whose chains are kept: those that messages can still be of.
    private static let epochs = RoomLimits.epochsBack + 1
    /// Bytes of what the chain has of a message.
    static let digestByteCount = 32
    /// Values kept in each; a sender that is further behind is not compared.
    static let remembered = 2_048

    private var segments: [Segment] = []

    /// The order number of the last message.
    var number: UInt64 { segments.last.map { $0.first + UInt64($0.values.count - 1) } ?? 0 }

    var value: Value { segments.last?.values.last ?? Value(high: 0, low: 0) }

    /// A new epoch, which begins after the message `number`.
    mutating func begin(epoch: UInt64, after number: UInt64, start: [UInt8]) {
        var writer = ByteWriter()
        writer.writeVector(start)
        writer.write(number)
        segments.append(Segment(epoch: epoch, first: number, values: [Self.hash(writer.bytes)]))
        segments.removeFirst(max(0, segments.count - Self.epochs))
    }

    /// What the chain has of a message: whoever cannot read it gets no more.
    static func digest(from sender: MemberID, id: MessageID, sealed: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(reserving: sealed.count + 12)
        writer.write(sender.wireValue)
        writer.write(id.value)
        writer.writeBytes(sealed)
        return Array(BLAKE2b.hash(writer.bytes.span).prefix(digestByteCount))
    }

    /// The next message in the room's order.
    mutating func add(number: UInt64, digest: [UInt8]) {
        guard var segment = segments.popLast() else { return }
        var writer = ByteWriter(reserving: 56)
        writer.write(segment.values[segment.values.count - 1])
        writer.write(number)
        writer.writeBytes(digest)
        segment.values.append(Self.hash(writer.bytes))
        if segment.values.count >= 2 * Self.remembered {
            segment.values.removeFirst(Self.remembered)
            segment.first += UInt64(Self.remembered)
            segment.isWhole = false
        }
        segments.append(segment)
    }

    /// The number goes on behind messages that never came.
    mutating func skip(to number: UInt64) {
        guard var segment = segments.popLast(), let last = segment.values.last else { return }
        segment.values = [last]
        segment.first = number
        segment.isWhole = false
        segments.append(segment)
    }

    /// Compares with what a sender had when it spoke in `epoch`.
    func compare(number: UInt64, value: Value, epoch: UInt64) -> Verdict {
        guard let segment = segments.last(where: { $0.epoch == epoch }) else { return .unknown }
        guard number >= segment.first else { return segment.isWhole ? .different : .unknown }
        let index = number - segment.first
        guard index < UInt64(segment.values.count) else { return .different }
        return segment.values[Int(index)] == value ? .same : .different
    }

    private static func hash(_ bytes: [UInt8]) -> Value {
        var reader = ByteReader(BLAKE2b.hash(bytes.span))
        return Value(high: (try? reader.readUInt64()) ?? 0, low: (try? reader.readUInt64()) ?? 0)
    }
}

extension ByteWriter {
    fileprivate mutating func write(_ value: MessageChain.Value) {
        write(value.high)
        write(value.low)
    }
}
