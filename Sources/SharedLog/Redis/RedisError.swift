/// Why Redis is of no use to a host.
package enum RedisError: Error, Equatable {
    /// The bytes are not RESP2.
    case malformed(RESPError)
    /// It did not take the user's name and password, or does not permit what is needed. Its word for it, from an untrusted peer.
    case refused([UInt8])
    /// It answered something that nothing was asked for, or that means nothing.
    case unexpected
}
