internal import Chat

/// How far the files of `send` have come, by what the room tells: whoever has accepted one gets all of it.
struct FileErrand: Errand {
    private enum Phase {
        case joining
        case sending
        case done
    }

    private let paths: [String]
    private let receiver: String?
    private let wantedReceivers: Int
    private var phase = Phase.joining
    private var offered: [FileNews.File] = []
    /// Who has which file, by its number.
    private var done: [MemberID: Set<Int>] = [:]
    /// Who has begun to fetch something and does not have it yet.
    private var fetching: [MemberID: Set<Int>] = [:]
    /// Who is away, and how often somebody had gone away by then.
    private var away: [MemberID: Int] = [:]
    private var awayCount = 0
    /// Who was away for too long to be waited for.
    private var givenUp: Set<MemberID> = []

    /// A connection that broke is back long before; a process that was killed never is.
    static let patience = Duration.seconds(20)

    init(paths: [String], to receiver: String?, receivers: Int) {
        self.paths = paths
        self.receiver = receiver
        wantedReceivers = receivers
    }

    mutating func heard(_ event: ChatEvent) -> [ErrandStep] {
        switch (phase, event) {
        case (.joining, .joinedRoom):
            phase = .sending
            return paths.map { .file(.send(path: $0, to: receiver)) }
        case (.sending, .file(.offered(let file))) where file.isOwn:
            offered.append(file)
            return []
        case (.sending, .file(.progress(let file, let progress))):
            if let member = progress.member { fetching[member, default: []].insert(file.number) }
            return []
        case (.sending, .file(.done(let file, _, let member?))):
            fetching[member]?.remove(file.number)
            done[member, default: []].insert(file.number)
            return finishIfDone()
        case (.sending, .file(.failed(_, let notice, _, nil))):
            return [.fail(notice)]
        case (.sending, .file(.failed(let file, let notice, _, let member?))):
            fetching[member]?.remove(file.number)
            return receiver != nil || notice.code == .fileTooLarge || notice.code == .filesOff
                ? [.fail(notice)] : finishIfDone()
        case (.sending, .memberLeft(let member, let nick, _, _)):
            fetching[member] = nil
            away[member] = nil
            // Nobody else can take what was for that one.
            if offered.contains(where: { $0.to == member }), done[member]?.count != paths.count {
                return [.fail(Self.receiverLeft(nick))]
            }
            return finishIfDone()
        case (.sending, .memberAway(let member, _, _)):
            awayCount += 1
            away[member] = awayCount
            return [.wait(Self.patience, awayCount)]
        case (.sending, .memberBack(let member, _, _)):
            away[member] = nil
            givenUp.remove(member)
            return []
        // Whoever comes later knows nothing of what was offered to all.
        case (.sending, .memberJoined(let member, _, _)) where receiver == nil:
            return offered.map { .file(.sendAgain($0.number, to: member)) }
        case (.sending, .error(let notice)):
            return [.fail(notice)]
        default:
            return []
        }
    }

    mutating func waited(_ number: Int) -> [ErrandStep] {
        for (member, count) in away where count <= number { givenUp.insert(member) }
        return phase == .sending ? finishIfDone() : []
    }

    private mutating func finishIfDone() -> [ErrandStep] {
        let whole = done.values.count { $0.count == paths.count }
        let isWaitedFor = fetching.contains { !$0.value.isEmpty && !givenUp.contains($0.key) }
        guard whole >= wantedReceivers, !isWaitedFor else { return [] }
        phase = .done
        return [.leave]
    }

    private static func receiverLeft(_ nick: String) -> ChatEvent.Notice {
        .init(
            .nobodyHere, "the files were not delivered: \(nick) has left the room",
            hint: "send them again when it is there; what it has of them is kept")
    }

    func failure(_ reason: ChatEvent.CloseReason) -> ChatEvent.Notice? {
        switch phase {
        case .done: nil
        case .joining, .sending:
            reason == .ttl
                ? .init(.roomExpired, "the files were not delivered: the room's time is over")
                : .init(.connectionLost, "the files were not delivered: the stay in the room ended before")
        }
    }

    func shows(_ event: ChatEvent, isJSON: Bool) -> Bool {
        switch event {
        case .file(.offered(let file)): file.isOwn
        case .file, .warning, .connection: true
        case .error: false
        default: isJSON
        }
    }
}
