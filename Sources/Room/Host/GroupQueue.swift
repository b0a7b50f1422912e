internal import Chat
internal import Wire

/// How the room's group is to be changed: who is in it, who wants in, and who was asked to commit what.
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
        /// By which invite it comes.
        var way = 0
        /// The how-manieth it is to wait: who tries again has another KeyPackage, maybe over a link of the same number.
        var serial: UInt64 = 0
        /// Was asked to come in by itself.
        var wasOffered = false
    }

    struct Asked {
        let member: MemberID
        /// Whom to add. Some may be gone by now, or wait with something else.
        let adds: [MemberID: Joiner]
        let removals: [MemberID]
        var deadline: Duration

        /// Whether it is its member's turn to give itself new keys, and nothing else.
        var isUpdate: Bool { adds.isEmpty && removals.isEmpty }

        /// What the answer may do.
        var purpose: CommitPurpose {
            .answer(
                adding: inOrder.map { GroupCandidate(id: $0.id, keyPackage: $0.keyPackage) }, removing: removals)
        }
    }

    /// Who is in the group; nil before its creator has told of it.
    private(set) var book: (any GroupBook)?
    /// In which epochs something may still be said.
    var window = EpochWindow()
    private(set) var joiners: [Joiner] = []
    private var nextSerial: UInt64 = 0
    private(set) var asked: Asked?
    /// Were asked in vain, and have committed nothing since.
    private(set) var silent: Set<MemberID> = []
    /// Have let somebody in who came again at once, as if the Welcome had been none. They are passed over like those who are silent; but
    /// that is one member's word, so what somebody else refuses is not believed for it.
    private(set) var doubted: Set<MemberID> = []
    /// The latest Commits, which may have to be undone.
    var unfollowed = UnfollowedCommits()
    /// Made Commits that others could not follow: they are asked last, and may not give themselves new keys.
    private(set) var barred = RecentSet<MemberID>(limit: RoomLimits.barredCommitters)
    /// Who was said once to have made one, and by whom.
    private var accused: [MemberID: MemberID] = [:]
    /// Who has created the group.
    var creator: MemberID?
    /// At a relay. Once there is one, the group begins anew only when it was left by all (``Room/mayBeginAnew``).
    var invites = GroupInvites()
    var seekers = SecretSeekers()
    /// At a relay: what lets somebody in while nobody is there, of the current epoch.
    private(set) var groupInfo: [UInt8] = []
    /// KeyPackages by which somebody has come in: each lets its owner in once.
    private var spent = RecentSet<KeyPackageDigest>(limit: RoomLimits.spentKeyPackages)
    /// When a member gave itself new keys.
    var lastUpdate: Duration?
    /// Those who want new keys, and could not have them yet, in the order of their waiting.
    private(set) var updates: [MemberID] = []
    /// When it is the next one's turn.
    var updateAt: Duration?
    /// How much has come and gone through each invite of late.
    private var ways: [Int: TokenBucket] = [:]
    /// By which invites nobody is let in before that time.
    private var waysPaused: [Int: Duration] = [:]
    /// Somebody may be there now who can be asked.
    var mustAsk = false
    private var pace = TokenBucket(capacity: RoomLimits.memberChangeBurst, now: .zero)
    /// Nobody is asked before; nil for at once.
    private(set) var pausedUntil: Duration?
    /// Before, it is no use to look whom to ask.
    var retryAt: Duration?

    /// Somebody is to be asked, and not before that time.
    mutating func waits(until time: Duration) {
        mustAsk = true
        retryAt = time
    }

    var isRegistered: Bool { !invites.isEmpty }

    /// Members that are not in the room yet.
    var newcomerCount: Int { joiners.count { !$0.isReturning } }

    var epoch: UInt64 { book?.epoch ?? 0 }

    /// When another one is to be asked.
    func nextDeadline(isIdle: Bool) -> Duration? {
        let turn = asked == nil && isIdle ? updateAt : nil
        return [mustAsk && !isIdle ? retryAt ?? .zero : asked?.deadline, turn].compactMap(\.self).min()
    }

    /// The member wants new keys, and waits for its turn.
    mutating func wantsUpdate(_ id: MemberID, at time: Duration) {
        guard !updates.contains(id) else { return }
        updates.append(id)
        updateAt = updateAt ?? time
    }

    /// The next one whose turn it is; those for whom it is no use are passed over.
    mutating func nextUpdate(_ isMeant: (MemberID) -> Bool) -> MemberID? {
        updates.removeAll { !isMeant($0) }
        if updates.isEmpty { updateAt = nil }
        return updates.first
    }

    /// When somebody may have new keys, as far as the last ones go.
    func updateTime(now: Duration) -> Duration {
        lastUpdate.map { max(now, $0 + RoomLimits.updateInterval) } ?? now
    }

    /// It has its turn.
    mutating func takesTurn(_ id: MemberID) {
        updates.removeAll { $0 == id }
    }

    /// Whether a member that was asked for new keys alone, or nobody, is to answer: what is to come or go does not wait for it.
    mutating func isFree() -> Bool {
        if asked?.isUpdate == true { asked = nil }
        return asked == nil
    }

    /// Joiners that may come in now. Those behind an invite through which much has come and gone wait.
    func comers(now: Duration) -> [Joiner] { joiners.filter { waysPaused[$0.way].map { now >= $0 } ?? true } }

    /// When one more of them may.
    func nextComer(now: Duration) -> Duration? { joiners.compactMap { waysPaused[$0.way] }.filter { $0 > now }.min() }

    /// Somebody has come in by these ways.
    mutating func came(by comers: [Joiner], now: Duration) {
        waysPaused = waysPaused.filter { $0.value > now }
        if ways.count > RoomLimits.ways { ways = ways.filter { waysPaused[$0.key] != nil } }
        for way in Set(comers.map(\.way)) {
            var bucket = ways[way] ?? TokenBucket(capacity: RoomLimits.wayBurst, now: now)
            let pause = bucket.take(
                1, rate: RoomLimits.waysPerSecond, capacity: RoomLimits.wayBurst, now: now)
            ways[way] = bucket
            if pause > .zero { waysPaused[way] = now + pause }
        }
    }

    /// The members have changed, and may do so again after a pause, if there was much of it.
    mutating func membersChanged(now: Duration) {
        let pause = pace.take(
            1, rate: RoomLimits.memberChangesPerSecond, capacity: RoomLimits.memberChangeBurst, now: now)
        pausedUntil = pause > .zero ? now + pause : nil
    }

    /// Returns whether enough have said by now that they could not follow the member's Commits.
    mutating func accuse(_ committer: MemberID, by reporters: [MemberID]) -> Bool {
        guard let first = reporters.first else { return false }
        if reporters.count > 1 || accused[committer].map({ $0 != first }) == true { return true }
        accused[committer] = first
        return false
    }

    /// Returns whether the member was not barred before.
    mutating func bar(_ id: MemberID) -> Bool {
        accused[id] = nil
        goesAway(id)
        updates.removeAll { $0 == id }
        return barred.insert(id)
    }

    /// The Commits from that step on are void.
    mutating func undo(to index: Int) {
        let step = unfollowed.steps[index]
        book = step.book
        groupInfo = step.groupInfo
        window = EpochWindow(epoch: step.book.epoch)
        asked = nil
        silent = []
        doubted = []
        mustAsk = true
        unfollowed.goBack(before: index)
        invites.goBack(to: step.book.secretGeneration)
    }

    /// The member is not in the room any more.
    mutating func hasLeft(_ id: MemberID) {
        goesAway(id)
        unfollowed.settle([id])
        seekers.hasLeft(id)
        accused[id] = nil
        accused = accused.filter { $0.value != id }
    }

    /// A group begins anew, with the first who comes in.
    mutating func begin() {
        unfollowed = UnfollowedCommits()
        creator = nil
        book = nil
        groupInfo = []
        window = EpochWindow()
        asked = nil
        silent = []
        doubted = []
    }

    /// The group's creator has told of it.
    mutating func found(_ book: any GroupBook, _ groupInfo: [UInt8]) {
        self.book = book
        self.groupInfo = groupInfo
        mustAsk = true
    }

    func isSpent(_ keyPackage: [UInt8]) -> Bool { spent.contains(KeyPackageDigest(of: keyPackage)) }

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

    /// The member cannot be asked any more, and if it was, another one is.
    mutating func goesAway(_ id: MemberID) {
        guard asked?.member == id else { return }
        asked = nil
        mustAsk = true
    }

    /// The joiner that is to come in by itself from now on: the one that has waited longest, of those that have not been
    /// asked in vain.
    mutating func askJoiner(now: Duration) -> Joiner? {
        if joiners.allSatisfy({ silent.contains($0.id) }) {
            forgive(now: now)
        }
        let index =
            joiners.firstIndex { !silent.contains($0.id) && !barred.contains($0.id) }
            ?? joiners.firstIndex { !silent.contains($0.id) }
        guard let index else { return nil }
        joiners[index].wasOffered = true
        asked = Asked(
            member: joiners[index].id, adds: [:], removals: [], deadline: now + RoomLimits.committerPatience)
        return joiners[index]
    }

    /// What a member is asked to commit from now on; `gone` are in the group and not in the room any more.
    mutating func ask(
        _ member: MemberID, adding comers: [Joiner], removing gone: [MemberID], until deadline: Duration
    ) -> (adding: [GroupCandidate], removing: [MemberID]) {
        let first = comers.prefix(RoomLimits.candidatesPerCommit)
        let adds = Dictionary(first.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let removals = Array(gone.filter { adds[$0] == nil }.prefix(RoomLimits.removalsPerCommit))
        asked = Asked(member: member, adds: adds, removals: removals, deadline: deadline)
        return (first.map { GroupCandidate(id: $0.id, keyPackage: $0.keyPackage) }, removals)
    }

    /// The one who was asked has not answered in time.
    mutating func gaveNoAnswer() {
        guard let asked else { return }
        silent.insert(asked.member)
        self.asked = nil
        mustAsk = true
    }

    /// What the member has committed was of no use.
    mutating func wasAskedInVain(_ id: MemberID) {
        doubted.insert(id)
    }

    /// Whether others are asked before it.
    func isPassedOver(_ id: MemberID) -> Bool { silent.contains(id) || doubted.contains(id) }

    /// Nobody is left who was not asked in vain: they are asked again, and for the time after that only after a pause. What they
    /// are asked weighs more than a wrong answer.
    mutating func forgive(now: Duration) {
        silent = []
        doubted = []
        let end = now + RoomLimits.lagPause
        pausedUntil = pausedUntil.map { max($0, end) } ?? end
    }

    /// Whether this is about the KeyPackage with which the joiner waits now.
    func wasAsked(toAdd id: MemberID) -> Bool {
        asked?.adds[id].map { $0.serial == joiner(id)?.serial } ?? false
    }

    /// The epoch after a Commit, which its sender has done in answer to what it was asked, if anything. `lowest` is the lowest
    /// one in which somebody who is present may still speak.
    mutating func advance(
        by commit: BookedCommit, _ groupInfo: [UInt8], of member: MemberID, lowest: UInt64, now: Duration
    ) {
        if let book { invites.followed(from: book, to: commit.book) }
        book = commit.book
        self.groupInfo = groupInfo
        window.advance(lowest: lowest, now: now)
        for id in commit.added {
            if let joiner = asked?.adds[id] { spent.insert(KeyPackageDigest(of: joiner.keyPackage)) }
        }
        // New keys of its own that a member was not asked for, or that nobody waits for, say nothing about what it does for others.
        guard let asked, asked.member == member, !asked.isUpdate else { return }
        silent.remove(member)
        doubted.remove(member)
    }

    /// The asked one has said what cannot be done.
    mutating func refused(by member: MemberID) {
        silent.remove(member)
    }

    /// What was asked for is done, or did not fit any more.
    mutating func answered() {
        asked = nil
        mustAsk = true
    }
}

extension GroupQueue {
    /// Those who wait hold connections; a process has fewer.
    private static let joinerLimit = 65_536

    init(reading reader: inout StateReader, book: any GroupBook.Type, isAtRelay: Bool) throws(WireError) {
        creator = try reader.readOptional { reader throws(WireError) in try reader.readMemberID() }
        invites = try GroupInvites(reading: &reader)
        seekers = try SecretSeekers(reading: &reader)
        groupInfo = try reader.readBytes(atMost: RoomLimits.groupInfoByteCount)
        let tree = try reader.readOptional { reader throws(WireError) in
            try reader.readBytes(atMost: RoomLimits.groupMessageByteCount)
        }
        if let tree {
            do throws(GroupError) {
                self.book = try book.init(resuming: groupInfo, tree: tree, isAtRelay: isAtRelay)
            } catch {
                throw .invalidValue
            }
        }
        window = try EpochWindow(reading: &reader)
        spent = RecentSet(limit: RoomLimits.spentKeyPackages)
        let digests = try reader.readList(atMost: RoomLimits.spentKeyPackages) { reader throws(WireError) in
            guard let digest = KeyPackageDigest(try reader.readBytes()) else { throw .invalidValue }
            return digest
        }
        for digest in digests { spent.insert(digest) }
        lastUpdate = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        updates = try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
            try reader.readMemberID()
        }
        updateAt = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        let ways = try reader.readList(atMost: Self.joinerLimit) { reader throws(WireError) in
            (try reader.readInt(), try TokenBucket(reading: &reader))
        }
        self.ways = Dictionary(ways, uniquingKeysWith: { $1 })
        let paused = try reader.readList(atMost: Self.joinerLimit) { reader throws(WireError) in
            (try reader.readInt(), try reader.readTime())
        }
        waysPaused = Dictionary(paused, uniquingKeysWith: { $1 })
        pace = try TokenBucket(reading: &reader)
        pausedUntil = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        retryAt = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        mustAsk = try reader.readBool()
        silent = Set(
            try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
                try reader.readMemberID()
            })
        doubted = Set(
            try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
                try reader.readMemberID()
            })
        nextSerial = try reader.readUInt64()
        joiners = try reader.readList(atMost: Self.joinerLimit) { reader throws(WireError) in
            try Joiner(reading: &reader)
        }
        asked = try reader.readOptional { reader throws(WireError) in try Asked(reading: &reader) }
        unfollowed = try UnfollowedCommits(reading: &reader, book: book, isAtRelay: isAtRelay)
        let barred = try reader.readList(atMost: RoomLimits.barredCommitters) { reader throws(WireError) in
            try reader.readMemberID()
        }
        for id in barred { self.barred.insert(id) }
        let accused = try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
            (try reader.readMemberID(), try reader.readMemberID())
        }
        self.accused = Dictionary(accused, uniquingKeysWith: { $1 })
        guard nextSerial < .max / 2, self.book.map({ [window] in $0.epoch == window.current }) != false else {
            throw .invalidValue
        }
    }

    func write(to writer: inout StateWriter) {
        writer.write(optional: creator) { writer, id in writer.write(id) }
        invites.write(to: &writer)
        seekers.write(to: &writer)
        writer.write(groupInfo)
        writer.write(optional: book) { writer, book in writer.write(book.tree) }
        window.write(to: &writer)
        writer.write(list: spent.inOrder) { writer, digest in writer.write(digest.bytes) }
        writer.write(optional: lastUpdate) { writer, time in writer.write(time: time) }
        writer.write(list: updates) { writer, id in writer.write(id) }
        writer.write(optional: updateAt) { writer, time in writer.write(time: time) }
        writer.write(list: ways.sorted { $0.key < $1.key }) { writer, way in
            writer.write(way.key)
            way.value.write(to: &writer)
        }
        writer.write(list: waysPaused.sorted { $0.key < $1.key }) { writer, way in
            writer.write(way.key)
            writer.write(time: way.value)
        }
        pace.write(to: &writer)
        writer.write(optional: pausedUntil) { writer, time in writer.write(time: time) }
        writer.write(optional: retryAt) { writer, time in writer.write(time: time) }
        writer.write(mustAsk)
        writer.write(list: silent.sorted { $0.wireValue < $1.wireValue }) { writer, id in writer.write(id) }
        writer.write(list: doubted.sorted { $0.wireValue < $1.wireValue }) { writer, id in writer.write(id) }
        writer.write(nextSerial)
        writer.write(list: joiners) { writer, joiner in joiner.write(to: &writer) }
        writer.write(optional: asked) { writer, asked in asked.write(to: &writer) }
        unfollowed.write(to: &writer)
        writer.write(list: barred.inOrder) { writer, id in writer.write(id) }
        writer.write(list: accused.sorted { $0.key.wireValue < $1.key.wireValue }) { writer, entry in
            writer.write(entry.key)
            writer.write(entry.value)
        }
    }

    /// The room is over. A new queue would begin at the origin of this host's clock.
    mutating func ended() {
        let pace = self.pace
        self = GroupQueue()
        self.pace = pace
    }

    /// Nobody is connected any more: nobody waits, and nobody was asked.
    mutating func restarted() {
        joiners = []
        asked = nil
        silent = []
        doubted = []
        mustAsk = true
        // The host's own participant comes back before anybody can be in its way.
        pausedUntil = nil
        retryAt = nil
        updates = []
        updateAt = nil
        unfollowed.restarted()
        seekers.restarted()
    }
}

extension GroupQueue.Joiner {
    init(reading reader: inout StateReader) throws(WireError) {
        id = try reader.readMemberID()
        link = try reader.readLinkID()
        key = try reader.readBytes()
        isHost = try reader.readBool()
        nick = try reader.readNick(isHost: isHost)
        isReturning = try reader.readBool()
        keyPackage = try reader.readBytes(atMost: RoomLimits.keyPackageByteCount)
        way = try reader.readInt()
        serial = try reader.readUInt64()
        wasOffered = try reader.readBool()
    }

    func write(to writer: inout StateWriter) {
        writer.write(id)
        writer.write(link)
        writer.write(key)
        writer.write(isHost)
        writer.write(nick.text)
        writer.write(isReturning)
        writer.write(keyPackage)
        writer.write(way)
        writer.write(serial)
        writer.write(wasOffered)
    }
}

extension GroupQueue.Asked {
    init(reading reader: inout StateReader) throws(WireError) {
        member = try reader.readMemberID()
        let joiners = try reader.readList(atMost: RoomLimits.candidatesPerCommit) { reader throws(WireError) in
            try GroupQueue.Joiner(reading: &reader)
        }
        adds = Dictionary(joiners.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        removals = try reader.readList(atMost: RoomLimits.removalsPerCommit) { reader throws(WireError) in
            try reader.readMemberID()
        }
        deadline = try reader.readTime()
    }

    func write(to writer: inout StateWriter) {
        writer.write(member)
        writer.write(list: inOrder) { writer, joiner in joiner.write(to: &writer) }
        writer.write(list: removals) { writer, id in writer.write(id) }
        writer.write(time: deadline)
    }

    /// Whom to add, in the order of their waiting.
    fileprivate var inOrder: [GroupQueue.Joiner] { adds.values.sorted { $0.serial < $1.serial } }
}
