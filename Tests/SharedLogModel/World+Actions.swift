package import SharedLog

extension World {
    /// Something that can happen.
    package enum Action: Hashable, Sendable {
        case executes(Int)
        case delivers(Int)
        case polls(Int)
        case says(Int)
        case drops(Int, isLate: Bool)
        case crashes(Int, isLate: Bool)
        case hangs(Int)
        case wakes(Int)
        case keepsSnapshot(Int)
        case suspects(Int, WriterID)
        case lease(Int)
        case lateCommand(Int)
        /// With what it had before the last changes: 0 for all of it; nil for nothing.
        case restarts(back: Int?)
        case flushes
        /// The log alone is lost.
        case evicts
        case splits(back: Int)
        case oldEnds
    }

    /// All that can happen now.
    package var actions: [Action] {
        var all: [Action] = []
        for index in hosts.indices { addHostActions(index, &all) }
        for index in late.indices { all.append(.lateCommand(index)) }
        if budget.restarts > 0 {
            for back in 0...versions.count { all.append(.restarts(back: back)) }
            if redis.holding != nil { all.append(.restarts(back: nil)) }
        }
        if budget.flushes > 0, redis.holding != nil { all += [.flushes, .evicts] }
        if old != nil {
            all.append(.oldEnds)
        } else if budget.splits > 0 {
            for back in 0...versions.count { all.append(.splits(back: back)) }
        }
        return all
    }

    private func addHostActions(_ index: Int, _ all: inout [Action]) {
        let host = hosts[index]
        if case .command = host.line { all.append(.executes(index)) }
        if budget.drops > 0, host.line != .quiet {
            all.append(.drops(index, isLate: false))
            if budget.late > 0, case .command = host.line { all.append(.drops(index, isLate: true)) }
        }
        if budget.crashes > 0 {
            all.append(.crashes(index, isLate: false))
            if budget.late > 0, case .command = host.line { all.append(.crashes(index, isLate: true)) }
        }
        guard !host.isHung else { return all.append(.wakes(index)) }
        if case .reply = host.line { all.append(.delivers(index)) }
        if host.line == .quiet, host.replica.canBePolled { all.append(.polls(index)) }
        if budget.inputs > 0 { all.append(.says(index)) }
        if budget.hangs > 0 { all.append(.hangs(index)) }
        if budget.snapshots > 0, host.replica.isFollowing, host.line == .quiet { all.append(.keepsSnapshot(index)) }
        if host.replica.isFollowing, host.line == .quiet {
            for writer in host.replica.state.writers.living where isSilent(writer, to: index) {
                all.append(.suspects(index, writer))
            }
        }
        if mayLease(index) { all.append(.lease(index)) }
    }

    /// A lease is longer than what a host takes that nothing happens to.
    private func isSilent(_ writer: WriterID, to index: Int) -> Bool {
        guard writer != hosts[index].replica.writer else { return false }
        return !hosts.contains { $0.replica.writer == writer && !$0.isHung && $0.isOnOld == hosts[index].isOnOld }
    }

    private func mayLease(_ index: Int) -> Bool {
        let host = hosts[index]
        guard case .waiting(let leases) = host.replica.wait, host.line == .quiet, leases <= redis.reports.count,
            !host.isOnOld
        else { return false }
        for (other, index_) in zip(hosts, hosts.indices) where index_ != index && !other.isHung && !other.isOnOld {
            let replica = other.replica
            if replica.state.isBlank { continue }
            guard let report = redis.reports[replica.writer]?.place else { return false }
            // Leases pass at all alike, and are longer than what follows from one.
            if leases > 0, report > host.replica.state.place {
                guard case .waiting(let theirs) = replica.wait, other.line == .quiet, theirs >= leases else {
                    return false
                }
            }
        }
        return true
    }

    package mutating func perform(_ action: Action) {
        switch action {
        case .executes(let index):
            guard case .command(let flight) = hosts[index].line else { return }
            if case .report = flight.command { hosts[index].fit = fit }
            guard let reply = carryOut(flight) else { return drop(index) }
            hosts[index].line = .reply(reply)
            if case .report(_, _, .within, let writer, let report) = flight.command, redis.reports[writer] == report,
                !hosts[index].isHung, hosts[index].excuse == .slept
            {
                hosts[index].excuse = isStray(index) ? .left : .none
            }
        case .delivers(let index):
            guard case .reply(let reply) = hosts[index].line else { return }
            hosts[index].line = .quiet
            host(index) { $0.received(reply, coding: $1) }
        case .polls(let index):
            host(index) { $0.polled(coding: $1) }
        case .says(let index):
            budget.inputs -= 1
            let input = nextInput
            nextInput += 1
            hosts[index].said.append(input)
            let bytes = [UInt8(truncatingIfNeeded: input >> 8), UInt8(truncatingIfNeeded: input)]
            host(index) { (try? $0.append(bytes, time: 0, coding: $1)) ?? [] }
        case .drops(let index, let isLate):
            budget.drops -= 1
            keepLate(index, isLate)
            drop(index)
        case .crashes(let index, let isLate):
            budget.crashes -= 1
            keepLate(index, isLate)
            hosts[index] = Host(replica: LogReplica(host: nextHost, creating: false, omission: omission))
            nextHost += 1
            connect(index)
        case .hangs(let index):
            budget.hangs -= 1
            hosts[index].isHung = true
            if !hosts[index].isExcused { hosts[index].excuse = .slept }
        case .wakes(let index):
            hosts[index].isHung = false
            hosts[index].replica.slept()
        case .keepsSnapshot(let index):
            budget.snapshots -= 1
            let room = Self.bytes(of: hosts[index].room)
            let position = hosts[index].replica.state.place.position
            host(index) { $0.snapshotTaken(room, trimming: position, coding: $1) }
        case .suspects(let index, let writer):
            host(index) { $0.leasePassed(of: writer, time: 0, coding: $1) }
        case .lease(let index):
            if hosts[index].replica.wait == .waiting(leases: 0) { hosts[index].givenUp = [] }
            hosts[index].givenUp.formUnion(hosts.indices.filter { hosts[$0].isExcused })
            host(index) { $0.leasePassed(coding: $1) }
        case .lateCommand(let index):
            _ = carryOut(late.remove(at: index))
        case .restarts, .flushes, .evicts, .splits, .oldEnds:
            performOnStore(action)
        }
        lookAround()
    }

    /// Whether the host has read, as it woke, what the others have never seen and have replaced meanwhile.
    private func isStray(_ index: Int) -> Bool {
        let replica = hosts[index].replica
        return hosts.contains { other in
            !other.isExcused && !other.replica.isWithin(replica.state.lineage)
                && !replica.isWithin(other.replica.state.lineage)
        }
    }

    private mutating func performOnStore(_ action: Action) {
        switch action {
        case .restarts(let back):
            budget.restarts -= 1
            fallBack(back)
            endOld()
            late.removeAll { !$0.isToOld }
            for index in hosts.indices { drop(index) }
        case .flushes:
            budget.flushes -= 1
            redis.flush()
            versions = []
            hasForgotten = true
        case .evicts:
            budget.flushes -= 1
            redis.evict()
            versions = []
            hasForgotten = true
        case .splits(let back):
            budget.splits -= 1
            old = redis
            hasForgotten = true
            fallBack(back)
            late = late.map { Flight(command: $0.command, isToOld: true, ticket: nil) }
            for index in hosts.indices {
                hosts[index].excuse = .left
                hosts[index].isOnOld = true
                if case .command(let flight) = hosts[index].line {
                    hosts[index].line = .command(Flight(command: flight.command, isToOld: true, ticket: nil))
                }
            }
        default:
            endOld()
        }
    }

    private mutating func fallBack(_ back: Int?) {
        let token = StoreToken("\(nextToken)")
        nextToken += 1
        guard let back else {
            redis = MadeUpRedis(token: 0, omission: redis.omission).inLife(token)
            versions = []
            hasForgotten = true
            return
        }
        if back > 0 {
            redis = versions[versions.count - back]
            versions.removeLast(back)
            hasForgotten = true
        }
        redis = redis.inLife(token)
        versions = versions.map { $0.inLife(token) }
    }

    mutating func endOld() {
        guard old != nil else { return }
        old = nil
        hasForgotten = true
        late.removeAll { $0.isToOld }
        for index in hosts.indices where hosts[index].isOnOld { drop(index) }
    }

    private mutating func keepLate(_ index: Int, _ isLate: Bool) {
        guard isLate, case .command(let flight) = hosts[index].line else { return }
        budget.late -= 1
        late.append(flight)
    }

    private mutating func drop(_ index: Int) {
        hosts[index].replica.disconnected()
        connect(index)
    }
}
