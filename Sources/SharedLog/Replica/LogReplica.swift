/// A host's side of a log that several hosts share through a store, which may lose what it holds.
///
/// Sans-IO, and without a clock: it is told of connections, answers, and that time has passed, and returns what to do. It has one
/// command under way. docs/shared-log.md has the protocol, its promises, and what they need.
package struct LogReplica: Hashable, Sendable {
    /// How many entries are asked for at a time.
    static let readLimit = 512
    /// How many bytes of entries are appended at a time, one entry aside: a script of Redis runs alone.
    static let appendByteLimit = 256 << 10
    /// How many bytes of inputs wait to be written, for seconds without a store. Whoever brings inputs stops reading before.
    static let outboxByteLimit = 16 << 20

    enum Phase: Hashable, Sendable {
        case offline
        /// What the store holds was asked for.
        case asking
        /// The store has nothing that helps, or could not say: it is asked again when time has passed.
        case idle
        /// Reads what a store holds in which no epoch was opened yet.
        case catchingUp(StoreStatus)
        case loading(StoreStatus)
        case waiting(Waiting)
        /// An epoch is being opened.
        case opening
        case following(Following)
        /// After ``ReplicaOutput/tampered``.
        case ended
    }

    /// Everybody waits until it is known who has come how far.
    struct Waiting: Hashable, Sendable {
        var status: StoreStatus
        /// How often a lease has passed meanwhile.
        private(set) var leases = 0
        /// How often leases were counted anew, because somebody who has come further tries again.
        private(set) var restarts: UInt32 = 0
        var isAsking = true
        var round: OpeningRound?
        var needsSnapshot = false

        init(status: StoreStatus) {
            self.status = status
        }

        mutating func leasePassed() { leases += 1 }

        mutating func countAnew() {
            leases = 0
            restarts &+= 1
        }
    }

    struct Following: Hashable, Sendable {
        let token: StoreToken
        let epochHead: LogHead
        /// The number of the last own entry that was sent on this connection.
        var sent: UInt64
        var isAsking = false
    }

    /// What the members of this host were told, while it is not known whether the store still has it.
    struct Previous: Hashable, Sendable {
        let position: LogPosition
        let epochHead: LogHead
        /// Whether there were members to be told.
        let wasConfirmed: Bool
    }

    let omission: ReplicaOmission?
    package internal(set) var state = LogState()
    var tail = LogTail()
    var phase = Phase.offline
    package internal(set) var writer: WriterID
    var outbox = ReplicaOutbox()
    /// The number of the last entry that this host has made as that writer.
    var made: UInt64 = 1
    /// How many inputs this host was given.
    var inputs: UInt64 = 0
    /// What counted, should it turn out to be lost.
    var written = WrittenTail()
    var previous: Previous?
    /// The room begins with this host. Spent when it has tried, lest it begin twice.
    var mayCreate: Bool
    /// It is not certain that this host knows who lives: others may have come, and have declared it gone.
    var isUnsure = false
    /// What was under way when that became so says nothing about it.
    var isReplyOld = false
    /// Nothing was read since a snapshot was loaded.
    var isFreshlyLoaded = false
    /// How many times this host has begun to wait for an opening.
    var rounds: UInt32 = 0
    /// A snapshot that is to be put into the store.
    var kept: StoreCommand?

    /// A host without a state. `host` was never used before.
    package init(host: UInt64, creating: Bool, omission: ReplicaOmission? = nil) {
        writer = WriterID(host: host, incarnation: 0)
        mayCreate = creating
        self.omission = omission
        outbox.append(Outgoing(number: 1, time: 0, content: .hello(instead: nil)))
    }

    /// Whether members may be told what is applied: every host that lives knows of this one.
    package var isConfirmed: Bool {
        previous == nil && (omission == .confirmBeforeTelling || state.writers.isConfirmed(writer))
    }

    /// Whether what is written now is on its way at once.
    package var isFollowing: Bool {
        if case .following = phase { previous == nil } else { false }
    }

    /// How many bytes of contents wait to be written.
    package var waitingByteCount: Int { outbox.byteCount }

    /// Whether a command is under way.
    var isBusy: Bool {
        switch phase {
        case .offline, .idle, .ended: false
        case .asking, .catchingUp, .loading, .opening: true
        case .waiting(let waiting): waiting.isAsking
        case .following(let following): following.isAsking
        }
    }

    // MARK: Inputs

    package mutating func connected() -> [ReplicaOutput] {
        guard phase != .ended else { return [] }
        return ask()
    }

    /// This host has slept, or has heard nothing of the store, for so long that others may have declared it gone.
    package mutating func slept() {
        guard omission != .sleeperWaits else { return }
        isUnsure = true
        isReplyOld = isBusy
    }

    package mutating func disconnected() {
        guard phase != .ended else { return }
        phase = .offline
        isReplyOld = false
    }

    /// Time has passed, in which others may have done something: reads on, or asks again.
    package mutating func polled(coding: borrowing some LogCoding & ~Copyable) -> [ReplicaOutput] {
        switch phase {
        case .idle: ask()
        case .waiting(let waiting) where !waiting.isAsking: report(waiting)
        case .following(let following) where !following.isAsking: turn(following, coding: coding)
        default: []
        }
    }

    /// Something for the room was said at that time of the room, in milliseconds. It is written as soon as that is possible.
    ///
    /// - Throws: ``ReplicaError``; nothing is taken then.
    package mutating func append(
        _ input: [UInt8], time: UInt64, coding: borrowing some LogCoding & ~Copyable
    ) throws(ReplicaError) -> [ReplicaOutput] {
        guard input.count <= LogContent.inputLimit else { throw .tooLarge }
        guard input.count <= Self.outboxByteLimit - outbox.byteCount else { throw .overloaded }
        inputs += 1
        enqueue(.input(inputs, input), time: time)
        return writeOn(coding: coding)
    }

    /// This host has written nothing for a while.
    package mutating func beatDue(time: UInt64, coding: borrowing some LogCoding & ~Copyable) -> [ReplicaOutput] {
        guard outbox.isEmpty, isFollowing else { return [] }
        enqueue(.beat, time: time)
        return writeOn(coding: coding)
    }

    /// A writer was silent for a lease, while what this host wrote came back.
    package mutating func leasePassed(
        of silent: WriterID, time: UInt64, coding: borrowing some LogCoding & ~Copyable
    ) -> [ReplicaOutput] {
        guard isFollowing, silent != writer, let last = state.writers[silent]?.last, !state.writers.isGone(silent)
        else { return [] }
        let content = LogContent.gone(silent, after: last)
        guard !outbox.contains(where: { $0.content == content }) else { return [] }
        enqueue(content, time: time)
        return writeOn(coding: coding)
    }

    /// A lease has passed since this host began to wait for the others.
    package mutating func leasePassed(coding: borrowing some LogCoding & ~Copyable) -> [ReplicaOutput] {
        guard case .waiting(var waiting) = phase else { return [] }
        waiting.leasePassed()
        guard !waiting.isAsking else {
            phase = .waiting(waiting)
            return []
        }
        return report(waiting)
    }

    /// The room's snapshot after all that was applied. Entries up to `trimming` are not needed any more.
    package mutating func snapshotTaken(
        _ room: [UInt8], trimming: LogPosition?, coding: borrowing some LogCoding & ~Copyable
    ) -> [ReplicaOutput] {
        let snapshot = coding.seal(LogSnapshot(state: state, room: room))
        switch phase {
        case .waiting(let waiting) where waiting.needsSnapshot:
            return open(waiting.status, .replacing(snapshot: snapshot, state.place.position), coding: coding)
        case .following(let following) where previous == nil:
            kept = .keep(
                token: following.token, epochHead: following.epochHead, position: state.place.position,
                snapshot: snapshot, trimming: trimming)
            return writeOn(coding: coding)
        default:
            return []
        }
    }

    package mutating func received(
        _ reply: StoreReply, coding: borrowing some LogCoding & ~Copyable
    ) -> [ReplicaOutput] {
        guard isBusy else { return reconnect() }
        let wasOld = isReplyOld
        isReplyOld = false
        defer { if wasOld { isUnsure = true } }
        switch (phase, reply) {
        case (_, .failed):
            return reconnect()
        case (.asking, .status(let status)):
            return decide(status, coding: coding)
        case (.waiting(let waiting), .status(let status)):
            return reported(waiting, status, coding: coding)
        case (.loading(let status), .snapshot(let bytes)):
            return loaded(status, bytes, coding: coding)
        case (.catchingUp(let status), .entries(let entries, let last)):
            return caughtUp(status, entries, last: last, coding: coding)
        case (.following(let following), .entries(let entries, let last)):
            return followed(following, entries, last: last, coding: coding)
        case (.following(var following), .done):
            following.isAsking = false
            phase = .following(following)
            return writeOn(coding: coding)
        case (.opening, .done), (.opening, .refused), (.following, .refused):
            return ask()
        default:
            return reconnect()
        }
    }

    // MARK: What is common

    mutating func ask() -> [ReplicaOutput] {
        phase = .asking
        kept = nil
        return [.send(.status)]
    }

    mutating func reconnect() -> [ReplicaOutput] {
        disconnected()
        return [.reconnect]
    }

    mutating func end() -> [ReplicaOutput] {
        phase = .ended
        return [.tampered]
    }
}

extension LogReplica {
    /// How a replica waits, for its owner, which keeps the time.
    package enum Wait: Hashable, Sendable {
        case none
        /// For the others, before the next epoch; that many leases have passed.
        case waiting(leases: Int)
    }

    /// What a replica waits for from its beginning on: another one whenever leases are to be counted anew.
    package struct Beginning: Hashable, Sendable {
        let round: UInt32
        let restarts: UInt32
    }

    /// Nil when it does not wait.
    var waitBeginning: Beginning? {
        if case .waiting(let waiting) = phase { Beginning(round: rounds, restarts: waiting.restarts) } else { nil }
    }

    package var wait: Wait {
        if case .waiting(let waiting) = phase { .waiting(leases: waiting.leases) } else { .none }
    }

    /// Whether ``polled(coding:)`` does something.
    package var canBePolled: Bool {
        switch phase {
        case .idle, .waiting, .following: !isBusy
        default: false
        }
    }

    /// For logs.
    package var phaseName: String {
        switch phase {
        case .offline: "offline"
        case .asking: "asking"
        case .idle: "idle"
        case .catchingUp: "catching-up"
        case .loading: "loading"
        case .waiting: "waiting"
        case .opening: "opening"
        case .following: "following"
        case .ended: "ended"
        }
    }

    /// Whether all that members were told is part of a history.
    package func isWithin(_ lineage: LogLineage) -> Bool {
        lineage.contains(
            previous?.position ?? state.place.position, epochHead: previous?.epochHead ?? state.lineage.epochHead)
    }

    /// Whether it is known what became of all that members were told.
    package var isSettled: Bool { previous == nil }

    /// Whether all that was to be written counts.
    package var hasWrittenAll: Bool { outbox.isEmpty }
}
