internal import Chat
internal import Room
internal import SecureSession
internal import Sodium

/// Who may come into a room, and why not. Everybody on the way in meets, in this order:
///
/// 1. with its connection, how many come from its address (``AddressGate``) and how many are at the door: ``opens(to:now:)``;
/// 2. with the first message of its handshake, how many are answered (``ConnectionGate``): ``answersOpen(now:)`` and
///    ``answersInvited(now:)``; whether one without an invite is answered at all is ``RoomIdentity/acceptsOpen``;
/// 3. in a room with a password, how often one may be tried (``PasswordGuesses``): ``mayBeginPassword(_:now:)`` and
///    ``mayTryPassword(_:now:)``;
/// 4. with its request to join: the room's end, its password, its invite, its address: ``refusal(of:room:isEnding:now:)``;
/// 5. what the room itself knows: its KeyPackage, bans, the lock, the host's approval, places, its nick: `Room.join`.
///
/// It has no clock and knows connections by their numbers; who is dropped and what is said is the caller's.
package struct Door {
    package struct Limits: Sendable {
        package var gate = ConnectionGate.Limits()
        var addresses = AddressGate.Limits()
        var guesses = PasswordGuesses.Limits()

        package init() {}
    }

    /// A connection that is not a member's.
    struct Visitor {
        /// How far it has come; a higher one is worth more.
        enum Progress: Int, Comparable {
            /// Has said nothing, or nothing that makes sense yet.
            case silent
            /// Began a handshake without an invite.
            case asking
            /// Finished a handshake without an invite.
            case proven
            /// Has shown that it holds an invite.
            case invited

            static func < (left: Progress, right: Progress) -> Bool { left.rawValue < right.rawValue }
        }

        let link: LinkID
        /// Where it comes from, in a direct room.
        let network: PeerNetwork?
        fileprivate(set) var progress = Progress.silent
        fileprivate(set) var invite: InviteSecret?
        /// The static key that it has proved to hold.
        fileprivate(set) var key: [UInt8]?
        /// Has shown that it knows the room's password.
        fileprivate(set) var knowsPassword = false
        /// Has asked to become a member, and is one of those that may be from its address.
        fileprivate(set) var isJoining = false
    }

    private struct Member {
        var network: PeerNetwork
        var isAway = false
    }

    /// What joiners have to know; nil in a room without a password.
    let password: RoomPassword?
    private let pendingLimit: Int
    private var gate: ConnectionGate
    private var addresses: AddressGate
    private var guesses: PasswordGuesses
    private var attacks: AttackWatch
    /// Whether strangers can come to the door; an attack is not over while nobody can.
    private(set) var isReachable = true
    private(set) var invites: InviteTable
    /// At a relay: the group's invite, of which the relay knows the key for handshakes; nil before somebody has told it.
    private(set) var inviteOfGroup: InviteSecret?
    /// Those that the group had before, oldest first: whoever came with one comes back with it.
    private var formerInvitesOfGroup: [InviteSecret] = []
    /// Oldest first.
    private(set) var visitors: [Visitor] = []
    /// Those of a direct room.
    private var members: [LinkID: Member] = [:]
    /// What was refused since the room began, by cause.
    private(set) var refusals = [UInt64](repeating: 0, count: AttackWatch.Cause.allCases.count)
    /// What the person at the host is to be told.
    private var reports: [AttackWatch.Report] = []

    init(invite: InviteSecret, password: RoomPassword?, limits: Limits, now: Duration) {
        self.password = password
        pendingLimit = limits.gate.pending
        gate = ConnectionGate(limits: limits.gate, now: now)
        addresses = AddressGate(limits: limits.addresses)
        guesses = PasswordGuesses(limits: limits.guesses)
        attacks = AttackWatch(now: now)
        invites = InviteTable(room: invite)
    }

    // MARK: 1. A connection

    /// A connection comes, in a direct room from `network`. Returns those that give way to it, of each kind the one that has
    /// come least far, and of these the oldest; nil when it is to be closed itself.
    mutating func opens(to network: PeerNetwork?, now: Duration) -> [LinkID]? {
        var givingWay: [LinkID] = []
        if let network {
            let here = members.values.filter { $0.network == network }
            guard addresses.admits(network, isMemberAway: here.contains { $0.isAway }, now: now) else {
                refused(.address, now: now)
                return nil
            }
            let neighbours = visitors.filter { $0.network == network }
            if neighbours.count >= addresses.placesAtDoor(members: here.count),
                let least = neighbours.min(by: { $0.progress < $1.progress })
            {
                givingWay.append(least.link)
                refused(.address, now: now)
            }
        }
        let others = visitors.filter { !givingWay.contains($0.link) }
        if others.count >= pendingLimit, let least = others.min(by: { $0.progress < $1.progress }) {
            givingWay.append(least.link)
            refused(.place, now: now)
        }
        return givingWay
    }

    /// A connection that the door was opened to has this number.
    mutating func arrived(_ link: LinkID, from network: PeerNetwork?) {
        visitors.append(Visitor(link: link, network: network))
    }

    // MARK: 2. A handshake

    /// The connection begins a handshake without an invite. Returns whether it may be answered; it counts then.
    mutating func answersOpen(_ link: LinkID, now: Duration) -> Bool {
        guard gate.admitsOpen(now: now) else {
            refused(.openHandshake, now: now)
            return false
        }
        advance(link) { $0.progress = .asking }
        return true
    }

    /// Somebody who holds an invite begins a handshake with it. Returns whether it may be answered; it counts then.
    mutating func answersInvited(now: Duration) -> Bool {
        guard gate.admitsInvited(now: now) else {
            refused(.invitedHandshake, now: now)
            return false
        }
        return true
    }

    /// Only who holds an invite gets an answer to the invite's pattern.
    mutating func answered(_ link: LinkID, invite: InviteSecret) {
        advance(link) {
            $0.invite = invite
            if $0.progress == .silent { $0.progress = .invited }
        }
    }

    /// The handshake is done.
    mutating func proved(_ link: LinkID, key: [UInt8]) {
        advance(link) {
            $0.key = key
            $0.progress = max($0.progress, .proven)
        }
    }

    // MARK: 3. A password

    /// Whether an exchange may begin that shows whether the visitor knows the password; it counts then.
    mutating func mayBeginPassword(_ link: LinkID, now: Duration) -> Bool {
        mayShowPassword(guesses.mayBegin(at: entrance(of: link), now: now), now: now)
    }

    /// Whether the password may be checked now: others, who began together with this one, may have been wrong meanwhile.
    mutating func mayTryPassword(_ link: LinkID, now: Duration) -> Bool {
        mayShowPassword(guesses.mayTry(at: entrance(of: link), now: now), now: now)
    }

    private mutating func mayShowPassword(_ isAllowed: Bool, now: Duration) -> Bool {
        if !isAllowed { refused(.password, now: now) }
        return isAllowed
    }

    mutating func passwordWasRight(_ link: LinkID) {
        advance(link) { $0.knowsPassword = true }
    }

    /// Returns what the person at the host is told.
    mutating func passwordWasWrong(_ link: LinkID, now: Duration) -> ChatEvent.Notice {
        let entrance = entrance(of: link)
        let (count, delay) = guesses.wasWrong(at: entrance, now: now)
        return .passwordGuessed(count: count, delay: delay, isInvited: entrance.invite != nil)
    }

    private func entrance(of link: LinkID) -> PasswordGuesses.Entrance { .init(visitor(link)?.invite) }

    // MARK: 4. A request to join

    /// Why the visitor's request to join goes no further; nil when the room has the last word. Then it counts as one of those from
    /// its address.
    ///
    /// - Parameters:
    ///   - isEnding: whether the room is over, and waits only until all members know.
    ///   - roomTime: `now` on the room's clock, where that is another one.
    mutating func refusal(
        of link: LinkID, room: Room, isEnding: Bool, now: Duration, roomTime: Duration? = nil
    ) -> RoomCode? {
        guard let visitor = visitor(link) else { return .unspecified }
        if isEnding { return .expired }
        if password != nil, !visitor.knowsPassword { return .passwordRequired }
        if let refusal = refusal(ofInviteOf: visitor, room: room, now: roomTime ?? now) { return refusal }
        guard mayJoinFromItsAddress(visitor, room: room) else {
            refused(.address, now: now)
            return .rateLimited
        }
        return nil
    }

    /// Why the visitor's invite, or that it has none, does not let somebody in who is not in the room yet; nil when it does.
    func refusal(ofInviteOf link: LinkID, room: Room, now: Duration) -> RoomCode? {
        visitor(link).flatMap { refusal(ofInviteOf: $0, room: room, now: now) }
    }

    private func refusal(ofInviteOf visitor: Visitor, room: Room, now: Duration) -> RoomCode? {
        guard let key = visitor.key, !room.holds(key: key) else { return nil }
        if room.limits.isRelay {
            // The first one creates the group; after that its members let in whoever has the group's invite.
            let isOfGroup = visitor.invite != nil && visitor.invite === inviteOfGroup
            let isRight = room.isRegistered ? isOfGroup : room.memberCount == 0
            return isRight && !room.isInviteSpoilt(now: now) || mayBeginAnew(with: visitor.invite, room: room)
                ? nil : .groupInviteNeeded
        }
        guard let invite = visitor.invite else { return nil }
        let others = visitors.count {
            $0.invite === invite && $0.key != key && room.isComingIn(at: $0.link)
        }
        return invites.mayJoin(with: invite, others: others, now: now) ? nil : .inviteUsed
    }

    /// Whether the group has been left by all: then the relay's own invite is for the first one again.
    private func mayBeginAnew(with invite: InviteSecret?, room: Room) -> Bool {
        invite != nil && invite === invites.room?.secret && room.mayBeginAnew
    }

    /// Whether the visitor, who may come in, founds the room's group anew.
    func foundsAnew(_ link: LinkID, room: Room) -> Bool {
        guard room.limits.isRelay, room.isRegistered || room.memberCount > 0, let visitor = visitor(link),
            let key = visitor.key, !room.holds(key: key)
        else { return false }
        return mayBeginAnew(with: visitor.invite, room: room)
    }

    private mutating func mayJoinFromItsAddress(_ visitor: Visitor, room: Room) -> Bool {
        guard let network = visitor.network, let key = visitor.key, !room.holds(key: key) else { return true }
        let joining = visitors.count { $0.network == network && $0.isJoining && $0.link != visitor.link }
        let here = members.values.count { $0.network == network }
        let mayJoin = addresses.mayJoin(members: here + joining)
        advance(visitor.link) { $0.isJoining = mayJoin }
        return mayJoin
    }

    // MARK: Members

    /// The visitor came in.
    mutating func cameIn(_ link: LinkID) {
        guard let visitor = visitor(link), let invite = visitor.invite, let key = visitor.key else { return }
        invites.joined(with: invite, key: key)
    }

    /// The visitor is a member from now on: a new one, or one that is back.
    mutating func becameMember(_ link: LinkID) {
        if let network = visitor(link)?.network { members[link] = Member(network: network) }
        visitors.removeAll { $0.link == link }
    }

    /// The member's connection broke; it may be on its way back.
    mutating func wentAway(_ link: LinkID) {
        members[link]?.isAway = true
    }

    /// The connection is no member's any more.
    mutating func noLongerMember(_ link: LinkID) {
        members[link] = nil
    }

    /// There is no such connection any more.
    mutating func gone(_ link: LinkID) {
        members[link] = nil
        visitors.removeAll { $0.link == link }
    }

    // MARK: Invites

    /// The invites of a room that was kept.
    mutating func takeUp(_ invites: InviteTable) {
        self.invites = invites
    }

    /// A new invite; nil when there are too many.
    mutating func makeInvite(uses: Int?, lifetime: Duration?, now: Duration) -> InviteTable.Entry? {
        invites.make(uses: uses, lifetime: lifetime, now: now)
    }

    /// The invite of this number is no longer in force. Returns the keys of those who came with it; nil when there is none.
    mutating func revokeInvite(number: Int) -> [[UInt8]]? {
        invites.revoke(number: number)
    }

    /// The invites that the owner of `key` knows are no longer in force. Returns the keys of all who came with one of them.
    mutating func revokeInvites(knownTo key: [UInt8]) -> [[UInt8]] {
        invites.revoke(whatIsKnownTo: key)
    }

    /// At a relay: the invites of the room's group, of which it knows the keys for handshakes.
    mutating func useInvitesOfGroup(in room: Room) {
        let known = ofGroup
        // Whoever is on its way in has come with one that is known.
        func invite(with key: SecretContent) -> InviteSecret {
            known.first { $0.isMade(with: key) }
                ?? InviteSecret(presharedKey: key.withBytes { SecretBytes(copying: $0) })
        }
        inviteOfGroup = room.groupInvite.map(invite)
        formerInvitesOfGroup = room.formerGroupInvites.map(invite)
    }

    /// Forgets what is used up, has expired, or was revoked, and is of nobody who is there.
    mutating func tidyInvites(room: Room, now: Duration) {
        for invite in invites.tidy(now: now, isPresent: { room.holds(key: $0) }) {
            guesses.forget(invite)
        }
    }

    /// What handshakes may be made with.
    var secrets: [InviteSecret] { invites.secrets + ofGroup }
    /// Those with which somebody can come in, or back.
    var secretsInUse: [InviteSecret] { invites.secretsInUse + ofGroup }
    /// What stands for the invite, for what is counted by invites; those that are not in force count as one, and so do those who
    /// came without.
    func way(of secret: InviteSecret?) -> Int {
        guard let secret else { return -1 }
        return invites.entries.first { $0.secret === secret }?.number ?? 0
    }

    private var ofGroup: [InviteSecret] { (inviteOfGroup.map { [$0] } ?? []) + formerInvitesOfGroup.reversed() }

    // MARK: Refusals and time

    /// So many circuits of tor were closed, because their peers were silent, or had been refused.
    mutating func closedCircuits(_ count: Int, now: Duration) {
        for _ in 0..<count { refused(.circuit, now: now) }
    }

    mutating func becameReachable(_ isReachable: Bool, now: Duration) {
        self.isReachable = isReachable
        attacks.doorIsUnreachable(now: now)
    }

    private mutating func refused(_ cause: AttackWatch.Cause, now: Duration) {
        refusals[cause.rawValue] &+= 1
        if let report = attacks.refused(cause, now: now) { reports.append(report) }
    }

    var isUnderAttack: Bool { attacks.isUnderAttack }

    /// When ``timePassed(now:)`` has something to do.
    var nextDeadline: Duration? { attacks.nextDeadline }

    mutating func timePassed(now: Duration) {
        if !isReachable { attacks.doorIsUnreachable(now: now) }
        if let report = attacks.timePassed(now: now) { reports.append(report) }
    }

    /// What the person at the host is to be told since this was asked last.
    mutating func takeNotices() -> [ChatEvent.Notice] {
        defer { reports = [] }
        return reports.map {
            switch $0 {
            case .underAttack(let tally): .underAttack(tally)
            case .over(let tally): .attackOver(tally)
            }
        }
    }

    private func visitor(_ link: LinkID) -> Visitor? { visitors.first { $0.link == link } }

    private mutating func advance(_ link: LinkID, _ body: (inout Visitor) -> Void) {
        guard let index = visitors.firstIndex(where: { $0.link == link }) else { return }
        body(&visitors[index])
    }
}
