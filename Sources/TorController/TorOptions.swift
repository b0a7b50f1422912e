package import EventLoop
package import Sodium

/// What the user decided about tor.
package struct TorOptions: Sendable {
    /// Whether an own child may be started.
    package enum Mode: String, Sendable, CaseIterable {
        /// The first tor that answers, else an own child.
        case auto
        /// Never an own child.
        case system
        /// Always an own child.
        case managed
    }

    /// What tor is needed for: a host publishes, a joiner only dials and can do without a control connection, unless the
    /// service asks for a key.
    package enum Purpose: Sendable {
        case publish
        case dial
        case dialWithKey
    }

    /// Where the environment says that the control port of this system is: tried first when none is given.
    package var usualControl: SocketAddress?
    /// Where the environment says that the SOCKS port of this system is: dialed through when none is given.
    var usualSocks: SocketAddress?
    /// The control port to use; nil tries ``controlCandidates`` in order.
    package var control: SocketAddress?
    /// The SOCKS port to dial through; nil asks tor.
    package var socks: SocketAddress?
    package var mode: Mode
    var purpose: Purpose
    /// Where a control port is looked for when none is given.
    package var controlCandidates: [SocketAddress] =
        [.unix(path: "/run/tor/control")] + Self.instances(in: "/run/tor-instances")
        + [.ip("127.0.0.1", port: 9051), .ip("127.0.0.1", port: 9151)]
    /// Where a joiner looks for a SOCKS port when no control port can be used.
    var socksCandidates: [SocketAddress] = [
        .ip("127.0.0.1", port: 9050), .ip("127.0.0.1", port: 9150),
    ]
    /// The password of a tor with HashedControlPassword.
    package var password: SharedSecret?
    /// The program started as a child; nil means `tor`, found along PATH.
    package var program: String?
    /// Where a child keeps what it knows of the network, its guards above all, for later starts: a directory in one that is
    /// there, made when there is none, which nobody else may enter and no other tor uses. Nil: it forgets everything.
    package var dataDirectory: String?
    /// A torrc file the child's configuration includes.
    package var include: String?
    /// Bridges of the child: it goes into its network by them only.
    package var bridges: [Bridge] = []
    /// The proxy by which the child goes into its network.
    package var proxy: TorProxy?
    /// How long bootstrapping may make no progress.
    var stallTimeout: Duration = .seconds(60)
    /// How long, after bootstrapping, the first directory may take to confirm a descriptor.
    var publishTimeout: Duration = .seconds(120)

    package init(
        control: SocketAddress? = nil, socks: SocketAddress? = nil, mode: Mode = .auto, purpose: Purpose = .publish
    ) {
        self.control = control
        self.socks = socks
        self.mode = mode
        self.purpose = purpose
    }

    /// Where a control port is tried, in order.
    package var controlEndpoints: [TorEndpoint] {
        if let control { return [TorEndpoint(control, .named)] }
        return [usualControl].compactMap { $0 }.map { TorEndpoint($0, .named) }
            + controlCandidates.map { TorEndpoint($0, .found) }
    }

    /// Where a SOCKS port is tried, in order, when no control port says where it is.
    var socksEndpoints: [TorEndpoint] {
        namedSocks.map { [$0] } ?? socksCandidates.map { TorEndpoint($0, .found) }
    }

    /// The SOCKS port that the person or the environment has named.
    var namedSocks: TorEndpoint? { (socks ?? usualSocks).map { TorEndpoint($0, .named) } }

    /// True when dialing needs nothing but the SOCKS port that was named.
    var needsOnlySocks: Bool {
        purpose == .dial && namedSocks != nil && control == nil && usualControl == nil && mode != .managed
    }

    /// Instances of Debian's tor@NAME that are tried: nobody runs more.
    private static let maximumInstanceCount = 16

    /// The control sockets of Debian's tor@NAME: one in each folder of `folder`.
    static func instances(in folder: String) -> [SocketAddress] {
        PrivateDirectory.names(in: folder).sorted().prefix(maximumInstanceCount)
            .map { "\(folder)/\($0)/control" }.filter { $0.utf8.count <= SocketAddress.maximumPathByteCount }
            .map { .unix(path: $0) }
    }
}
