internal import Chat
internal import EventLoop
internal import Room
internal import RoomStore
internal import SecureGroup
internal import Sodium

/// What there is on the disk of a room that is kept: its store is opened before the room is, and closed or removed after it.
final class RoomKeeping {
    private enum Phase {
        /// Nothing, or nothing yet.
        case nothing
        /// Its store, and the room as it was, which goes on once it can be reached; nil for a new one.
        case open(RoomStore, LoopMailbox<StoreReport>, KeptState?)
        /// The room is about to end: nobody is told before that is on the disk.
        case ending(RoomStore)
        /// The room is over: what there is goes with it.
        case over(RoomStore?)
    }

    private let loop: EventLoop
    /// The keys of the room; nil for a room that is not kept.
    private let kept: KeptRoom?
    private let guards: HostGuards
    private let wallClock: () -> Int64
    private let warn: (ChatEvent.Notice) -> Void
    private let onFailed: (ChatEvent.Notice) -> Void
    private var phase = Phase.nothing
    private weak var authority: SoleAuthority?
    private var isLetGo = false

    /// - Parameters:
    ///   - warn: tells the person.
    ///   - onFailed: the room cannot go on.
    init(
        _ kept: KeptRoom?, _ guards: HostGuards, loop: EventLoop, wallClock: @escaping () -> Int64,
        warn: @escaping (ChatEvent.Notice) -> Void, onFailed: @escaping (ChatEvent.Notice) -> Void
    ) {
        self.kept = kept
        self.guards = guards
        self.loop = loop
        self.wallClock = wallClock
        self.warn = warn
        self.onFailed = onFailed
    }

    /// Whether the room goes on when the host does.
    var isOpen: Bool { if case .open = phase { true } else { false } }
    /// Whether nobody may be told yet that the room ends.
    var isEnding: Bool { if case .ending = phase { true } else { false } }
    /// The room as it was, until it goes on.
    var before: KeptState? { if case .open(_, _, let before) = phase { before } else { nil } }

    // MARK: Opening

    /// Opens the store, and takes up what was kept; `then` is called at once for a room that has none.
    func open(limits: RoomLimits, then: @escaping (Result<KeptState?, ChatEvent.Notice>) -> Void) {
        guard let kept, kept.place != nil else { return then(.success(nil)) }
        guard
            let mailbox = LoopMailbox<StoreReport>(loop: loop, receive: { [weak self] in self?.reported($0) })
        else { return then(.failure(.outOfDescriptors)) }
        loop.offload { [sender = mailbox.sender] () -> Result<KeptRoom.Opened, ChatEvent.Notice> in
            do throws(ChatEvent.Notice) {
                return .success(try kept.open { sender.send($0) })
            } catch {
                return .failure(error)
            }
        } then: { [weak self] result in
            guard let self, !self.isLetGo else { return }
            do throws(ChatEvent.Notice) {
                let opened = try result.get()
                self.phase = .open(opened.store, mailbox, nil)
                let before = try self.recovered(opened, kept, limits)
                self.phase = .open(opened.store, mailbox, before)
                then(.success(before))
            } catch {
                then(.failure(error))
            }
        }
    }

    private func recovered(
        _ opened: KeptRoom.Opened, _ kept: KeptRoom, _ limits: RoomLimits
    ) throws(ChatEvent.Notice) -> KeptState? {
        guard let recovered = opened.recovered else { return nil }
        guard let snapshot = recovered.snapshot else {
            guard recovered.inputs.isEmpty else { throw StoreError.damaged(.snapshot).notice }
            return nil
        }
        let state: KeptState
        do throws(SnapshotError) {
            state = try KeptState(
                recovered, snapshot: snapshot, limits: limits, book: PublicRoomGroup.self, key: kept.inviteKey,
                now: loop.time, wallClock: wallClock())
        } catch {
            throw error.notice
        }
        guard state.room.closesAt.map({ $0 > loop.time }) != false else {
            phase = .over(opened.store)
            throw .keptRoomExpired
        }
        let missing = state.guards.subtracting(guards)
        if !missing.isEmpty { warn(.keptRoomLessGuarded(missing)) }
        return state
    }

    private func reported(_ reports: [StoreReport]) {
        guard !isLetGo else { return }
        if let authority { return authority.storeReported(reports) }
        // Before the room can be reached. What it says then is written, and a full disk tried again, when there is a room.
        for report in reports where !isLetGo {
            switch report {
            case .stalled: warn(.storeStalled)
            case .resumed: warn(.storeResumed)
            case .failed(let error): onFailed(.storeFailed(error))
            case .durable, .checkpointed: break
            }
        }
    }

    /// From now on the room of `node` is kept: the one of before, or a new one.
    func begin(_ node: HostNode) {
        guard let kept, case .open(let store, let mailbox, let before) = phase else { return }
        phase = .open(store, mailbox, nil)
        if let before { node.resume(before.room, invites: before.invites) }
        let (end, first) = (before?.room.log.end ?? 0, before?.firstUnchecked ?? 0)
        let journal = RoomJournal(store, next: end, checkpointed: first) {
            [wallClock, guards, unowned node] in
            KeptState.snapshot(
                node.room, node.door.invites, guards, key: kept.inviteKey, now: node.loop.time, wallClock: wallClock())
        }
        let authority = SoleAuthority(node, journal: journal)
        self.authority = authority
        node.authority = authority
    }

    // MARK: Closing

    /// The room ends. `then` is called when that is on the disk, so that no crash brings a room back whose end somebody knows of.
    func end(then: @escaping () -> Void) {
        guard case .open(let store, _, _) = phase else { return }
        phase = .ending(store)
        loop.offload(within: UserDirectories.diskPatience) {
            // What cannot be written is told of when all is deleted.
            try? store.end()
        } then: { [weak self] _ in
            guard let self, case .ending = self.phase else { return }
            self.phase = .over(store)
            then()
        }
    }

    /// The room is over, whether that is on the disk or not.
    func giveUp() {
        switch phase {
        case .open(let store, _, _), .ending(let store): phase = .over(store)
        case .nothing, .over: break
        }
    }

    /// What waits is written; of a room that is over nothing stays. The store is closed before secrets are wiped: its thread
    /// seals with a key of its own.
    ///
    /// - Parameters:
    ///   - all: what there may be of a room that was not opened goes too.
    ///   - then: is told what went wrong.
    func letGo(all: Bool, then: @escaping (ChatEvent.Notice?) -> Void) {
        isLetGo = true
        if all, case .nothing = phase, kept != nil { phase = .over(nil) }
        if case .open(_, let mailbox, _) = phase { mailbox.close() }
        let patience = UserDirectories.diskPatience
        let work: @Sendable () -> ChatEvent.Notice?
        switch phase {
        case .nothing: return then(nil)
        case .open(let store, _, _):
            work = {
                do throws(StoreError) {
                    try store.close(within: patience)
                    return nil
                } catch {
                    return .storeFailed(error)
                }
            }
        case .ending(let store as RoomStore?), .over(let store):
            work = { [kept] in kept?.remove(store, within: patience) }
        }
        loop.offload(within: patience + patience, work) { notice in then(notice ?? .diskHangs) }
    }
}
