internal import Chat
import Wire

/// Writes what a room's snapshot consists of. Points in time are written as what they are away from `now`, so that they count
/// on another machine, and after a restart, too.
struct StateWriter {
    private(set) var wire: ByteWriter
    private let now: Duration

    init(now: Duration, reserving byteCount: Int = 4_096) {
        wire = ByteWriter(reserving: byteCount)
        self.now = now
    }

    var bytes: [UInt8] { wire.bytes }

    mutating func write(_ value: UInt8) { wire.write(value) }
    mutating func write(_ value: UInt16) { wire.write(value) }
    mutating func write(_ value: UInt32) { wire.write(value) }
    mutating func write(_ value: UInt64) { wire.write(value) }
    mutating func write(_ value: Int) { wire.write(UInt64(bitPattern: Int64(value))) }
    mutating func write(_ value: Bool) { wire.write(UInt8(value ? 1 : 0)) }
    mutating func write(_ value: Double) { wire.write(value.bitPattern) }
    mutating func write(_ value: MemberID) { wire.write(value.wireValue) }
    mutating func write(_ value: MessageID) { wire.write(value.value) }
    mutating func write(_ value: LinkID) {
        guard value.host > 0 else { return wire.write(UInt32(clamping: value.slot)) }
        wire.write(UInt32.max)
        wire.write(value.host)
        wire.write(value.number)
    }
    mutating func write(_ value: [UInt8]) { wire.writeVector(value) }
    mutating func write(_ value: String) { wire.writeUTF8Vector(value) }

    mutating func write(interval: Duration) {
        let (seconds, attoseconds) = interval.components
        wire.write(UInt64(bitPattern: seconds))
        wire.write(UInt64(bitPattern: attoseconds))
    }

    mutating func write(time: Duration) { write(interval: time - now) }

    mutating func write<Value>(optional value: Value?, _ write: (inout StateWriter, Value) -> Void) {
        self.write(value != nil)
        if let value { write(&self, value) }
    }

    mutating func write<Element>(
        list: some Collection<Element>, _ write: (inout StateWriter, Element) -> Void
    ) {
        self.write(UInt32(clamping: list.count))
        for element in list { write(&self, element) }
    }
}
