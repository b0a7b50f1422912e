/// Why a peer could not be reached.
package enum DialError: Error, Equatable {
    /// Nobody listens there.
    case refused
    /// No answer in time.
    case timedOut
    /// There is no way to that address.
    case unreachable
    /// The name has no address, or the resolver does not answer.
    case nameNotFound
    /// The name is one of the tor network: nothing outside tor is asked for it (RFC 7686).
    case onionName
    /// The operating system reported this `errno`.
    case failed(errno: Int32)
}
