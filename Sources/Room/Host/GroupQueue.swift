/// How the room's group is to be changed, as far as the room knows: the number of the epoch, who wants in, who is to be
/// removed, and who was asked to commit that. Of MLS it knows nothing.
struct GroupQueue {
    /// Somebody who waits to be let in.
    struct Joiner {
        let id: MemberID
        let link: LinkID
        let key: [UInt8]
        let nick: Nick
        let isHost: Bool
        /// Has its place already and comes back to it without its session.
        let isReturning: Bool
        let keyPackage: [UInt8]
        /// The how-manieth it is to wait: who tries again has another KeyPackage, maybe over a link of the same number.
        var serial: UInt64 = 0
    }

    struct Asked {
        let member: MemberID
        /// Whom to add. Some may be gone by now, or wait with something else.
        let adds: [MemberID: Joiner]
        var deadline: Duration
    }

    private(set) var epoch: UInt64 = 0
    /// The first epoch of the one who came in last: what was sealed before, it cannot read.
    private var lastAddition: UInt64 = 0
    private(set) var joiners: [Joiner] = []
    private var nextSerial: UInt64 = 0
    /// Those that are in the group still and not in the room any more.
    private(set) var removals: [MemberID] = []
    private(set) var asked: Asked?
    /// Were asked in vain, and have committed nothing since.
    private(set) var silent: Set<MemberID> = []
    /// Who has created the group.
    var creator: MemberID?
    /// At a relay: the group's creator has said which invite lets others in. Then the group is never begun anew.
    private(set) var isRegistered = false
    /// At a relay: the current epoch, sealed for those who come while nobody is there; empty when there is none.
    private(set) var sealedInfo: [UInt8] = []
    /// When a member gave itself new keys.
    var lastUpdate: Duration?
    /// Somebody may be there now who can be asked.
    var mustAsk = false
    private var pace = TokenBucket(capacity: RoomLimits.memberChangeBurst, now: .zero)
    /// Nobody is asked before; nil for at once.
    private(set) var pausedUntil: Duration?

    /// Members that are not in the room yet.
    var newcomerCount: Int { joiners.count { !$0.isReturning } }

    var isIdle: Bool { joiners.isEmpty && removals.isEmpty }

    /// When another one is to be asked.
    var nextDeadline: Duration? { mustAsk && !isIdle ? pausedUntil ?? .zero : asked?.deadline }

    /// The members have changed, and may do so again after a pause, if there was much of it.
    mutating func membersChanged(now: Duration) {
        let pause = pace.take(
            1, rate: RoomLimits.memberChangesPerSecond, capacity: RoomLimits.memberChangeBurst, now: now)
        pausedUntil = pause > .zero ? now + pause : nil
    }

    /// A group begins anew, with the first who comes in.
    mutating func begin() {
        creator = nil
        epoch = 0
        lastAddition = 0
        removals = []
        asked = nil
        silent = []
    }

    /// The group's first member has sent its first epoch, sealed.
    mutating func register(_ groupInfo: [UInt8]) {
        isRegistered = true
        sealedInfo = epoch == 0 ? groupInfo : []
    }

    mutating func add(_ joiner: Joiner) {
        var joiner = joiner
        nextSerial += 1
        joiner.serial = nextSerial
        joiners.append(joiner)
    }

    func joiner(at link: LinkID) -> Joiner? {
        joiners.first { $0.link == link }
    }

    func joiner(_ id: MemberID) -> Joiner? {
        joiners.first { $0.id == id }
    }

    mutating func takeJoiner(_ id: MemberID) -> Joiner? {
        joiners.firstIndex { $0.id == id }.map { joiners.remove(at: $0) }
    }

    mutating func remove(_ id: MemberID) {
        removals.append(id)
        goesAway(id)
    }

    /// The member cannot be asked any more, and if it was, another one is.
    mutating func goesAway(_ id: MemberID) {
        guard asked?.member == id else { return }
        asked = nil
        mustAsk = true
    }

    /// The joiner that is to come in by itself from now on: the one that has waited longest, of those that have not been
    /// asked in vain.
    mutating func askJoiner(until deadline: Duration) -> Joiner? {
        if joiners.allSatisfy({ silent.contains($0.id) }) {
            forgive()
        }
        guard let joiner = joiners.first(where: { !silent.contains($0.id) }) else { return nil }
        asked = Asked(member: joiner.id, adds: [:], deadline: deadline)
        return joiner
    }

    /// What a member is asked to commit from now on.
    mutating func ask(_ member: MemberID, until deadline: Duration) -> (adding: [GroupCandidate], removing: [MemberID])
    {
        let first = joiners.prefix(RoomLimits.candidatesPerCommit)
        let adds = Dictionary(first.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        asked = Asked(member: member, adds: adds, deadline: deadline)
        return (
            first.map { GroupCandidate(id: $0.id, keyPackage: $0.keyPackage) },
            Array(removals.filter { adds[$0] == nil }.prefix(RoomLimits.removalsPerCommit))
        )
    }

    /// The one who was asked has not answered in time.
    mutating func gaveNoAnswer() {
        guard let asked else { return }
        silent.insert(asked.member)
        self.asked = nil
        mustAsk = true
    }

    /// Nobody is left who was not asked in vain: they are asked again.
    mutating func forgive() {
        silent = []
    }

    /// Whether `member` may commit that now. Adds and removals are for the one who was asked. That a joiner has gone meanwhile
    /// does not count: those who come and go would keep all others out.
    func accepts(_ commit: GroupCommit, from member: MemberID) -> Bool {
        guard commit.epoch == epoch, commit.commit.count <= RoomLimits.groupMessageByteCount else { return false }
        guard !commit.added.isEmpty || !commit.removed.isEmpty else { return true }
        guard let asked, asked.member == member, Set(commit.added).count == commit.added.count else { return false }
        return commit.added.allSatisfy { asked.adds[$0] != nil }
            && commit.removed.allSatisfy(removals.contains)
    }

    /// Whether this is about the KeyPackage with which the joiner waits now.
    func wasAsked(toAdd id: MemberID) -> Bool {
        asked?.adds[id].map { $0.serial == joiner(id)?.serial } ?? false
    }

    /// Whether all members can read what was sealed in that epoch.
    func isCurrent(_ sealingEpoch: UInt64) -> Bool {
        sealingEpoch <= epoch && sealingEpoch >= lastAddition && epoch - sealingEpoch <= RoomLimits.epochsBack
    }

    /// The epoch after a Commit.
    mutating func advance(by commit: GroupCommit, of member: MemberID) {
        epoch += 1
        sealedInfo = commit.groupInfo
        if !commit.added.isEmpty {
            lastAddition = epoch
        }
        settle(commit, by: member)
        removals.removeAll { commit.added.contains($0) }
    }

    /// What the asked one has carried out, or found nothing to do for.
    mutating func settle(_ commit: GroupCommit, by member: MemberID) {
        removals.removeAll { commit.removed.contains($0) }
        silent.remove(member)
    }

    /// What was asked for is done, or did not fit any more.
    mutating func answered() {
        asked = nil
        mustAsk = true
    }
}
