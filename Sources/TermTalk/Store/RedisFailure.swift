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
    /// It says that it cannot do now what is needed: it is full, loads, is only a replica, or does not permit it.
    case unable
    /// What it says is not what Redis says.
    case notRedis
    /// Too much is asked at a time.
    case overloaded

    init(_ error: RedisError) {
        self =
            switch error {
            case .refused(let text): text.starts(with: Array("LOADING".utf8)) ? .unable : .refused(text)
            case .malformed, .unexpected: .notRedis
            }
    }
}
