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
    /// The operating system reported this `errno`.
    case failed(errno: Int32)
}
