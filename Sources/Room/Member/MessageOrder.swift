internal import Chat

/// The place of what a member hears in the room's order, and the chain over it.
struct MessageOrder {
    enum Place: Equatable {
        /// Given before.
        case repeated
        /// The next one, so many behind the last that came.
        case next(missing: Int)
    }

    private(set) var expected: UInt64 = 1
    private(set) var chain = MessageChain()
    var missed = MissedPosts()

    /// The member comes in, and hears what has this number first.
    mutating func enter(at sequence: UInt64, epoch: UInt64, start: [UInt8]) {
        expected = sequence
        chain = MessageChain()
        begin(epoch: epoch, start: start)
    }

    /// A new epoch begins.
    mutating func begin(epoch: UInt64, start: [UInt8]) {
        chain.begin(epoch: epoch, after: expected &- 1, start: start)
    }

    /// What comes has this number.
    mutating func take(_ sequence: UInt64) -> Place {
        guard sequence >= expected, sequence < .max else { return .repeated }
        let missing = Int(clamping: sequence - expected)
        if missing > 0 { chain.skip(to: sequence - 1) }
        expected = sequence + 1
        return .next(missing: missing)
    }

    /// It was this.
    mutating func add(_ sequence: UInt64, digest: [UInt8]) {
        chain.add(number: sequence, digest: digest)
    }
}
