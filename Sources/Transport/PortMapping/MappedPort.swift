/// A port of a router that leads to one of this machine.
package struct MappedPort: Equatable, Sendable {
    /// How the router was asked.
    package enum Way: String, Sendable {
        case natPMP = "NAT-PMP"
        case upnp = "UPnP"
    }

    package let way: Way
    /// The router's address in the local network.
    package let router: String
    /// What people outside dial.
    package let outside: HostPort
    /// The port here.
    let insidePort: UInt16
    /// How long the router keeps it without being asked again; nil when it keeps it until it is told otherwise.
    let lifetime: Duration?
}

/// Why no port of a router leads here.
package enum PortMapError: Error, Equatable {
    /// This program was built without the trait `PortMap`.
    case notInThisBuild
    /// There is no router, or none that can be asked.
    case noRouter
    /// The router does not do it: a NAT-PMP result (RFC 6886, 3.5) or a UPnP error code.
    case refused(MappedPort.Way, code: Int32)
    /// The router has itself no public address: its provider or another router shares one. Nil where it does not say which
    /// it has.
    case notPublic(IPAddress?)

    /// Whether it is worth while to ask in another way.
    var isWayDependent: Bool {
        if case .notPublic(.some) = self { false } else { true }
    }
}
