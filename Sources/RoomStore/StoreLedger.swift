internal import Wire

/// What the tables hold, written with every change: rows that were taken away or put back show.
struct StoreLedger: Equatable {
    var hasSnapshot = false
    /// The number after the snapshot's last input.
    var firstInput: UInt64 = 1
    var nextInput: UInt64 = 1
    var firstEntry: UInt64 = 1
    var nextEntry: UInt64 = 1
    /// What the host's own participant has received in the room's order.
    var received: UInt64 = 0

    init() {}

    init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes)
        switch try reader.readUInt8() {
        case 0: hasSnapshot = false
        case 1: hasSnapshot = true
        default: throw .invalidValue
        }
        firstInput = try reader.readUInt64()
        nextInput = try reader.readUInt64()
        firstEntry = try reader.readUInt64()
        nextEntry = try reader.readUInt64()
        // Stores of before it was kept end here.
        if reader.remaining > 0 { received = try reader.readUInt64() }
        try reader.finish()
        let end = StoreLimits.highestNumber + 1
        guard firstInput >= 1, firstInput <= nextInput, nextInput <= end, firstEntry >= 1, firstEntry <= nextEntry,
            nextEntry <= end,
            hasSnapshot || firstInput == 1
        else { throw .invalidValue }
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 41)
        writer.write(UInt8(hasSnapshot ? 1 : 0))
        writer.write(firstInput)
        writer.write(nextInput)
        writer.write(firstEntry)
        writer.write(nextEntry)
        writer.write(received)
        return writer.bytes
    }
}
