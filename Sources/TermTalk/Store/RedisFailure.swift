internal import SharedLog
package import Transport

/// Why Redis did not answer, or not as it should.
package enum RedisFailure: Error, Equatable {
    case unreachable(DialError)
    /// The connection broke, or was of no use: what was under way may have been carried out.
    case lost
    /// There was no answer in time: what was under way may have been carried out.
    case timedOut
    /// It does not want to. Its own words for it, from a peer that is not trusted.
    case refused([UInt8])
    /// What it says is not what Redis says.
    case notRedis
    /// Too much is asked at a time.
    case overloaded

    init(_ error: RedisError) {
        self =
            switch error {
            case .refused(let text): .refused(text)
            case .malformed, .unexpected: .notRedis
            }
    }
}
