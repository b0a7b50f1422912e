internal import Chat
import Wire

/// Reads what ``StateWriter`` has written. Points in time become those of a clock that shows `now`.
struct StateReader {
    private var wire: ByteReader
    private let now: Duration

    /// Thousands of years: sums of some of these are still durations.
    private static let longest: Int64 = 1 << 38
    private static let attosecondsPerSecond: Int64 = 1_000_000_000_000_000_000
    /// A text, a key, and whatever else is no tree and no message.
    static let pieceByteCount = 4_096

    init(_ bytes: [UInt8], now: Duration) {
        wire = ByteReader(bytes)
        self.now = now
    }

    mutating func readUInt8() throws(WireError) -> UInt8 { try wire.readUInt8() }
    mutating func readUInt16() throws(WireError) -> UInt16 { try wire.readUInt16() }
    mutating func readUInt32() throws(WireError) -> UInt32 { try wire.readUInt32() }
    mutating func readUInt64() throws(WireError) -> UInt64 { try wire.readUInt64() }
    mutating func readMessageID() throws(WireError) -> MessageID { MessageID(try wire.readUInt64()) }
    mutating func finish() throws(WireError) { try wire.finish() }

    mutating func readBool() throws(WireError) -> Bool {
        let value = try wire.readUInt8()
        guard value <= 1 else { throw .invalidValue }
        return value == 1
    }

    mutating func readInt() throws(WireError) -> Int { Int(Int64(bitPattern: try wire.readUInt64())) }

    /// A number from 0 to `limit`.
    mutating func readCount(atMost limit: Int) throws(WireError) -> Int {
        guard let value = Int(exactly: try wire.readUInt64()), value <= limit else { throw .invalidValue }
        return value
    }

    mutating func readDouble() throws(WireError) -> Double {
        let value = Double(bitPattern: try wire.readUInt64())
        guard value.magnitude <= 1e15 else { throw .invalidValue }
        return value
    }

    mutating func readMemberID() throws(WireError) -> MemberID {
        let value = try wire.readUInt32()
        guard value < 1 << 30 else { throw .invalidValue }
        return MemberID(entropy: value)
    }

    mutating func readLinkID() throws(WireError) -> LinkID {
        let slot = try wire.readUInt32()
        if slot == .max {
            let host = try wire.readUInt32()
            guard host > 0, host <= UInt32(Int32.max) else { throw .invalidValue }
            return LinkID(host: host, number: try wire.readUInt32())
        }
        guard slot <= Self.highestSlot else { throw .invalidValue }
        return LinkID(slot: Int(slot))
    }

    /// More connections than a process can have.
    private static let highestSlot: UInt32 = 1 << 24

    mutating func readBytes(atMost limit: Int = pieceByteCount) throws(WireError) -> [UInt8] {
        try wire.readVector(atMost: limit)
    }

    mutating func readText(atMost limit: Int = pieceByteCount) throws(WireError) -> String {
        try wire.readUTF8Vector(atMost: limit)
    }

    mutating func readNick(isHost: Bool) throws(WireError) -> Nick {
        guard let nick = try? Nick(validating: try readText(), isHost: isHost) else { throw .invalidValue }
        return nick
    }

    mutating func readInterval() throws(WireError) -> Duration {
        let seconds = Int64(bitPattern: try wire.readUInt64())
        let attoseconds = Int64(bitPattern: try wire.readUInt64())
        guard seconds.magnitude <= UInt64(Self.longest), attoseconds.magnitude < UInt64(Self.attosecondsPerSecond),
            seconds.signum() * attoseconds.signum() >= 0
        else { throw .invalidValue }
        return Duration(secondsComponent: seconds, attosecondsComponent: attoseconds)
    }

    mutating func readTime() throws(WireError) -> Duration { now + (try readInterval()) }

    mutating func readOptional<Value>(
        _ read: (inout StateReader) throws(WireError) -> Value
    ) throws(WireError) -> Value? {
        guard try readBool() else { return nil }
        return try read(&self)
    }

    mutating func readList<Element>(
        atMost limit: Int, _ read: (inout StateReader) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        let count = try wire.readUInt32()
        guard count <= limit else { throw .tooLong }
        var list: [Element] = []
        for _ in 0..<count { list.append(try read(&self)) }
        return list
    }
}
