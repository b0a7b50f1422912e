package import SharedLog

/// Hosts that share a log through a made-up Redis, all that can happen to them, and what must never be.
package struct World: Hashable, Sendable {
    /// One input, where it stands.
    package struct Told: Hashable, Sendable {
        package let position: LogPosition
        package let input: UInt64
    }

    /// A command that is under way to the store.
    struct Flight: Hashable, Sendable {
        let command: StoreCommand
        let isToOld: Bool
        var ticket: Ticket?
    }

    /// What was true when an epoch was asked for.
    struct Ticket: Hashable, Sendable {
        let lineage: LogLineage
        /// The opener itself had fallen off, on a history of its own that now turns out to be the longer one.
        let isStray: Bool
        /// The hosts that nothing has happened to.
        let fit: Set<Int>
    }

    enum Line: Hashable, Sendable {
        case quiet
        case command(Flight)
        case reply(StoreReply)
    }

    /// Why others need not have waited for a host.
    enum Excuse: Hashable, Sendable {
        case none
        /// It slept, and has not said since how far it has come.
        case slept
        /// It was on another store, or an epoch was opened while it had an excuse: it has not caught up since.
        case left
    }

    package struct Host: Hashable, Sendable {
        package var replica: LogReplica
        /// What the room is to this host.
        package var room: [Told] = []
        /// What its members were told before the room was replaced.
        var roomBefore: [Told]?
        var line = Line.quiet
        /// Those that nothing had happened to when it was last told of the reports.
        var fit: Set<Int> = []
        /// Those that it has stopped waiting for.
        var givenUp: Set<Int> = []
        var isOnOld = false
        var isHung = false
        var excuse = Excuse.none
        var isExcused: Bool { excuse != .none }
        /// Whether what its members are told is what the room's history will be.
        var isToBeTrusted: Bool { !isExcused && roomBefore == nil && replica.isConfirmed }
        /// The inputs that it was given.
        var said: [UInt64] = []
    }

    /// How often each may still happen.
    package struct Budget: Hashable, Sendable {
        package var inputs = 0
        package var drops = 0
        /// Commands that are carried out when their connection is long gone.
        package var late = 0
        package var crashes = 0
        package var hangs = 0
        /// Restarts of the store, each with all it had, an earlier state, or nothing.
        package var restarts = 0
        package var flushes = 0
        /// A replica is promoted, and the old master goes on for a while.
        package var splits = 0
        package var snapshots = 0

        package init(
            inputs: Int = 0, drops: Int = 0, late: Int = 0, crashes: Int = 0, hangs: Int = 0, restarts: Int = 0,
            flushes: Int = 0, splits: Int = 0, snapshots: Int = 0
        ) {
            self.inputs = inputs
            self.drops = drops
            self.late = late
            self.crashes = crashes
            self.hangs = hangs
            self.restarts = restarts
            self.flushes = flushes
            self.splits = splits
            self.snapshots = snapshots
        }
    }

    /// How many of its earlier states a store can fall back to.
    static let depth = 4

    package internal(set) var hosts: [Host]
    package internal(set) var redis: MadeUpRedis
    /// The old master, while it lives.
    var old: MadeUpRedis?
    var versions: [MadeUpRedis] = []
    var late: [Flight] = []
    package var budget = Budget()
    var nextHost: UInt64
    var nextToken = 2
    var nextInput: UInt64 = 1
    /// Whether the store has ever forgotten something.
    var hasForgotten = false
    /// What members were told while the store had forgotten nothing.
    var accepted: Set<UInt64> = []
    /// What must not be.
    package internal(set) var violation: String?
    let omission: ReplicaOmission?

    /// Hosts that have come together, on a store that is as it should be.
    package init(hosts count: Int, omission: ReplicaOmission? = nil, of store: MadeUpRedis.Omission? = nil) {
        self.omission = omission
        nextHost = UInt64(count) + 1
        redis = MadeUpRedis(token: 1, omission: store)
        hosts = (1...count).map { number in
            Host(replica: LogReplica(host: UInt64(number), creating: number == 1, omission: omission))
        }
        for index in hosts.indices { connect(index) }
        calmDown()
        versions = []
    }

    // MARK: Steps

    /// The inputs of a host lead to what it wants done.
    mutating func host(
        _ index: Int, _ body: (inout LogReplica, TableCoding) -> [ReplicaOutput]
    ) {
        let wasConfirmed = hosts[index].replica.isConfirmed
        let outputs = body(&hosts[index].replica, TableCoding())
        var isTold: [UInt64] = []
        for output in outputs { carryOut(output, index, wasConfirmed, &isTold) }
        let replica = hosts[index].replica
        if replica.isConfirmed, !hasForgotten { accepted.formUnion(isTold) }
        if let before = hosts[index].roomBefore, replica.isSettled {
            hosts[index].roomBefore = nil
            if !hosts[index].room.starts(with: before) { fail("host \(index + 1) was told another order before") }
        }
    }

    private mutating func carryOut(
        _ output: ReplicaOutput, _ index: Int, _ wasConfirmed: Bool, _ isTold: inout [UInt64]
    ) {
        switch output {
        case .send(let command):
            var flight = Flight(command: command, isToOld: hosts[index].isOnOld, ticket: nil)
            if case .open = command { flight.ticket = ticket(index) }
            hosts[index].line = .command(flight)
        case .reconnect:
            hosts[index].replica.disconnected()
            connect(index)
        case .adopted(let room):
            if wasConfirmed, hosts[index].roomBefore == nil {
                hosts[index].roomBefore = hosts[index].room
            }
            hosts[index].room = room.map(Self.room(reading:)) ?? []
        case .applied(let entry, let position):
            guard case .input(_, let bytes) = entry.content else { return }
            let input = bytes.reduce(0) { $0 << 8 | UInt64($1) }
            if hosts[index].room.contains(where: { $0.input == input }) { fail("input \(input) was repeated") }
            hosts[index].room.append(Told(position: position, input: input))
            isTold.append(input)
        case .storeLost:
            hosts[index].roomBefore = nil
            if !hosts[index].isExcused { fail("host \(index + 1) lost what it need not have lost") }
        case .snapshotNeeded:
            let room = Self.bytes(of: hosts[index].room)
            host(index) { $0.snapshotTaken(room, trimming: nil, coding: $1) }
        case .tampered:
            fail("host \(index + 1) distrusts an honest store")
        }
    }

    mutating func connect(_ index: Int) {
        hosts[index].isOnOld = false
        hosts[index].line = .quiet
        host(index) { replica, _ in replica.connected() }
    }

    private func ticket(_ opener: Int) -> Ticket {
        Ticket(
            lineage: hosts[opener].replica.state.lineage, isStray: hosts[opener].excuse == .left,
            fit: hosts[opener].fit.subtracting(hosts[opener].givenUp))
    }

    /// The hosts that nothing has happened to.
    var fit: Set<Int> { Set(hosts.indices.filter { !hosts[$0].isExcused && hosts[$0].replica.isConfirmed }) }

    /// The store carries out a command.
    mutating func carryOut(_ flight: Flight) -> StoreReply? {
        if flight.isToOld { return old?.execute(flight.command) }
        let before = redis
        let reply = redis.execute(flight.command)
        if redis != before {
            versions.append(before)
            if versions.count > Self.depth { versions.removeFirst() }
        }
        if case .open(let request) = flight.command, reply == .done, let ticket = flight.ticket {
            opened(request, ticket)
        }
        return reply
    }

    private mutating func opened(_ request: EpochRequest, _ ticket: Ticket) {
        for index in hosts.indices where !hosts[index].replica.isWithin(ticket.lineage) {
            if !ticket.isStray, !hosts[index].isExcused, ticket.fit.contains(index), hosts[index].replica.isConfirmed {
                fail("an epoch was opened without what host \(index + 1) holds")
            }
            hosts[index].excuse = .left
        }
    }

    /// Who has caught up is excused no longer.
    mutating func lookAround() {
        for index in hosts.indices where hosts[index].isExcused && !hosts[index].isHung && !hosts[index].isOnOld {
            if isInStep(index) { hosts[index].excuse = .none }
        }
        for index in hosts.indices.dropFirst() {
            for other in hosts[..<index] where other.isToBeTrusted && hosts[index].isToBeTrusted {
                let host = hosts[index]
                if !host.room.starts(with: other.room), !other.room.starts(with: host.room) {
                    fail("two hosts have two orders")
                }
            }
        }
    }

    /// Whether the host follows what the store holds now.
    func isInStep(_ index: Int) -> Bool {
        let replica = hosts[index].replica
        return replica.isFollowing && redis.isBound && !hosts[index].isOnOld
            && replica.state.lineage.epochHead == redis.bound?.epochHead
    }

    mutating func fail(_ what: String) {
        if violation == nil { violation = what }
    }

    // MARK: The room

    static func bytes(of room: [Told]) -> [UInt8] {
        room.flatMap { told in
            [told.position.epoch, told.position.number, told.input].flatMap { value in
                [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
            }
        }
    }

    static func room(reading bytes: [UInt8]) -> [Told] {
        stride(from: 0, to: bytes.count, by: 6).map { start in
            let values = stride(from: start, to: start + 6, by: 2).map {
                UInt64(bytes[$0]) << 8 | UInt64(bytes[$0 + 1])
            }
            return Told(position: LogPosition(epoch: values[0], number: values[1]), input: values[2])
        }
    }
}
