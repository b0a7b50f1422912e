package import EventLoop

/// What a ``TorController`` tells its owner.
package enum TorEvent: Equatable, Sendable {
    /// A tor is being looked for or started.
    case connecting
    /// tor is building its first circuits; `progress` is 0 to 100.
    case bootstrap(progress: Int, summary: String)
    /// tor is usable. `version` is nil when only a SOCKS port is known. Comes once.
    case ready(version: String?, managed: Bool)
    /// The control connection or tor itself ended; the next try follows after `retryIn`. `attempt` counts from 1.
    case controlLost(retryIn: Duration, attempt: Int)
    /// The control connection is authenticated again and every publication is being added again.
    case controlRestored
    /// What listens where tor may be, and was not believed; another way was found. It may be somebody who pretends to be
    /// tor.
    case distrusted(TorError)
    /// tor noticed that the network came or went: a good moment to dial again.
    case network(isUp: Bool)
    /// After `ready`: tor was lost, and does not get into its network. It goes on trying. Comes once, until it is there.
    case stalled(TorError)
    /// Before `ready` the controller has given up (a stalled bootstrap goes on, and may still become ready).
    case failed(TorError)
}

/// What an ``OnionPublication`` tells its owner.
package enum OnionEvent: Equatable, Sendable {
    /// ADD_ONION is on its way.
    case adding
    /// tor has no proof-of-work defence; the service works without. Comes once.
    case withoutProofOfWork
    /// tor sends the descriptor to this many directories.
    case uploading(count: Int)
    /// Both descriptors of the service (rend-spec-v3 keeps two) are confirmed by a directory, or one of them is and the
    /// other was waited for in vain: the service can be reached. `directories` is 0 where tor tells nothing of its uploads.
    /// Comes once.
    case published(directories: Int)
    /// The control connection ended and the service with it.
    case lost
    /// After `lost`, or after `failed`: the same service is confirmed by directories again.
    case republished
    /// The keys last given to ``OnionPublication/authorize(_:)`` can resolve the service now.
    case keysInForce
    /// So many circuits of peers were closed, because nothing came over them any more.
    case closedSilentCircuits(count: Int)
    /// The service is not reachable. Before `published` a refusal is final; afterwards tor is asked again until `republished`.
    /// A late upload may still follow as `published`.
    case failed(TorError)
}

/// Where tor sends the streams of an onion service.
package enum OnionTarget: Equatable, Sendable {
    /// A port of 127.0.0.1.
    case tcp(port: UInt16)
    /// An IP address and a port that the person has given.
    case given(SocketAddress)
    /// A Unix socket tor may open.
    case unix(path: String)
}

/// What kind of listener the tor in use can reach.
package enum OnionListenerKind: Equatable, Sendable {
    /// A Unix socket inside this directory, which only our user can enter: tor is our child.
    case unix(directory: String)
    /// A port of 127.0.0.1: tor runs as another user.
    case loopback
    /// Only what the person says: tor is on another machine, and its 127.0.0.1 is not ours.
    case elsewhere
}
