/// How many connections may come from one address. Only for direct rooms: behind an onion service all peers have the same.
///
/// Several people may share an address (NAT), so what is limited is who is new: a member whose connection broke may come
/// back whatever its neighbours do.
struct AddressGate {
    struct Limits: Sendable {
        /// Members from one address, and peers that want to be.
        var peers = 5
        /// New connections from one address, a minute in the long run, and at once.
        var arrivalsPerMinute = 10.0
        /// Addresses remembered; past it those are forgotten that have been quiet for longest. Some 100 bytes each.
        var addresses = 4_096

        init() {}
    }

    private struct Arrivals {
        var allowance: Allowance
        var latest: Duration
    }

    let limits: Limits
    private var arrivals: [PeerNetwork: Arrivals] = [:]

    /// How many addresses are remembered.
    var addressCount: Int { arrivals.count }

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Whether a further connection may be made from there; if so, it counts. While a member from there is away it may be
    /// that member's, and only the limits for the room as a whole hold.
    mutating func admits(_ network: PeerNetwork, isMemberAway: Bool, now: Duration) -> Bool {
        var state =
            arrivals[network]
            ?? Arrivals(
                allowance: Allowance(
                    rate: limits.arrivalsPerMinute / 60, burst: limits.arrivalsPerMinute, now: now), latest: now)
        defer { remember(state, of: network, now: now) }
        return state.allowance.take(now: now) || isMemberAway
    }

    /// Connections from an address that may be at the door when so many members are from there: at least one, since a
    /// member may be on its way back before the host has noticed that it was gone.
    func placesAtDoor(members: Int) -> Int { max(1, limits.peers - members) }

    /// Whether somebody new may become a member.
    func mayJoin(members: Int) -> Bool { members < limits.peers }

    private mutating func remember(_ state: Arrivals, of network: PeerNetwork, now: Duration) {
        if arrivals[network] == nil, arrivals.count >= limits.addresses {
            // After a minute the allowance is what it was before.
            arrivals = arrivals.filter { now - $0.value.latest < .seconds(60) }
            if arrivals.count >= limits.addresses, let oldest = arrivals.min(by: { $0.value.latest < $1.value.latest })
            {
                arrivals[oldest.key] = nil
            }
        }
        arrivals[network] = Arrivals(allowance: state.allowance, latest: now)
    }
}
