internal import Chat

/// The open checks of a member, at most one with each other member, and what a peer may make of them; and what came of those before.
struct CheckBook {
    enum Refusal: Error, Equatable {
        /// So many checks are open that no further one begins.
        case tooMany
        case failed(PairwiseCheck.Failure)
    }

    /// What a message of a peer has led to.
    struct Outcome: Equatable {
        var steps: [PairwiseCheck.Step] = []
        /// Words that had been shown no longer count.
        var replacesWords = false
    }

    /// Checks open at once that this member has begun, and as many that others have: nobody compares words with more people at
    /// a time, and each makes this member answer and show something.
    static let openLimit = 8
    /// A program answers at once; what it sends may have to wait for a connection.
    static let answerTime = Duration.seconds(120)
    /// People have to reach each other first.
    static let comparingTime = Duration.seconds(900)
    /// A member that begins one check after the other is answered so often.
    static let pace = Duration.seconds(10)

    struct Entry {
        var check: PairwiseCheck
        let isOwn: Bool
        var deadline: Duration
    }

    private(set) var entries: [MemberID: Entry] = [:]
    /// The keys that the person has compared.
    var verified: [MemberID: [UInt8]] = [:]
    /// When a member has begun a check, for as long as that matters.
    private var begun: [MemberID: Duration] = [:]

    var nextDeadline: Duration? { entries.values.map(\.deadline).min() }

    /// The words that are to be compared with a member.
    func words(with peer: MemberID) -> [String]? {
        if case .compared(let words)? = entries[peer]?.check.state { words } else { nil }
    }

    func isOpen(with peer: MemberID) -> Bool { entries[peer] != nil }

    /// Whether the open check with `peer` is between these.
    func fits(_ parties: PairwiseCheck.Parties?, _ peer: MemberID) -> Bool { entries[peer]?.check.parties == parties }

    /// A person wants to check a member with which no check is open.
    mutating func begin(
        with peer: MemberID, _ parties: PairwiseCheck.Parties, now: Duration
    ) throws(Refusal) -> [PairwiseCheck.Step] {
        guard entries.values.count(where: \.isOwn) < Self.openLimit else { throw .tooMany }
        var steps: [PairwiseCheck.Step] = []
        let check = PairwiseCheck(beginning: parties, steps: &steps)
        entries[peer] = Entry(check: check, isOwn: true, deadline: now + Self.answerTime)
        return steps
    }

    mutating func received(
        _ message: CheckMessage, from peer: MemberID, _ parties: PairwiseCheck.Parties, now: Duration
    ) throws(Refusal) -> Outcome {
        var outcome = Outcome()
        if var entry = entries[peer], entry.check.parties == parties {
            do throws(PairwiseCheck.Failure) {
                try entry.check.received(message, steps: &outcome.steps)
                entry.deadline = now + Self.time(for: entry.check)
                entries[peer] = entry
                return outcome
            } catch {
                if error == .brokenCommitment { entries[peer] = nil }
                guard error == .begunAnew else { throw .failed(error) }
            }
        }
        guard case .begin(let commitment) = message else { throw .failed(.outOfTurn) }
        begun = begun.filter { now < $0.value + Self.pace }
        let others = entries.count { $0.key != peer && !$0.value.isOwn }
        guard begun[peer] == nil, others < Self.openLimit else { throw .tooMany }
        begun[peer] = now
        outcome.replacesWords = words(with: peer) != nil
        let check = PairwiseCheck(answering: commitment, parties, steps: &outcome.steps)
        entries[peer] = Entry(check: check, isOwn: false, deadline: now + Self.answerTime)
        return outcome
    }

    private static func time(for check: PairwiseCheck) -> Duration {
        if case .compared = check.state { comparingTime } else { answerTime }
    }

    /// Ends the check with a member; whether one was open.
    @discardableResult
    mutating func end(with peer: MemberID) -> Bool {
        entries.removeValue(forKey: peer) != nil
    }

    /// Ends what has taken too long; says with whom, and whether there were words.
    mutating func expire(now: Duration) -> [(peer: MemberID, hadWords: Bool)] {
        let late = entries.filter { now >= $0.value.deadline }.keys.sorted { $0.packed < $1.packed }
        return late.map { peer in
            defer { entries[peer] = nil }
            return (peer, words(with: peer) != nil)
        }
    }
}
