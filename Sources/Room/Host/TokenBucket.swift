internal import Wire

/// A rate limit: `rate` tokens a second flow in, up to `capacity`; what is taken may leave a debt, which takes time to pay.
struct TokenBucket: Sendable {
    private var tokens: Double
    private var updated: Duration

    init(capacity: Double, now: Duration) {
        tokens = capacity
        updated = now
    }

    /// Takes `cost` tokens and returns for how long the taker has to pause: zero, as long as there is no debt.
    mutating func take(_ cost: Double, rate: Double, capacity: Double, now: Duration) -> Duration {
        if now > updated {
            let elapsed = (now - updated) / .seconds(1)
            tokens = min(capacity, tokens + elapsed * rate)
            updated = now
        }
        tokens -= cost
        return tokens < 0 ? .seconds(-tokens / rate) : .zero
    }
}

extension TokenBucket {
    init(reading reader: inout StateReader) throws(WireError) {
        tokens = try reader.readDouble()
        updated = try reader.readTime()
    }

    func write(to writer: inout StateWriter) {
        writer.write(tokens)
        writer.write(time: updated)
    }
}
