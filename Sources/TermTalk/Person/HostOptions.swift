package import EventLoop
package import Files
package import Room
internal import SecureGroup
internal import Sodium
package import TorController
package import Transport

/// What a room is opened with.
package struct HostOptions: Sendable {
    /// What carries the room.
    package enum Carrier: Sendable {
        /// An onion service with this virtual port; tor reaches us at `target`, or where it is found out to.
        case onion(port: UInt16, tor: TorOptions, target: SocketAddress? = nil)
        /// An onion service that torrc defines, whose streams come to `listen`; `tor` is for dialing it once, to see whether
        /// it can be reached.
        case behind(OnionAddress, port: UInt16, listen: SocketAddress, tor: TorOptions)
        /// TCP at exactly these addresses, `Invite.addressLimit` at most.
        case direct([HostPort])
        /// TCP on the local networks only, announced there: with a name to everybody, without one to those who know the id.
        case lan(name: String?)
    }

    var carrier: Carrier
    var room: RoomName
    /// Seconds; nil for a room without end.
    var timeToLive: Int64?
    /// Empty for the member id.
    var nick: String
    var limits: RoomLimits
    /// What joiners have to know; nil for a room without a password.
    var password: Password?
    /// Whether the room's id and address are not enough to come in.
    var isInviteOnly: Bool
    /// Whether the router is asked for a port that leads to a room without tor.
    var mapsPort: Bool
    /// Whether only holders of an invite can resolve the onion service; the room is by invite only, then.
    var hasClientAuthorization: Bool
    /// The keys that the room had before; nil for a room with new ones.
    var kept: KeptRoom?
    /// Where the room is shared with other hosts; of a kept room, of which the keys are kept only, and a relay.
    package var store: StoreOptions?
    package var files = FileOptions()
    package var fileLimits = FileRelay.Limits()
    /// Where numbers about the room go; nil for nowhere.
    package var metrics: MetricsPlace?
    /// Where the room is announced to those who know its id; nil for nowhere.
    package var registry: RegistryAccess?
    /// Under which the registry shows the room to everybody; nil for not at all.
    package var announcedName: String?
    /// Whether the host only relays: it takes no part, and cannot read what is said.
    package var isHeadless: Bool { limits.isRelay }

    package init(
        carrier: Carrier, room: RoomName, timeToLive: Int64?, nick: String, limits: RoomLimits,
        password: Password? = nil, isInviteOnly: Bool = false, hasClientAuthorization: Bool = false,
        mapsPort: Bool = false, kept: KeptRoom? = nil
    ) {
        self.mapsPort = mapsPort
        self.carrier = carrier
        self.room = room
        self.timeToLive = timeToLive
        self.nick = nick
        self.limits = limits
        self.password = password
        self.isInviteOnly = isInviteOnly || hasClientAuthorization
        self.hasClientAuthorization = hasClientAuthorization
        self.kept = kept
    }

    /// The host's own participant; that of a kept room is always the same. `time` in seconds since 1970.
    func engine(time: Int64) -> RoomGroup {
        let time = UInt64(max(0, time))
        guard let kept else { return RoomGroup(trust: .host, time: time) }
        let key = kept.signingKey()
        let publicKey = key.publicKey
        return RoomGroup(trust: .creator(publicKey), time: time, signingKey: key)
    }
}
