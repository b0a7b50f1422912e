/// The time of a replica: when it asks again, when it shows that it lives, and when it gives others up.
///
/// Silence is counted in what this host itself wrote and saw come back, so that a store that stands still makes nobody look dead.
package struct ReplicaPace: Sendable {
    /// How long a host may be silent before the others declare it gone, and how long they wait for it.
    package static let lease = Duration.seconds(3)
    /// How often a host that has nothing to say shows that it lives: three may be late.
    static let beatInterval = lease / 4
    /// How often a host asks for what others have written: half of what a person notices. 20 commands a second are 0.1 % of a Redis.
    package static let pollInterval = Duration.milliseconds(50)
    /// How long a command may take. A Redis that loads or runs a long script takes seconds.
    package static let answerTimeout = Duration.seconds(10)

    /// What time has brought.
    package enum Event: Hashable, Sendable {
        case polled
        case beatDue
        case slept
        case leasePassed
        case leasePassedOf(WriterID)
        /// The command under way is not answered: the connection is of no use.
        case timedOut
    }

    private var now: Duration
    private var polledAt: Duration
    private var beatenAt: Duration
    private var heardAt: Duration
    /// When the lease began that is counted, and of which wait.
    private var lease: (since: Duration, of: LogReplica.Beginning)?
    /// How many beats of this host have come back since something of that writer did.
    private var silence: [WriterID: Int] = [:]

    package init(now: Duration) {
        self.now = now
        polledAt = now
        beatenAt = now
        heardAt = now
    }

    /// The store has answered.
    package mutating func answered(now: Duration) {
        heardAt = max(heardAt, now)
    }

    /// An entry was applied.
    package mutating func applied(_ entry: WrittenEntry, of replica: LogReplica) {
        silence[entry.writer] = 0
        guard entry.writer == replica.writer, entry.content == .beat else { return }
        for writer in replica.state.writers.living where writer != replica.writer { silence[writer, default: 0] += 1 }
        silence = silence.filter { replica.state.writers[$0.key] != nil && !replica.state.writers.isGone($0.key) }
    }

    /// It is `now`; in order what follows.
    package mutating func passed(to now: Duration, replica: LogReplica) -> [Event] {
        var events: [Event] = []
        // Half a lease: the other half is for the others' clocks.
        if now - self.now > Self.lease / 2 || now - heardAt > Self.lease / 2 {
            events.append(.slept)
            if now - self.now > Self.lease / 2 { lease = nil }
        }
        self.now = now
        if replica.isBusy, now - max(heardAt, polledAt) > Self.answerTimeout {
            polledAt = now
            return events + [.timedOut]
        }
        // Of a store that does not answer nobody can learn anything.
        if let beginning = replica.waitBeginning, now - heardAt <= Self.lease / 4 {
            let since = lease.flatMap { $0.of == beginning ? $0.since : nil } ?? now
            lease = (now - since >= Self.lease ? now : since, beginning)
            if now - since >= Self.lease { events.append(.leasePassed) }
        } else {
            lease = nil
        }
        if replica.isFollowing {
            // In a busy room as well: silence is counted in beats.
            if now - beatenAt >= Self.beatInterval {
                beatenAt = now
                events.append(.beatDue)
            }
            for (writer, beats) in silence.sorted(by: { $0.key < $1.key }) where beats >= 4 {
                silence[writer] = 0
                events.append(.leasePassedOf(writer))
            }
        }
        if replica.canBePolled, now - polledAt >= Self.pollInterval {
            polledAt = now
            events.append(.polled)
        }
        return events
    }
}
