/// What waits to be written, and is written at once: a checkpoint, then the inputs that are not in it.
struct StoreBatch: Equatable {
    private(set) var checkpoint: StoreCheckpoint?
    private(set) var inputs: [NumberedBytes] = []
    private(set) var inputByteCount = 0
    /// See ``RoomStore/note(received:)``; 0 for nothing new.
    private(set) var received: UInt64 = 0

    var isEmpty: Bool { checkpoint == nil && inputs.isEmpty && received == 0 }

    init() {}

    mutating func append(_ inputs: [NumberedBytes]) {
        self.inputs += inputs
        inputByteCount += Self.byteCount(inputs)
    }

    /// Inputs that the snapshot includes need not be written any more.
    mutating func append(_ checkpoint: StoreCheckpoint) {
        inputs.removeAll { $0.number <= checkpoint.input }
        inputByteCount = Self.byteCount(inputs)
        self.checkpoint = self.checkpoint?.followed(by: checkpoint) ?? checkpoint
    }

    mutating func note(received number: UInt64) { received = max(received, number) }

    mutating func append(_ later: StoreBatch) {
        guard !isEmpty else { return self = later }
        if let checkpoint = later.checkpoint { append(checkpoint) }
        append(later.inputs)
        note(received: later.received)
    }

    static func byteCount(_ records: [NumberedBytes]) -> Int { records.reduce(0) { $0 + $1.bytes.count } }
}
