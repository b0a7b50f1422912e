internal import Sodium

/// The keys of one sender for one kind of content, one generation after the other (RFC 9420 section 9.1).
///
/// What was handed out is gone. What was passed over is kept, up to ``Limits/maximumSkippedKeys``. What was passed
/// over, and what was done in vain, is counted, and much of it makes the ratchet go forward in small steps only.
struct HashRatchet: Sendable {
    private let suite: CipherSuite
    private var secret: SharedSecret
    /// The generation of ``secret``; above all numbers when every generation has been used.
    private var nextGeneration: UInt64
    private var skipped: [(generation: UInt32, key: MessageKey)] = []
    /// Generations that were passed over, or derived for false messages.
    private var passedCount: UInt32 = 0

    private var forwardGap: UInt32 {
        passedCount < Limits.maximumPassedGenerations ? Limits.maximumForwardGap : Limits.forwardGapAfterwards
    }

    init(suite: CipherSuite, secret: consuming SecretBytes, nextGeneration: UInt32 = 0) {
        self.suite = suite
        self.nextGeneration = UInt64(nextGeneration)
        self.secret = SharedSecret(secret)
    }

    /// How many keys of passed-over generations are kept.
    var skippedCount: Int { skipped.count }

    /// The next generation with its key, for sending.
    mutating func next() throws(MLSError) -> (generation: UInt32, key: MessageKey) {
        guard let generation = UInt32(exactly: nextGeneration) else { throw .limitExceeded }
        return (generation, try advance())
    }

    /// The key of `generation`, for receiving, which is not here any more afterwards.
    ///
    /// Throws ``MLSError/generationGone`` when it was handed out or forgotten, ``MLSError/generationTooFar`` when it is
    /// more than ``Limits/maximumForwardGap`` ahead, or, after much of that, ``Limits/forwardGapAfterwards``.
    mutating func take(_ generation: UInt32) throws(MLSError) -> MessageKey {
        if UInt64(generation) < nextGeneration {
            guard let index = skipped.firstIndex(where: { $0.generation == generation }) else { throw .generationGone }
            return skipped.remove(at: index).key
        }
        guard UInt64(generation) - nextGeneration <= UInt64(forwardGap) else { throw .generationTooFar }
        countPassed(UInt64(generation) - nextGeneration)
        while let passed = UInt32(exactly: nextGeneration), passed < generation {
            if generation - passed <= Limits.maximumSkippedKeys {
                skipped.append((passed, try advance()))
            } else {
                try skip(passed)
            }
        }
        skipped.removeFirst(max(0, skipped.count - Limits.maximumSkippedKeys))
        return try advance()
    }

    /// The key of `generation` was taken from a copy, for a message that turned out to be false.
    mutating func wasVain(_ generation: UInt32) {
        guard UInt64(generation) >= nextGeneration else { return }
        countPassed(UInt64(generation) - nextGeneration + 1)
    }

    private mutating func countPassed(_ count: UInt64) {
        passedCount = UInt32(min(UInt64(passedCount) + count, UInt64(Limits.maximumPassedGenerations)))
    }

    private mutating func advance() throws(MLSError) -> MessageKey {
        guard let generation = UInt32(exactly: nextGeneration) else { throw .limitExceeded }
        let key = try derive("key", generation, suite.aead.keyByteCount)
        let nonce = try derive("nonce", generation, suite.aead.nonceByteCount)
        try skip(generation)
        return MessageKey(key: key, nonce: nonce)
    }

    /// Forgets the secret of `generation` for that of the next one.
    private mutating func skip(_ generation: UInt32) throws(MLSError) {
        secret = SharedSecret(try derive("secret", generation, CipherSuite.hashByteCount))
        nextGeneration += 1
    }

    private func derive(_ label: String, _ generation: UInt32, _ count: Int) throws(MLSError) -> SecretBytes {
        try suite.deriveTreeSecret(secret.bytes, label: label, generation: generation, count: count)
    }
}
