/// The store in which hosts keep the log of the room that they hold together.
package struct StoreOptions: Sendable {
    let location: RedisLocation
    let password: RedisPassword?

    package init(location: RedisLocation, password: RedisPassword?) {
        self.location = location
        self.password = password
    }

    /// Whether nobody but this machine sees that it is used.
    package var isOfThisMachine: Bool { RegistryAccess(location: location, password: nil).isOfThisMachine }
}
