internal import Chat
internal import EventLoop
internal import Logging
internal import Room
internal import RoomStore
internal import SecureSession
internal import Wire

/// A room that this host alone has: it hears everything as it comes. Where it is kept, nobody hears of anything before it is on
/// the disk.
final class SoleAuthority: RoomAuthority {
    /// What all have received is forgotten so soon after it was acknowledged.
    private static let trimDelay = Duration.seconds(1)
    /// What the host's own participant has received is on the disk so soon, also if nothing else comes.
    private static let noteDelay = Duration.seconds(1)

    unowned let node: HostNode
    /// What brings a kept room to the disk, as long as that takes it.
    private var journal: RoomJournal?
    private var isRecording = false
    private var recordedChanges = 0

    /// - Parameter journal: that of a kept room.
    init(_ node: HostNode, journal: RoomJournal? = nil) {
        self.node = node
        self.journal = journal
        guard journal != nil else { return }
        room.log.readableEnd = room.log.end
        recordSoon()
    }

    var isOpen: Bool { true }

    func freeLink() -> LinkID? { node.connections.freeLink() }

    // MARK: What comes

    func said(_ type: UInt8, _ body: [UInt8], by connection: HostConnection, key: [UInt8]) {
        let node = node
        if !connection.isMember, node.door.foundsAnew(connection.link, room: room) { node.doorkeeper.beginAnew() }
        var actions: [RoomAction] = []
        do {
            // What is wrong where the room cannot see it, the host's own participant sees: all others would lose the group by it.
            try node.room.received(
                type: type, body: body, from: connection.link, key: key,
                way: node.door.way(of: connection.session.invite), now: node.loop.time,
                witness: { node.participant?.member.client.couldFollow($0, from: $1) ?? true }, actions: &actions)
        } catch RoomError.late {
            connection.dropStream()
            return node.streamClosed(connection)
        } catch {
            return node.fail(connection)
        }
        node.perform(actions)
        node.doorkeeper.letWait(connection)
        node.waitForStore(connection)
    }

    func returned(_ session: UInt32, received: UInt32, on connection: HostConnection, key: [UInt8]) {
        let id = MemberID(entropy: session)
        var actions: [RoomAction] = []
        guard room.credentials(of: id)?.key == key, let position = room.log.resume(id, after: received),
            let link = room.resumed(
                session: session, key: key, link: connection.link, now: loop.time, actions: &actions)
        else { return node.tellOfNoSession(connection) }
        connection.goOn(at: position)
        if let old = connections[link] {
            node.drop(old)
            if old.pausedUntil > loop.time {
                connection.pauseReading(until: old.pausedUntil, loop: loop)
            }
        }
        node.becameMember(connection)
        room.acknowledged(sequence: position.sequence, by: connection.link, now: loop.time)
        settleReceipts()
        node.perform(actions)
        node.markDirty(connection)
    }

    func acknowledged(_ records: UInt32, by connection: HostConnection) {
        let node = node
        guard let reader = connection.reader, let sequence = node.room.log.acknowledged(records, by: reader.member)
        else { return }
        node.room.acknowledged(sequence: sequence, by: connection.link, now: node.loop.time)
        settleReceipts()
        node.scheduleRoomSweep()
        if node.room.log.heldByteCount > 0 { node.sweeper.scheduleSession(at: node.loop.time + Self.trimDelay) }
    }

    func lost(_ link: LinkID) { room.linkLost(link, now: loop.time) }

    func gone(_ link: LinkID) {
        if let joiner = room.linkGone(link) { node.tell(.room(.joinRequestOver(id: joiner))) }
        node.scheduleRoomSweep()
    }

    func cutOff(_ link: LinkID) -> [RoomAction] {
        var actions: [RoomAction] = []
        room.cutOff(link, now: loop.time, actions: &actions)
        return actions
    }

    var isCongested: Bool { journal?.isCongested == true }

    // MARK: What the room wants

    func member(at link: LinkID) -> MemberID? { connections[link]?.reader?.member }

    func admit(_ link: LinkID, _ id: MemberID) {
        guard let connection = connections[link], !connection.isReleased else {
            return node.perform(cutOff(link))
        }
        node.cameIn(connection, at: room.openPlace(of: id, records: connection.session.recordCount))
    }

    func release(_ link: LinkID) {
        if let connection = connections[link] { node.release(connection) }
    }

    func left(_ member: MemberID) {
        // Whoever is on its way back while the room ends still gets what there is.
        guard !room.isClosed else { return }
        room.log.close(member)
        settleReceipts()
    }

    func appended(_ message: EncodedMessage, to audience: RoomLog.Audience, sequence: UInt64) {
        // What all are told, and is no post, is a change of the room; most of them want a snapshot.
        if audience == .all, sequence == 0, !Room.isRestored(message) { stateChanged() } else { recordSoon() }
    }

    func missed(_ audience: RoomLog.Audience) {
        for connection in connections.members {
            guard let member = connection.reader?.member, room.isFor(member, audience) else { continue }
            fallBehind(connection)
        }
    }

    /// The connection's member keeps its place, but nothing more is there for it.
    private func fallBehind(_ connection: HostConnection) {
        node.logger.info("a member has fallen behind what is kept")
        room.overrun(connection.link, now: loop.time)
        node.drop(connection)
        node.scheduleRoomSweep()
    }

    /// Drops what the log need not keep. A member that has not received what is dropped is told how much it has missed when
    /// it comes back.
    private func trimLog(isIdle: Bool = false) {
        let node = node
        let gone = node.room.log.trim(isIdle: isIdle, readers: node.connections.leaving.compactMap(\.reader))
        guard !gone.isEmpty, !node.room.isClosed else { return }
        for id in gone {
            guard let link = room.credentials(of: id)?.link, let connection = connections[link] else { continue }
            fallBehind(connection)
        }
        settleReceipts()
    }

    func settleReceipts() {
        let node = node
        var actions: [RoomAction] = []
        node.room.receivedPrivately(actions: &actions)
        if !actions.isEmpty { node.perform(actions) }
    }

    func performed() {
        trimLog()
        guard journal != nil, case let changes = node.room.silentChanges, changes != recordedChanges else { return }
        recordedChanges = changes
        stateChanged()
    }

    func refuseNewcomers(actions: inout [RoomAction]) {
        let refused = node.door.visitors.map(\.link).filter {
            node.door.refusal(ofInviteOf: $0, room: room, now: loop.time) != nil
        }
        let code = room.limits.isRelay ? RoomCode.groupInviteNeeded : .inviteUsed
        room.refuseNewcomers(code, actions: &actions) { refused.contains($0) }
    }

    // MARK: Time

    var time: Duration { loop.time }

    func local(_ time: Duration) -> Duration { time }

    var tellsTime: Bool { true }

    func stoodStill(for time: Duration) { room.hostWasAway(for: time) }

    func timePassed(now: Duration) {
        if let closesAt = room.closesAt, now >= closesAt, case .tellsOwner = node.ending.timeOver {
            node.ending.timeOver = .ownerKnows
            node.onEvent?(.timeIsOver)
        } else if !node.ending.timeOver.isOwners {
            var actions: [RoomAction] = []
            room.timePassed(now: now, actions: &actions)
            node.perform(actions)
        }
        trimLog(isIdle: true)
        if journal?.owesNote == true { recordSoon() }
    }

    // MARK: The end

    func ends(_ reason: ChatEvent.CloseReason) -> Bool { true }

    func keepsNoLonger() {
        guard room.log.readableEnd < .max else { return }
        room.log.readableEnd = .max
        readOn()
    }

    func pauses() {
        // How far each has come stands in a snapshot.
        journal?.stateChanged()
        record(isLast: true)
    }

    // MARK: The disk

    var isKept: Bool { journal != nil }

    var storeWaitingByteCount: Int? { journal?.waitingByteCount }
    var sharedLog: RoomMetrics.SharedLog? { nil }

    func stateChanged() {
        guard let journal else { return }
        journal.stateChanged()
        recordSoon()
    }

    func whenKept(_ body: @escaping () -> Void) {
        guard let journal else { return body() }
        journal.whenKept(body)
        recordSoon()
    }

    func hostReceived(upTo number: UInt64) {
        guard let journal else { return }
        journal.hostReceived(upTo: number)
        node.sweeper.scheduleSession(at: loop.time + Self.noteDelay)
    }

    private func recordSoon() {
        guard journal != nil, !isRecording else { return }
        isRecording = true
        loop.atEndOfTurn { [weak self] in self?.record() }
    }

    private func record(isLast: Bool = false) {
        isRecording = false
        guard let journal, !node.ending.hasBegun else { return }
        do throws(StoreError) {
            guard let later = try journal.record(room.log, now: isLast ? nil : loop.time) else { return }
            isRecording = true
            _ = loop.schedule(after: later - loop.time) { [weak self] in self?.record() }
        } catch {
            // What waits is written first.
            guard error != .overloaded else { return }
            storeFailed(error)
        }
    }

    /// What the store says, on the loop.
    func storeReported(_ reports: [StoreReport]) {
        for report in reports where !node.ending.hasBegun {
            switch report {
            case .durable(let number):
                room.log.readableEnd = max(room.log.readableEnd, number)
                recordSoon()
            case .checkpointed(_, let serial):
                for body in journal?.written(serial: serial) ?? [] { body() }
            case .stalled:
                node.tell(.warning(.storeStalled))
                // What it deletes may be what is missing.
                stateChanged()
            case .resumed: node.tell(.warning(.storeResumed))
            case .failed(let error): storeFailed(error)
            }
        }
        readOn()
    }

    private func storeFailed(_ error: StoreError) {
        guard journal != nil else { return }
        journal = nil
        node.onEvent?(.storeFailed(error))
    }

    /// There is more to be read.
    private func readOn() {
        node.participant?.read()
        for connection in connections.all where node.hasMore(for: connection) { node.markDirty(connection) }
    }
}
