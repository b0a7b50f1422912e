internal import Transport

/// A registry of rooms in a Redis, and what it wants to see.
package struct RegistryAccess: Sendable {
    var location: RedisLocation
    var password: RedisPassword?

    package init(location: RedisLocation, password: RedisPassword?) {
        self.location = location
        self.password = password
    }

    /// Whether nobody but this machine sees that it is asked.
    package var isOfThisMachine: Bool {
        switch location.address {
        case .unix: true
        case .host(let host): host.isLoopback
        }
    }
}

extension HostPort {
    /// Whether it is this machine's own loopback, as can be seen without asking anybody.
    var isLoopback: Bool { IPAddress(host).map { $0.scope == .loopback } ?? (host.lowercased() == "localhost") }

    /// Whether it may be this machine by another spelling: `0.0.0.0`, `127.1` and `2130706433`, which the system's resolver reads as
    /// addresses, or `localhost.`. A name of the DNS ends with letters.
    var mayBeLoopback: Bool {
        if let address = IPAddress(host) { return address.scope == .loopback || address.scope == .unspecified }
        let labels = host.lowercased().split(separator: ".")
        guard let last = labels.last, last != "localhost" else { return true }
        return last.first?.isNumber == true
    }
}
