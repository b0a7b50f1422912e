internal import Wire

/// A rate limit: `rate` tokens a second flow in, up to `capacity`; what is taken may leave a debt, which takes time to pay.
struct TokenBucket: Sendable {
    private var tokens: Double
    /// In nanoseconds: half of what a Duration takes, of which a room has two for each member.
    private var updated: Int64

    init(capacity: Double, now: Duration) {
        tokens = capacity
        updated = now.nanoseconds
    }

    /// Takes `cost` tokens and returns for how long the taker has to pause: zero, as long as there is no debt.
    mutating func take(_ cost: Double, rate: Double, capacity: Double, now: Duration) -> Duration {
        let time = now.nanoseconds
        if time > updated {
            let (elapsed, isTooLong) = time.subtractingReportingOverflow(updated)
            tokens = min(capacity, tokens + Double(isTooLong ? .max : elapsed) / 1e9 * rate)
            updated = time
        }
        tokens -= cost
        return tokens < 0 ? .seconds(-tokens / rate) : .zero
    }
}

extension TokenBucket {
    init(reading reader: inout StateReader) throws(WireError) {
        tokens = try reader.readDouble()
        updated = try reader.readTime().nanoseconds
    }

    func write(to writer: inout StateWriter) {
        writer.write(tokens)
        writer.write(time: .nanoseconds(updated))
    }
}

extension Duration {
    /// Whole nanoseconds, at most some 292 years.
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let whole = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let sum = whole.partialValue.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard !whole.overflow, !sum.overflow else { return seconds < 0 ? .min : .max }
        return sum.partialValue
    }
}
