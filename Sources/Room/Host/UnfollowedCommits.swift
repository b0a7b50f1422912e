internal import Chat
internal import Wire

/// The latest Commits, for as long as few have followed them. No server can see whether what a Commit has for the others lets
/// them follow (RFC 9420 section 16.12): where it does not, the room can go back to the book of before.
struct UnfollowedCommits {
    struct Step {
        let committer: MemberID
        /// The book before the Commit.
        let book: any GroupBook
        /// The GroupInfo before the Commit.
        let groupInfo: [UInt8]
        let time: Duration
        /// Who has said that it could not follow.
        var complainers: Set<MemberID> = []

        /// The epoch that the Commit has begun.
        var epoch: UInt64 { book.epoch + 1 }
    }

    /// What the room knows of a member.
    struct Standing {
        let id: MemberID
        /// The latest epoch that it is known to have followed the group to.
        let followed: UInt64
        let isPresent: Bool
    }

    enum Verdict: Equatable {
        /// It is not known yet.
        case open
        /// The room goes back to the book before that step.
        case undo(Int)
        /// Enough of the others have followed: those who have not come in anew.
        case stays
    }

    private(set) var steps: [Step] = []
    /// Into which epoch members could not follow.
    private(set) var reports: [MemberID: UInt64] = [:]
    private(set) var firstReport: Duration?
    /// When it is time to look at this again; nil while time changes nothing.
    private(set) var reviewAt: Duration?

    /// Whether one more can be kept.
    var isFull: Bool { steps.count >= RoomLimits.booksKept }

    mutating func add(_ step: Step) {
        guard !isFull else { return }
        steps.append(step)
        reviewAt = reviewAt ?? step.time + RoomLimits.followTime
    }

    /// The group gets another secret. No member goes back to one that it has given up, so what was committed up to there stays.
    mutating func allStay() { steps = [] }

    /// Whether there is a Commit to this epoch that can be undone.
    func has(epoch: UInt64) -> Bool { steps.contains { $0.epoch == epoch } }

    mutating func report(_ epoch: UInt64, by id: MemberID, now: Duration) {
        reports[id] = min(reports[id] ?? epoch, epoch)
        firstReport = firstReport ?? now
        for index in steps.indices where steps[index].epoch == epoch { steps[index].complainers.insert(id) }
    }

    /// More is known: what is open is looked at again.
    mutating func reviewSoon(now: Duration) {
        if complaint != nil { reviewAt = now }
    }

    /// The reports of these are dealt with.
    mutating func settle(_ ids: [MemberID]) {
        for id in ids { reports[id] = nil }
        if reports.isEmpty { firstReport = nil }
    }

    /// The lowest epoch that somebody could not follow into, and who could not.
    var complaint: (epoch: UInt64, by: [MemberID])? {
        guard let epoch = reports.values.min() else { return nil }
        return (epoch, reports.filter { $0.value == epoch }.keys.sorted { $0.wireValue < $1.wireValue })
    }

    /// Those of the members who are to follow the step, and have.
    func followers(of step: Step, in room: [Standing]) -> [Standing] {
        others(of: step, in: room).filter { other in
            !step.complainers.contains(other.id)
                && (reports[other.id].map { $0 - 1 } ?? other.followed) >= step.epoch
        }
    }

    /// Those who have to follow the step.
    private func others(of step: Step, in room: [Standing]) -> [Standing] {
        room.filter { step.book.contains($0.id) && $0.id != step.committer }
    }

    /// How many of those who have to follow it have not said whether they can.
    private func unheard(of step: Step, in room: [Standing]) -> Int {
        others(of: step, in: room).count { other in
            other.isPresent && !step.complainers.contains(other.id) && reports[other.id] == nil
                && other.followed < step.epoch
        }
    }

    /// What becomes of the step that somebody could not follow.
    func verdict(on index: Int, room: [Standing], now: Duration) -> Verdict {
        let step = steps[index]
        let others = others(of: step, in: room)
        let complainers = others.count { step.complainers.contains($0.id) }
        let followers = followers(of: step, in: room).count
        if !others.isEmpty, 2 * followers >= others.count { return .stays }
        let isOver = firstReport.map { now >= $0 + RoomLimits.undoPatience } ?? true
        if let verdict = moderatorsVerdict(on: step, room: room, isOver: isOver) { return verdict }
        let unknown = unheard(of: step, in: room)
        // One alone could have anybody's Commit undone. What others are about to say of it is waited for: they keep their sessions.
        let isClear = firstReport.map { now >= $0 + RoomLimits.undoMoment } ?? true
        if isClear, complainers > max(1, followers + unknown) { return .undo(index) }
        guard isOver || unknown == 0 else { return .open }
        return complainers > max(1, followers) ? .undo(index) : .stays
    }

    /// What more moderators have followed than not, its committer counted, stays whatever most say: anybody can bring many members. Those
    /// who have not said anything are waited for; of as many on each side, the one decides who has moderated longest. Nil where it is not so.
    private func moderatorsVerdict(on step: Step, room: [Standing], isOver: Bool) -> Verdict? {
        let moderators = step.book.moderators
        let standings = room.filter { moderators.contains($0.id) }
        let against = Set(standings.map(\.id)).intersection(step.complainers)
        var following = Set(followers(of: step, in: standings).map(\.id))
        if standings.contains(where: { $0.id == step.committer }) { following.insert(step.committer) }
        let unknown = unheard(of: step, in: standings)
        if following.count > against.count + unknown { return .stays }
        if against.count > following.count + unknown { return nil }
        guard isOver || unknown == 0 else { return .open }
        let first = moderators.first(where: against.union(following).contains)
        let stays =
            following.count == against.count ? first.map(following.contains) == true : following.count > against.count
        return stays ? .stays : nil
    }

    /// Forgets what more than half of the others have followed, and where there is no place for more, the oldest that anybody has.
    mutating func review(room: [Standing], now: Duration) {
        let open = complaint?.epoch
        steps = steps.filter { step in
            let others = others(of: step, in: room).count
            return now < step.time + RoomLimits.followTime || step.epoch == open
                || others > 0 && 2 * followers(of: step, in: room).count <= others
        }
        if isFull, let index = steps.firstIndex(where: { !followers(of: $0, in: room).isEmpty }) {
            steps.remove(at: index)
        }
        let young = steps.map { $0.time + RoomLimits.followTime }.filter { $0 > now }.min()
        let looks = firstReport.map { first in
            [RoomLimits.undoMoment, RoomLimits.undoPatience].map { first + $0 }.filter { $0 > now }
        }
        reviewAt = ([young].compactMap(\.self) + (looks ?? [])).min()
    }

    /// The room has gone back to the book before that step.
    mutating func goBack(before index: Int) {
        steps.removeSubrange(index...)
        reports = [:]
        firstReport = nil
    }

    /// Nobody is connected any more.
    mutating func restarted() {
        reports = [:]
        firstReport = nil
        reviewAt = nil
    }
}

extension UnfollowedCommits {
    init(reading reader: inout StateReader, book: any GroupBook.Type, isAtRelay: Bool) throws(WireError) {
        steps = try reader.readList(atMost: RoomLimits.booksKept) { reader throws(WireError) in
            let committer = try reader.readMemberID()
            let groupInfo = try reader.readBytes(atMost: RoomLimits.groupInfoByteCount)
            let tree = try reader.readBytes(atMost: RoomLimits.groupMessageByteCount)
            let time = try reader.readTime()
            let complainers = try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
                try reader.readMemberID()
            }
            do throws(GroupError) {
                return Step(
                    committer: committer,
                    book: try book.init(resuming: groupInfo, tree: tree, isAtRelay: isAtRelay), groupInfo: groupInfo,
                    time: time, complainers: Set(complainers))
            } catch {
                throw .invalidValue
            }
        }
        let list = try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
            (try reader.readMemberID(), try reader.readUInt64())
        }
        reports = Dictionary(list, uniquingKeysWith: { $1 })
        firstReport = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        reviewAt = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        guard reports.values.allSatisfy({ $0 > 0 }), steps.allSatisfy({ $0.book.epoch <= .max / 2 }),
            reports.isEmpty == (firstReport == nil)
        else {
            throw .invalidValue
        }
    }

    func write(to writer: inout StateWriter) {
        writer.write(list: steps) { writer, step in
            writer.write(step.committer)
            writer.write(step.groupInfo)
            writer.write(step.book.tree)
            writer.write(time: step.time)
            writer.write(list: step.complainers.sorted { $0.wireValue < $1.wireValue }) { writer, id in
                writer.write(id)
            }
        }
        writer.write(list: reports.sorted { $0.key.wireValue < $1.key.wireValue }) { writer, report in
            writer.write(report.key)
            writer.write(report.value)
        }
        writer.write(optional: firstReport) { writer, time in writer.write(time: time) }
        writer.write(optional: reviewAt) { writer, time in writer.write(time: time) }
    }
}
