internal import Transport

/// A registry of rooms in a Redis, and what it wants to see.
package struct RegistryAccess: Sendable {
    package var location: RedisLocation
    package var password: RedisPassword?

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
    package var isLoopback: Bool { IPAddress(host).map { $0.scope == .loopback } ?? (host.lowercased() == "localhost") }
}
