extension LogReplica {
    /// What the store holds, seen from this host.
    private enum Relation {
        /// Nothing.
        case empty
        /// This host's history or a later one; reading on tells.
        case notBehind
        /// An earlier part of this host's history, or an earlier history.
        case behind
        case foreign
    }

    private func relation(to holding: StoreHolding?) -> Relation {
        guard let holding else { return .empty }
        let position = state.place.position
        if holding.last.epoch > position.epoch { return .notBehind }
        if holding.last.epoch < position.epoch { return .behind }
        if holding.epochHead != state.lineage.epochHead { return .foreign }
        return holding.last.number >= position.number ? .notBehind : .behind
    }

    /// What to do in a store that was just asked.
    mutating func decide(_ status: StoreStatus, coding: borrowing some LogCoding & ~Copyable) -> [ReplicaOutput] {
        let relation = relation(to: status.holding)
        if state.isBlank {
            if case .empty = relation { return begin(status, coding: coding) }
            return load(status)
        }
        switch (relation, status.isBound) {
        case (.empty, _):
            return wait(status)
        case (.notBehind, true):
            return follow(status, coding: coding)
        case (.behind, true), (.foreign, true):
            // The others live on it.
            return omission == .adoptForeignHistory ? follow(status, coding: coding) : load(status)
        case (.notBehind, false):
            return catchUp(status)
        case (.behind, false):
            return wait(status)
        case (.foreign, false):
            guard let holding = status.holding else { return wait(status) }
            let isLater =
                (holding.last.number, holding.epochHead) > (state.place.position.number, state.lineage.epochHead)
            return isLater && omission != .adoptForeignHistory ? load(status) : wait(status)
        }
    }

    /// Only who makes the room begins it, once. Whoever has lost its state waits for those who have it.
    private mutating func begin(
        _ status: StoreStatus, coding: borrowing some LogCoding & ~Copyable
    ) -> [ReplicaOutput] {
        guard mayCreate || omission == .blankNeverOpens else {
            phase = .idle
            return []
        }
        mayCreate = false
        return open(status, .creating, coding: coding)
    }

    mutating func load(_ status: StoreStatus) -> [ReplicaOutput] {
        phase = .loading(status)
        return [.send(.load)]
    }

    mutating func loaded(
        _ status: StoreStatus, _ bytes: [UInt8]?, coding: borrowing some LogCoding & ~Copyable
    ) -> [ReplicaOutput] {
        var snapshot: LogSnapshot?
        if let bytes {
            guard let opened = coding.openSnapshot(bytes) else { return end() }
            snapshot = opened
        }
        if previous == nil, !state.isBlank {
            previous = Previous(
                position: state.place.position, epochHead: state.lineage.epochHead, wasConfirmed: isConfirmed)
        }
        state = snapshot?.state ?? LogState()
        tail = LogTail()
        isFreshlyLoaded = true
        // A store that may have lost the end of what it held may have lost who lives.
        if !status.isBound { isUnsure = true }
        return [.adopted(room: snapshot?.room)] + readOn(status, coding: coding)
    }

    /// Reads behind a state that the store itself has given.
    private mutating func readOn(
        _ status: StoreStatus, coding: borrowing some LogCoding & ~Copyable
    ) -> [ReplicaOutput] {
        status.isBound ? follow(status, coding: coding) : catchUp(status)
    }

    private mutating func catchUp(_ status: StoreStatus) -> [ReplicaOutput] {
        phase = .catchingUp(status)
        return [.send(.read(after: state.place.position, limit: Self.readLimit))]
    }

    mutating func caughtUp(
        _ status: StoreStatus, _ entries: [StoredEntry], last: LogPosition, coding: borrowing some LogCoding & ~Copyable
    ) -> [ReplicaOutput] {
        var outputs: [ReplicaOutput] = []
        switch take(entries, last: last, coding: coding, &outputs) {
        case .elsewhere: return outputs + reload(status)
        case .tampered: return outputs + end()
        case .more: return outputs + catchUp(status)
        case .atEnd: break
        }
        guard last == status.holding?.last else { return outputs + ask() }
        settle(&outputs)
        return outputs + wait(status)
    }

    /// What the store holds does not follow what this host has read.
    mutating func reload(_ status: StoreStatus) -> [ReplicaOutput] {
        guard isFreshlyLoaded else { return load(status) }
        // The store itself has just given that. It may have another snapshot by now, or get one.
        isFreshlyLoaded = false
        phase = .idle
        return []
    }

    private mutating func wait(_ status: StoreStatus) -> [ReplicaOutput] {
        rounds &+= 1
        return report(Waiting(status: status))
    }

    mutating func report(_ waiting: Waiting) -> [ReplicaOutput] {
        var waiting = waiting
        waiting.isAsking = true
        waiting.needsSnapshot = false
        phase = .waiting(waiting)
        let naming = OpeningRound(writer: writer, count: rounds)
        return [
            .send(
                .report(
                    token: waiting.status.token, holding: waiting.status.holding,
                    waiting.round.map { .within($0) } ?? .naming(naming), writer: writer,
                    HostReport(place: state.place, count: rounds)))
        ]
    }

    mutating func reported(
        _ waiting: Waiting, _ status: StoreStatus, coding: borrowing some LogCoding & ~Copyable
    ) -> [ReplicaOutput] {
        guard status.token == waiting.status.token, status.holding == waiting.status.holding, !status.isBound else {
            return decide(status, coding: coding)
        }
        var waiting = waiting
        // Whoever has come further lives, and tries: it is waited for anew.
        if status.reports.contains(where: { $1.place > state.place && waiting.status.reports[$0] != $1 }) {
            waiting.countAnew()
        }
        waiting.status = status
        if waiting.round != status.round {
            // Meanwhile an epoch was opened, perhaps, and all was lost again: the others have yet to report.
            if omission != .noticeOtherRound { waiting.countAnew() }
            waiting.round = status.round
            rounds &+= 1
            return report(waiting)
        }
        waiting.isAsking = false
        phase = .waiting(waiting)
        guard status.reports[writer]?.place == state.place, mayOpen(waiting) else { return [] }
        guard let base = base(for: status.holding) else {
            waiting.needsSnapshot = true
            phase = .waiting(waiting)
            return [.snapshotNeeded]
        }
        return open(status, base, coding: coding)
    }

    /// All who live have said how far they have come, and nobody has come further; a lease stands for those who do not say, and one more
    /// for each who has come further and does nothing: so the furthest of those who live is first, whoever has died meanwhile.
    private func mayOpen(_ waiting: Waiting) -> Bool {
        let reports = waiting.status.reports
        let others = state.writers.living.filter { $0 != writer }
        if waiting.leases < 1, omission != .awaitLivingHosts {
            guard others.allSatisfy({ reports[$0] != nil }), !isUnsure else { return false }
        }
        let further = reports.values.count { $0.place > state.place }
        if omission == .awaitFurthestHost || omission == .awaitEachFurtherHost && waiting.leases > 1 { return true }
        return further <= max(0, waiting.leases - 1)
    }

    /// What is to be given back to the store; nil if that is more than this host has kept.
    private func base(for holding: StoreHolding?) -> EpochRequest.Base? {
        guard let holding, state.lineage.contains(holding.last, epochHead: holding.epochHead) else { return nil }
        if holding.last == state.place.position || omission == .restoreTail { return .restoring([]) }
        return tail.entries(after: holding.last).map { entries in
            .restoring(entries.map { StoredEntry(position: $0.place.position, bytes: $0.bytes) })
        }
    }

    mutating func open(
        _ status: StoreStatus, _ base: EpochRequest.Base, coding: borrowing some LogCoding & ~Copyable
    ) -> [ReplicaOutput] {
        let epoch = state.place.position.epoch.addingReportingOverflow(1)
        guard !epoch.overflow else { return end() }
        let position = LogPosition(epoch: epoch.partialValue, number: 0)
        let bytes = coding.seal(
            .opened(EpochOpening(before: state.place, token: status.token, opener: writer, round: rounds)))
        phase = .opening
        return [
            .send(
                .open(
                    EpochRequest(
                        token: status.token, holding: status.holding, round: status.round, base: base,
                        opening: StoredEntry(position: position, bytes: bytes),
                        epochHead: coding.head(after: state.place.head, position, bytes))))
        ]
    }
}
