/// The store in which hosts keep the log of the room that they hold together.
package struct StoreOptions: Sendable {
    package let location: RedisLocation
    package let password: RedisPassword?

    package init(location: RedisLocation, password: RedisPassword?) {
        self.location = location
        self.password = password
    }
}
