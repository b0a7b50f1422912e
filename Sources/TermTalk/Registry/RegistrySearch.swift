package import TorController

/// How a room is looked for in a registry, and what may be dialed on its word.
package struct RegistrySearch: Sendable {
    /// How a room is dialed that turns out to be a direct one: its host sees this machine's address then.
    package enum Direct: Sendable {
        /// Not at all, but on this machine itself.
        case refused
        case plainly
        case throughTor
    }

    var access: RegistryAccess
    /// Whether the registry is asked through tor, which resolves its name too.
    var isThroughTor: Bool
    /// For onion services, and for what is to be dialed through tor.
    var tor: TorOptions
    package var direct: Direct

    package init(access: RegistryAccess, isThroughTor: Bool, tor: TorOptions, direct: Direct) {
        self.access = access
        self.isThroughTor = isThroughTor
        self.tor = tor
        self.direct = direct
    }
}
