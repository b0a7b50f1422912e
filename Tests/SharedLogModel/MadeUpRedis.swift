package import SharedLog

/// What Redis does with our scripts, as a value.
package struct MadeUpRedis: Hashable, Sendable {
    /// What a defective store leaves out, to see that tests find what that prevents.
    package enum Omission: CaseIterable, Hashable, Sendable {
        /// An epoch is opened for what was reported before the store lost all once more.
        case comparesRounds
        /// Appends are taken whatever epoch they are for.
        case fencesAppends
        /// An epoch is opened whatever the store holds.
        case comparesOpenings
        /// Reports stay when an epoch is opened.
        case forgetsReports
        /// Reports of an earlier life count.
        case reportsInLife
        /// An older snapshot takes the place of a newer one.
        case keepsNewerSnapshot
    }

    package struct Bound: Hashable, Sendable {
        package var token: StoreToken
        package var epochHead: LogHead
    }

    package var omission: Omission?
    package var token: StoreToken
    package private(set) var log: [StoredEntry] = []
    package private(set) var last: LogPosition?
    package private(set) var bound: Bound?
    package private(set) var snapshot: StoredEntry?
    private var allReports: [WriterID: HostReport] = [:]
    /// The life that the reports are of, and the round.
    private var reportsToken: StoreToken?
    private var ownRound: OpeningRound?

    package init(token: Int, omission: Omission? = nil) {
        self.token = StoreToken("\(token)")
        self.omission = omission
    }

    /// Whether an epoch was opened in this life.
    package var isBound: Bool { holding != nil && bound?.token == token }

    package var holding: StoreHolding? {
        guard let last, let bound else { return nil }
        return StoreHolding(last: last, epochHead: bound.epochHead)
    }

    package var round: OpeningRound? { reportsToken == token || omission == .reportsInLife ? ownRound : nil }

    package var reports: [WriterID: HostReport] {
        reportsToken == token || omission == .reportsInLife ? allReports : [:]
    }

    /// Forgets all, as FLUSHALL does.
    package mutating func flush() {
        self = MadeUpRedis(token: 0, omission: omission).inLife(token)
    }

    /// Forgets the log alone, as a Redis may that is full and evicts.
    package mutating func evict() {
        log = []
        last = nil
    }

    /// The same in another life.
    package func inLife(_ token: StoreToken) -> MadeUpRedis {
        var store = self
        store.token = token
        return store
    }

    package mutating func execute(_ command: StoreCommand) -> StoreReply {
        switch command {
        case .status:
            return status
        case .report(let token, let holding, let request, let writer, let hostReport):
            if token == self.token, holding == self.holding, !isBound { report(request, writer, hostReport) }
            return status
        case .read(let after, let limit):
            return read(after, limit)
        case .append(let token, let epochHead, let entries, let after, let limit):
            guard isCurrent(token, epochHead), var next = last else { return .refused }
            for bytes in entries {
                next.number += 1
                log.append(StoredEntry(position: next, bytes: bytes))
            }
            last = next
            return read(after, limit)
        case .load:
            return .snapshot(snapshot?.bytes)
        case .open(let request):
            return open(request)
        case .keep(let token, let epochHead, let position, let bytes, let trimming):
            guard isCurrent(token, epochHead) else { return .refused }
            guard omission == .keepsNewerSnapshot || snapshot.map({ $0.position < position }) ?? true else {
                return .done
            }
            snapshot = StoredEntry(position: position, bytes: bytes)
            if let trimming { log.removeAll { $0.position <= trimming } }
            return .done
        }
    }

    private var status: StoreReply {
        .status(StoreStatus(token: token, holding: holding, isBound: isBound, round: round, reports: reports))
    }

    private mutating func report(_ request: RoundRequest, _ writer: WriterID, _ report: HostReport) {
        allReports = reports
        ownRound = round
        reportsToken = token
        switch request {
        case .naming(let name):
            if ownRound == nil { ownRound = name }
            if omission == .comparesRounds { allReports[writer] = report }
        case .within(let name):
            if ownRound == name || omission == .comparesRounds { allReports[writer] = report }
        }
    }

    private func isCurrent(_ token: StoreToken, _ epochHead: LogHead) -> Bool {
        if omission == .fencesAppends { return holding != nil }
        return token == self.token && isBound && bound?.epochHead == epochHead
    }

    private func read(_ after: LogPosition, _ limit: Int) -> StoreReply {
        guard let last else { return .refused }
        // Mostly the end is asked for.
        var start = log.count
        while start > 0, log[start - 1].position > after { start -= 1 }
        return .entries(Array(log[start...].prefix(limit)), last: last)
    }

    private mutating func open(_ request: EpochRequest) -> StoreReply {
        guard request.token == token else { return .refused }
        if omission != .comparesOpenings {
            guard request.holding == holding, !isBound else { return .refused }
            guard request.round == round || omission == .comparesRounds else { return .refused }
        }
        switch request.base {
        case .creating:
            log = []
            snapshot = nil
        case .restoring(let entries):
            guard let first = (entries + [request.opening]).first, last.map({ $0 < first.position }) ?? true else {
                return .failed
            }
            log += entries
        case .replacing(let bytes, let position):
            log = []
            snapshot = StoredEntry(position: position, bytes: bytes)
        }
        log.append(request.opening)
        last = request.opening.position
        bound = Bound(token: token, epochHead: request.epochHead)
        if omission != .forgetsReports {
            allReports = [:]
            ownRound = nil
        }
        return .done
    }
}
