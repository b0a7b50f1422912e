/// How many handshakes are begun.
///
/// Behind an onion service all peers have the same address, so the limits are for the room as a whole. A connection that
/// says nothing costs a descriptor and some memory, so it is only their number that is bounded; what costs work is the
/// answer to a first message. So silent connections take nothing from those who want to join: they are the first to give
/// way, then those that began a handshake which anybody can begin, and those last that hold an invite.
package struct ConnectionGate {
    package struct Limits: Sendable {
        /// Connections that have not become members; past it the least worthy and then oldest one is closed for the new one.
        ///
        /// It is `openBurst` and five seconds of `openRate`: so long at least a joiner without an invite keeps its place,
        /// whoever else comes, and a handshake over tor takes two or three.
        package var pending = 256

        /// Handshakes without an invite, a second in the long run, and at once. Each costs three scalar multiplications,
        /// 0.2 ms, so that a flood takes less than 1 % of a core.
        var openRate = 30.0
        package var openBurst = 100.0

        /// First messages made with an invite that are answered, a second in the long run, and at once. Each costs three scalar
        /// multiplications. One that only looks so costs a hash for each invite, some 0.05 ms at most, and counts nowhere: strangers
        /// take nothing from who is invited.
        var inviteRate = 300.0
        package var inviteBurst = 300.0

        init() {}

        /// For a direct room that others than this machine can reach: as many at the door as the room has places, since
        /// five from one address are all there can be.
        static var direct: Limits {
            var limits = Limits()
            limits.pending = 50
            return limits
        }
    }

    private var open: Allowance
    private var invite: Allowance

    init(limits: Limits, now: Duration) {
        open = Allowance(rate: limits.openRate, burst: limits.openBurst, now: now)
        invite = Allowance(rate: limits.inviteRate, burst: limits.inviteBurst, now: now)
    }

    /// Whether a handshake that anybody can begin may go on.
    mutating func admitsOpen(now: Duration) -> Bool { open.take(now: now) }

    /// Whether a handshake with an invite may go on.
    mutating func admitsInvited(now: Duration) -> Bool { invite.take(now: now) }
}
