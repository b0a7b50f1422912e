internal import Chat
internal import Wire

/// How the room's group is to be changed: who is in it, who wants in, and who was asked to commit what.
struct GroupQueue {
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

        /// Whom to add, in the order of their waiting.
        private var inOrder: [Joiner] { adds.values.sorted { $0.serial < $1.serial } }
    }

    /// Who is in the group; nil before its creator has told of it.
    private(set) var book: (any GroupBook)?
    /// In which epochs something may still be said.
    var window = EpochWindow()
    /// Who wants in.
    var joiners = JoinerLine()
    private(set) var asked: Asked?
    private(set) var passedOver = PassedOver()
    private(set) var barred = BarredCommitters()
    /// The latest Commits, which may have to be undone.
    var unfollowed = UnfollowedCommits()
    /// Who has created the group.
    var creator: MemberID?
    /// At a relay. Once there is one, the group begins anew only when it was left by all (``Room/mayBeginAnew``).
    var invites = GroupInvites()
    var seekers = SecretSeekers()
    /// At a relay: what lets somebody in while nobody is there, of the current epoch.
    private(set) var groupInfo: [UInt8] = []
    /// KeyPackages by which somebody has come in: each lets its owner in once.
    private var spent = RecentSet<KeyPackageDigest>(limit: RoomLimits.spentKeyPackages)
    var updates = UpdateTurns()
    private(set) var pace = ComingPace()
    /// Somebody may be there now who can be asked.
    var mustAsk = false
    /// Before, it is no use to look whom to ask.
    var retryAt: Duration?

    var isRegistered: Bool { !invites.isEmpty }

    var epoch: UInt64 { book?.epoch ?? 0 }

    /// - Parameter mark: ``GroupBook/mark(of:)`` of a KeyPackage.
    func isSpent(_ mark: [UInt8]) -> Bool { spent.contains(KeyPackageDigest(of: mark)) }

    /// When another one is to be asked.
    func nextDeadline(isIdle: Bool) -> Duration? {
        // Of a group that its creator has not told of nobody is asked for anything.
        let turn = book != nil && asked == nil && isIdle ? updates.due : nil
        return (mustAsk && !isIdle ? retryAt ?? .zero : asked?.deadline).orEarlier(turn)
    }

    // MARK: Who is asked

    /// Somebody is to be asked, and not before that time.
    mutating func waits(until time: Duration) {
        mustAsk = true
        retryAt = time
    }

    /// Whether a member that was asked for new keys alone, or nobody, is to answer: what is to come or go does not wait for it.
    mutating func isFree() -> Bool {
        if asked?.isUpdate == true { asked = nil }
        return asked == nil
    }

    /// Joiners that may come in now. Those behind an invite through which much has come and gone wait.
    func comers(now: Duration) -> [Joiner] { joiners.filter { pace.pause(of: $0.way, now: now) == nil } }

    /// When one more of them may.
    func nextComer(now: Duration) -> Duration? { joiners.compactMap { pace.pause(of: $0.way, now: now) }.min() }

    /// The joiner that is to come in by itself from now on: a moderator that comes back, or the one that has waited longest, of those
    /// that have not been asked in vain.
    mutating func askJoiner(now: Duration) -> Joiner? {
        if joiners.allSatisfy({ passedOver.isSilent($0.id) }) {
            forgive(now: now)
        }
        let index =
            joiners.firstIndex { [book] joiner in
                joiner.isReturning && !passedOver.isSilent(joiner.id) && book?.isModerator(joiner.id) == true
            } ?? joiners.firstIndex { !passedOver.isSilent($0.id) && !barred.contains($0.id) }
            ?? joiners.firstIndex { !passedOver.isSilent($0.id) }
        guard let index else { return nil }
        let joiner = joiners.offer(at: index)
        asked = Asked(member: joiner.id, adds: [:], removals: [], deadline: now + RoomLimits.committerPatience)
        return joiner
    }

    /// What a member is asked to commit from now on; `gone` are in the group and not in the room any more. Two whose KeyPackages have
    /// one mark cannot come in together: the one that has waited longer is asked for.
    mutating func ask(
        _ member: MemberID, adding comers: [Joiner], removing gone: [MemberID], mark: ([UInt8]) -> [UInt8],
        until deadline: Duration
    ) -> (adding: [GroupCandidate], removing: [MemberID]) {
        var marks: Set<[UInt8]> = []
        let first = comers.prefix(RoomLimits.candidatesPerCommit).filter { marks.insert(mark($0.keyPackage)).inserted }
        let adds = Dictionary(first.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let removals = Array(gone.filter { adds[$0] == nil }.prefix(RoomLimits.removalsPerCommit))
        asked = Asked(member: member, adds: adds, removals: removals, deadline: deadline)
        return (first.map { GroupCandidate(id: $0.id, keyPackage: $0.keyPackage) }, removals)
    }

    /// Whether this is about the KeyPackage with which the joiner waits now.
    func wasAsked(toAdd id: MemberID) -> Bool {
        asked?.adds[id].map { $0.serial == joiners[id]?.serial } ?? false
    }

    /// What was asked for is done, or did not fit any more.
    mutating func answered() {
        asked = nil
        mustAsk = true
    }

    /// The asked one has said what cannot be done.
    mutating func refused(by member: MemberID) {
        passedOver.hasAnswered(member)
        answered()
    }

    /// The one who was asked has not answered in time. One who does not moderate may be silent on purpose, and be one of many:
    /// moderators are asked as if they had never been, before the next one.
    mutating func wasSilent() {
        if let book, let asked, !asked.isUpdate, !book.isModerator(asked.member) { passedOver.forgive(book.moderators) }
        gaveNoAnswer()
    }

    /// The one who was asked has not answered, or wrongly.
    mutating func gaveNoAnswer() {
        guard let asked else { return }
        // A joiner is asked for nothing but to come in by itself.
        if asked.isUpdate, joiners[asked.member] == nil {
            updates.gaveNoAnswer(asked.member)
        } else {
            passedOver.gaveNoAnswer(asked.member)
        }
        answered()
    }

    /// Somebody whom the member has let in came again at once.
    mutating func isDoubted(_ id: MemberID) {
        passedOver.doubt(id)
    }

    /// Nobody is left who was not asked in vain: they are asked again, and for the time after that only after a pause. What they
    /// are asked weighs more than a wrong answer.
    mutating func forgive(now: Duration) {
        passedOver = PassedOver()
        pace.pause(until: now + RoomLimits.lagPause)
    }

    /// The member cannot be asked any more, and if it was, another one is.
    mutating func goesAway(_ id: MemberID) {
        guard asked?.member == id else { return }
        answered()
    }

    /// The member is not in the room any more.
    mutating func hasLeft(_ id: MemberID) {
        goesAway(id)
        passedOver.forget(id)
        unfollowed.settle([id])
        updates.hasLeft(id)
        seekers.hasLeft(id)
        barred.hasLeft(id)
    }

    /// Somebody who waited to come in does so no more.
    mutating func hasGone(_ joiner: Joiner) {
        passedOver.forget(joiner.id)
    }

    /// Returns whether the member was not barred before.
    mutating func bar(_ id: MemberID) -> Bool {
        goesAway(id)
        updates.remove(id)
        return barred.bar(id)
    }

    /// Returns whether enough have said by now that they could not follow the member's Commits.
    mutating func accuse(_ committer: MemberID, by reporters: [MemberID]) -> Bool {
        barred.accuse(committer, by: reporters)
    }

    // MARK: What becomes of the group

    /// A group begins anew, with the first who comes in.
    mutating func begin() {
        unfollowed = UnfollowedCommits()
        creator = nil
        book = nil
        groupInfo = []
        window = EpochWindow()
        asked = nil
        passedOver = PassedOver()
        updates = UpdateTurns()
    }

    /// The group's creator has told of it.
    mutating func found(_ book: any GroupBook, _ groupInfo: [UInt8]) {
        self.book = book
        self.groupInfo = groupInfo
        mustAsk = true
    }

    /// Members have come, by these invites, or gone.
    mutating func membersChanged(by ways: some Sequence<Int>, now: Duration) {
        pace.membersChanged(now: now)
        pace.came(by: ways, now: now)
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
            guard let joiner = asked?.adds[id] else { continue }
            spent.insert(KeyPackageDigest(of: type(of: commit.book).mark(of: joiner.keyPackage)))
        }
        // New keys of its own that a member was not asked for, or that nobody waits for, say nothing about what it does for others.
        guard let asked, asked.member == member, !asked.isUpdate else { return }
        if leavesOut(commit) { passedOver.wasOfNoUse(member) } else { passedOver.hasHelped(member) }
    }

    /// Whether the Commit leaves out somebody whom its sender was asked to add and who waits still, or to remove: others are asked
    /// before, or it could let in whom it likes.
    private func leavesOut(_ commit: BookedCommit) -> Bool {
        guard let asked else { return false }
        let added = Set(commit.added)
        return asked.adds.keys.contains { !added.contains($0) && wasAsked(toAdd: $0) }
            || asked.removals.contains(where: commit.book.contains)
    }

    /// The Commits from that step on are void.
    mutating func undo(to index: Int) {
        let step = unfollowed.steps[index]
        book = step.book
        groupInfo = step.groupInfo
        window = EpochWindow(epoch: step.book.epoch)
        passedOver = PassedOver()
        answered()
        unfollowed.goBack(before: index)
    }

    /// The room is over. A new pace would begin at the origin of this host's clock.
    mutating func ended() {
        let pace = self.pace
        self = GroupQueue()
        self.pace = pace
    }

    /// Nobody is connected any more: nobody waits, and nobody was asked.
    mutating func restarted() {
        joiners.restarted()
        passedOver = PassedOver()
        answered()
        retryAt = nil
        pace.restarted()
        updates.restarted()
        unfollowed.restarted()
        seekers.restarted()
    }
}

extension GroupQueue {
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
        updates = try UpdateTurns(reading: &reader)
        pace = try ComingPace(reading: &reader)
        retryAt = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        mustAsk = try reader.readBool()
        passedOver = try PassedOver(reading: &reader)
        joiners = try JoinerLine(reading: &reader)
        asked = try reader.readOptional { reader throws(WireError) in try Asked(reading: &reader) }
        unfollowed = try UnfollowedCommits(reading: &reader, book: book, isAtRelay: isAtRelay)
        barred = try BarredCommitters(reading: &reader)
        guard self.book.map({ [window] in $0.epoch == window.current }) != false else { throw .invalidValue }
    }

    func write(to writer: inout StateWriter) {
        writer.write(optional: creator) { writer, id in writer.write(id) }
        invites.write(to: &writer)
        seekers.write(to: &writer)
        writer.write(groupInfo)
        writer.write(optional: book) { writer, book in writer.write(book.tree) }
        window.write(to: &writer)
        writer.write(list: spent.inOrder) { writer, digest in writer.write(digest.bytes) }
        updates.write(to: &writer)
        pace.write(to: &writer)
        writer.write(optional: retryAt) { writer, time in writer.write(time: time) }
        writer.write(mustAsk)
        passedOver.write(to: &writer)
        joiners.write(to: &writer)
        writer.write(optional: asked) { writer, asked in asked.write(to: &writer) }
        unfollowed.write(to: &writer)
        barred.write(to: &writer)
    }
}

extension GroupQueue.Asked {
    init(reading reader: inout StateReader) throws(WireError) {
        member = try reader.readMemberID()
        let joiners = try reader.readList(atMost: RoomLimits.candidatesPerCommit) { reader throws(WireError) in
            try Joiner(reading: &reader)
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
}
