package import EventLoop

/// Where a tor listens, and how this is known.
package struct TorEndpoint: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        /// The person named it, or it is our own child's: it is believed.
        case named
        /// It was looked for, or a tor that was found told of it: anybody on this machine may listen there.
        case found
    }

    package let address: SocketAddress
    package let source: Source

    init(_ address: SocketAddress, _ source: Source) {
        self.address = address
        self.source = source
    }

    /// Why what has begun to speak on `stream` is not to be believed; nil when it is.
    func distrust(of stream: SocketStream) -> TorError? {
        guard source == .found else { return nil }
        let owner = stream.peerOwner
        if TorAccounts.ofThisMachine.include(owner) { return nil }
        return .untrusted(owner == .unknown ? .ownerUnknown(address) : .owner(address))
    }
}
