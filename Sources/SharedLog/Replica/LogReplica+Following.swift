extension LogReplica {
    enum Taken {
        /// All that the store holds was read.
        case atEnd
        case more
        /// What comes next is not what follows here: it was trimmed, or is of another history.
        case elsewhere
        case tampered
    }

    mutating func follow(_ status: StoreStatus, coding: borrowing some LogCoding & ~Copyable) -> [ReplicaOutput] {
        guard let holding = status.holding else { return reconnect() }
        return turn(
            Following(token: status.token, epochHead: holding.epochHead, sent: 0), coding: coding)
    }

    /// Writes what there is to be written, and reads on.
    mutating func turn(_ following: Following, coding: borrowing some LogCoding & ~Copyable) -> [ReplicaOutput] {
        var following = following
        following.isAsking = true
        var entries: [[UInt8]] = []
        // In this very epoch, so that what the entries have seen is part of it.
        if previous == nil, state.lineage.epochHead == following.epochHead {
            var byteCount = 0
            for item in outbox.after(following.sent) {
                guard byteCount < Self.appendByteLimit else { break }
                let bytes = coding.seal(
                    .written(
                        WrittenEntry(
                            writer: writer, number: item.number, epochHead: following.epochHead, seen: state.place,
                            time: item.time, content: item.content)))
                entries.append(bytes)
                byteCount += bytes.count
                following.sent = item.number
            }
        }
        phase = .following(following)
        return [
            .send(
                .append(
                    token: following.token, epochHead: following.epochHead, entries: entries,
                    after: state.place.position, limit: Self.readLimit))
        ]
    }

    mutating func followed(
        _ following: Following, _ entries: [StoredEntry], last: LogPosition,
        coding: borrowing some LogCoding & ~Copyable
    ) -> [ReplicaOutput] {
        var outputs: [ReplicaOutput] = []
        switch take(entries, last: last, coding: coding, &outputs) {
        case .elsewhere:
            guard omission != .adoptForeignHistory else { return outputs + reconnect() }
            let status = StoreStatus(
                token: following.token, holding: StoreHolding(last: last, epochHead: following.epochHead),
                isBound: true, round: nil, reports: [:])
            return outputs + reload(status)
        case .tampered:
            return outputs + end()
        case .more:
            return outputs + turn(following, coding: coding)
        case .atEnd:
            break
        }
        guard state.lineage.epochHead == following.epochHead else { return outputs + ask() }
        var following = following
        following.isAsking = false
        isUnsure = false
        let wrote = writer
        settle(&outputs)
        if writer != wrote { following.sent = 0 }
        phase = .following(following)
        return outputs + writeOn(coding: coding)
    }

    /// Sends what waits, when nothing is under way.
    mutating func writeOn(coding: borrowing some LogCoding & ~Copyable) -> [ReplicaOutput] {
        guard case .following(var following) = phase, !following.isAsking else { return [] }
        if let command = kept {
            kept = nil
            following.isAsking = true
            phase = .following(following)
            return [.send(command)]
        }
        if previous == nil, state.writers.awaits(writer), outbox.isEmpty { enqueue(.beat, time: state.time) }
        guard let last = outbox.last, last.number > following.sent else { return [] }
        return turn(following, coding: coding)
    }

    /// Reads entries, up to the first that does not follow.
    mutating func take(
        _ entries: [StoredEntry], last: LogPosition, coding: borrowing some LogCoding & ~Copyable,
        _ outputs: inout [ReplicaOutput]
    ) -> Taken {
        for stored in entries {
            let entry = coding.openEntry(stored.bytes)
            guard state.isContinued(by: entry, at: stored.position) else { return .elsewhere }
            // Nobody but the store itself could have put it there.
            guard let entry else { return .tampered }
            if case .written(let written) = entry {
                guard written.seen.position < stored.position,
                    tail.head(at: written.seen.position).map({ $0 == written.seen.head }) ?? true
                else { return .tampered }
            }
            isFreshlyLoaded = false
            let head = coding.head(after: state.place.head, stored.position, stored.bytes)
            let counts = state.apply(entry, at: stored.position, head: head)
            tail.append(LogTail.Entry(place: state.place, bytes: stored.bytes))
            if previous == nil, case .written(let written) = entry, written.writer == writer {
                wrote(upTo: state.writers[writer]?.last ?? 0)
            }
            if let counts {
                outputs.append(.applied(counts, at: stored.position))
            } else if omission == .countOnce, case .written(let written) = entry {
                outputs.append(.applied(written, at: stored.position))
            }
        }
        if state.place.position == last { return .atEnd }
        return entries.isEmpty ? .elsewhere : .more
    }

    /// All that the store holds was read: what was written before is in it now, or never will be.
    mutating func settle(_ outputs: inout [ReplicaOutput]) {
        if let told = previous {
            previous = nil
            if state.lineage.contains(told.position, epochHead: told.epochHead) {
                wrote(upTo: state.writers[writer]?.last ?? 0)
            } else {
                if told.wasConfirmed { outputs.append(.storeLost) }
                return renew()
            }
        }
        if state.writers.isGone(writer), omission != .renewWhenGone { renew() }
    }

    // MARK: What is to be written

    mutating func enqueue(_ content: LogContent, time: UInt64) {
        made += 1
        outbox.append(Outgoing(number: made, time: time, content: content))
    }

    /// What this writer wrote up to a number counts now.
    private mutating func wrote(upTo number: UInt64) {
        for item in outbox.take(upTo: number) {
            if case .input = item.content { written.append(item) }
        }
    }

    /// Begins as another writer, with the inputs that do not count as the earlier one's and never will.
    private mutating func renew() {
        let counted = state.writers.lastInput(of: writer.host)
        let isLost = { (item: Outgoing) in
            if case .input(let index, _) = item.content { index > counted } else { false }
        }
        let inputs = (omission == .rewriteLost ? [] : written.removeAll(where: isLost)) + outbox.filter(isLost)
        let hello = LogContent.hello(instead: writer)
        writer.incarnation &+= 1
        made = 0
        outbox = ReplicaOutbox()
        enqueue(hello, time: state.time)
        for item in inputs { enqueue(item.content, time: item.time) }
    }
}

extension LogContent {
    /// What of it may be long.
    var byteCount: Int {
        if case .input(_, let bytes) = self { bytes.count } else { 0 }
    }
}
