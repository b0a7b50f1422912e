internal import Chat
internal import EventLoop
internal import Logging
internal import Room
internal import SecureGroup
internal import SecureSession
internal import SharedLog
internal import Sodium
internal import Wire

/// A room that several hosts hold: what comes by a host's links is written to their log, and the room hears of it when it counts there.
/// Each host reads the whole log, has the whole room, and tells those of its members whose links are its own.
final class SharedAuthority: RoomAuthority {
    /// What the log did not take is tried again after that.
    private static let flushPatience = Duration.milliseconds(200)

    unowned let node: HostNode
    private let sharing: RoomSharing

    /// - Parameters:
    ///   - host: a number at random.
    ///   - isNew: whether the room begins here.
    ///   - places: where this host is reached.
    init(
        _ node: HostNode, host: UInt64, isNew: Bool, terms: SharedTerms, places: [HostPlace], log: RoomSharing.Log
    ) {
        self.node = node
        sharing = RoomSharing(host: host, terms: terms, places: places, log: log)
        room = emptyRoom(closesAt: nil)
        guard isNew else { return }
        sharing.clock.begin(local: loop.time)
        submit(.began(terms))
    }

    /// Whether somebody may come in here.
    var isOpen: Bool { sharing.isOpen }

    func freeLink() -> LinkID? { sharing.freeLink() }

    var time: Duration { sharing.clock.now }

    func local(_ time: Duration) -> Duration { sharing.clock.local(time) }

    /// What is written now is written at that time of the room, in milliseconds.
    var writingTime: UInt64 { sharing.clock.time(local: loop.time) }

    /// The log brings time.
    var tellsTime: Bool { false }

    private func emptyRoom(closesAt: Duration?) -> Room {
        Room(limits: room.limits, closesAt: closesAt, book: PublicRoomGroup.self, began: .zero)
    }

    // MARK: To the log

    private func submit(_ input: RoomInput) {
        sharing.write(input)
        flushSoon()
    }

    private func flushSoon() {
        guard !sharing.isFlushing else { return }
        sharing.isFlushing = true
        loop.atEndOfTurn { [weak self] in self?.flush() }
    }

    private func flush() {
        sharing.isFlushing = false
        sharing.reviewLinks { connections[$0] != nil }
        guard !sharing.flush(local: loop.time) else { return }
        sharing.isFlushing = true
        _ = loop.schedule(after: Self.flushPatience) { [weak self] in self?.flush() }
    }

    func said(_ type: UInt8, _ body: [UInt8], by connection: HostConnection, key: [UInt8]) {
        guard sharing.takes(from: connection.link, isMember: connection.isMember) else { return overdone(connection) }
        let invite = connection.session.invite
        let pass: RoomInput.Pass =
            if let invite, invite !== node.door.invites.room?.secret {
                .group(RoomInput.mark(of: invite.presharedKey))
            } else {
                .first
            }
        sharing.spoke(connection.link)
        submit(
            .said(
                connection.link.number, key: key, way: Int32(clamping: node.door.way(of: invite)), pass, type: type,
                body: body))
        node.waitForStore(connection)
    }

    func returned(_ session: UInt32, received: UInt32, on connection: HostConnection, key: [UInt8]) {
        guard sharing.takes(from: connection.link, isMember: connection.isMember) else { return overdone(connection) }
        sharing.spoke(connection.link)
        submit(.returned(connection.link.number, key: key, session: session, received: received))
    }

    /// More has come than the room can have judged. Members come back; all others say one thing and wait.
    private func overdone(_ connection: HostConnection) {
        guard connection.isMember else { return node.fail(connection) }
        connection.dropStream()
        node.streamClosed(connection)
    }

    func acknowledged(_ records: UInt32, by connection: HostConnection) {
        guard connection.isMember else { return }
        sharing.acknowledge(records, by: connection.link)
        flushSoon()
    }

    func lost(_ link: LinkID) { submit(.lost(link.number)) }

    func gone(_ link: LinkID) {
        if sharing.forget(link) { submit(.lost(link.number)) }
    }

    func cutOff(_ link: LinkID) -> [RoomAction] {
        if sharing.forget(link) { submit(.cutOff(link.number)) }
        return []
    }

    var isCongested: Bool { sharing.isCongested }

    /// All hosts end it at one place in the log.
    func ends(_ reason: ChatEvent.CloseReason) -> Bool {
        guard !room.isClosed else { return true }
        submit(.ended(reason))
        return false
    }

    /// Members are told that they are away; they come back to another host.
    func pauses() {
        sharing.write(.listens([]))
        for connection in connections.members where sharing.forget(connection.link) {
            sharing.write(.lost(connection.link.number))
        }
        flush()
    }

    // MARK: From the log

    /// Entries are heard of as they stand in the log, and all of a turn before anything is told to a member.
    func logApplied(_ entry: WrittenEntry, at position: LogPosition) {
        guard !node.ending.hasBegun else { return }
        sharing.clock.applied(entry.time, local: loop.time)
        switch entry.content {
        case .hello(let instead):
            sharing.table.came(entry.writer.host)
            if instead != nil { lostLinks(of: entry.writer.host) }
            sharing.snapshots.applied(byteCount: 0)
        case .beat:
            sharing.snapshots.applied(byteCount: 0)
        case .gone(let writer, _):
            lostLinks(of: writer.host)
            if let number = sharing.table.number(of: writer.host) { sharing.isGone(number) }
            sharing.snapshots.applied(byteCount: 0)
        case .input(_, let bytes):
            sharing.snapshots.applied(byteCount: bytes.count)
            // Other hosts may know more; they are to be of one version.
            if let host = sharing.table.number(of: entry.writer.host), let input = try? RoomInput(bytes: bytes) {
                apply(input, of: host)
            }
        }
        tellPlaces()
        var actions: [RoomAction] = []
        room.timePassed(now: time, actions: &actions)
        node.perform(actions)
        if position.number % RoomSharing.trimInterval == 0 { trim(isIdle: true) }
        settleAllReceipts()
        if room.isClosed { node.ending.close(.ttl) }
        snapshotSoon()
        if sharing.review.isDue { flushSoon() }
        logState(at: position)
    }

    /// For who compares hosts: at one position all have the same.
    private func logState(at position: LogPosition) {
        guard position.number % RoomSharing.stateInterval == 0, node.logger.logLevel <= .debug else { return }
        let state = BLAKE2b.hash(snapshot.span).prefix(16)
        node.logger.debug(
            "state", metadata: ["position": "\(position.text)", "room": "\(Base16.encode(Array(state)))"])
    }

    private func settleAllReceipts() {
        while true {
            var actions: [RoomAction] = []
            room.receivedPrivately(actions: &actions)
            if actions.isEmpty { return }
            node.perform(actions)
        }
    }

    private func apply(_ input: RoomInput, of host: UInt32) {
        let now = time
        var actions: [RoomAction] = []
        switch input {
        case .began(let terms):
            guard sharing.table.terms == nil else { return }
            sharing.table.began(terms)
            if terms.agree(with: sharing.terms) {
                room = emptyRoom(closesAt: terms.closesAt.map { .milliseconds(Int64(clamping: $0)) })
                node.ending.noteTime()
            } else {
                sharing.log.termsDiffer()
            }
        case .said(let number, let key, let way, let pass, let type, let body):
            let link = LinkID(host: host, number: number)
            sharing.cameBack(link)
            guard sharing.table.spoke(link) else { return }
            said(type, body, by: link, key: key, way: Int(way), pass)
            forgetStranger(at: link)
        case .returned(let number, let key, let session, let received):
            let link = LinkID(host: host, number: number)
            sharing.cameBack(link)
            guard sharing.table.spoke(link) else { return }
            returned(session, received: received, key: key, by: link)
            forgetStranger(at: link)
        case .opened(let number, let records):
            if host == sharing.number { sharing.review.wasOpened(number) }
            guard let member = sharing.table.member(at: LinkID(host: host, number: number)) else { return }
            room.log.hadReceived(records, by: member)
        case .acknowledged(let list):
            for acknowledgement in list {
                let link = LinkID(host: host, number: acknowledgement.link)
                guard let member = sharing.table.member(at: link),
                    let sequence = room.log.acknowledged(acknowledgement.records, by: member)
                else { continue }
                room.acknowledged(sequence: sequence, by: link, now: now)
            }
        case .lost(let number):
            linkLost(LinkID(host: host, number: number))
        case .cutOff(let number):
            let link = LinkID(host: host, number: number)
            room.cutOff(link, now: now, actions: &actions)
            room.linkGone(link)
            sharing.table.ended(link)
            node.perform(actions)
        case .fellBehind(let number):
            fallBehind(LinkID(host: host, number: number))
        case .ended(let reason):
            room.close(reason, actions: &actions)
            node.perform(actions)
            node.ending.close(reason)
        case .listens(let places):
            sharing.listens(host, at: places)
        }
    }

    /// Members hear of it when the room's hosts are reached elsewhere; and the other hosts, where this one is.
    private func tellPlaces() {
        let places = sharing.table.hostPlaces
        if places != room.settings.hostPlaces, !room.isClosed {
            room.settings.hostPlaces = places
            node.perform([.broadcast(HostMessage.hosts(places).encoded, tag: 0)])
            node.onEvent?(.placesChanged)
        }
        if let announcement = sharing.announcement() { submit(announcement) }
    }

    private func said(
        _ type: UInt8, _ body: [UInt8], by link: LinkID, key: [UInt8], way: Int, _ pass: RoomInput.Pass
    ) {
        let now = time
        var actions: [RoomAction] = []
        if room.member(at: link) == nil, !room.awaits(link), !room.holds(key: key) {
            let mayBeginAnew = pass == .first && room.mayBeginAnew
            let ofGroup = room.groupInvite.map { key in RoomInput.Pass.group(key.withBytes { RoomInput.mark(of: $0) }) }
            let isRight = room.isRegistered ? pass == ofGroup : pass == .first && room.memberCount == 0
            guard isRight && !room.isInviteSpoilt(now: now) || mayBeginAnew else {
                return node.perform([
                    .send(link, HostMessage.refused(.groupInviteNeeded).encoded), .release(link),
                ])
            }
            if mayBeginAnew, room.isRegistered || room.memberCount > 0 {
                room.beginAnew(now: now, actions: &actions)
                node.door.useInvitesOfGroup(in: room)
                node.perform(actions)
                node.doorkeeper.invitesChanged()
                actions = []
            }
        }
        do throws(RoomError) {
            try room.received(type: type, body: body, from: link, key: key, way: way, now: now, actions: &actions)
        } catch {
            guard let connection = connections[link] else { return }
            guard error == .late else { return node.fail(connection) }
            connection.dropStream()
            return node.streamClosed(connection)
        }
        node.perform(actions)
        if let connection = connections[link] { node.doorkeeper.letWait(connection) }
    }

    /// Whoever has said something and is no member, and waits for nothing, may have been refused already: nobody would say of the link that
    /// it is gone.
    private func forgetStranger(at link: LinkID) {
        if member(at: link) == nil, !room.awaits(link) { sharing.table.ended(link) }
    }

    private func returned(_ session: UInt32, received: UInt32, key: [UInt8], by link: LinkID) {
        let now = time
        let id = MemberID(entropy: session)
        var actions: [RoomAction] = []
        let connection = connections[link]
        guard room.credentials(of: id)?.key == key, let position = room.log.resume(id, after: received),
            let old = room.resumed(session: session, key: key, link: link, now: now, actions: &actions)
        else {
            if let connection { node.tellOfNoSession(connection) }
            return
        }
        sharing.table.ended(old)
        sharing.table.cameIn(link, id)
        if let former = connections[old] { forget(former) }
        if let connection {
            connection.goOn(at: position)
            node.becameMember(connection)
            node.markDirty(connection)
        }
        room.acknowledged(sequence: position.sequence, by: link, now: now)
        node.perform(actions)
    }

    /// The link's connection is gone, and who was behind it may come back.
    private func linkLost(_ link: LinkID) {
        if sharing.table.member(at: link) != nil {
            room.linkLost(link, now: time)
        } else {
            room.linkGone(link)
            sharing.table.ended(link)
        }
    }

    /// The host is gone: its members are on their way to others. If it is this one, it was only slow.
    private func lostLinks(of host: UInt64) {
        guard let number = sharing.table.number(of: host) else { return }
        for link in sharing.table.links(of: number) { linkLost(link) }
        if host == sharing.host { dropAll() }
    }

    // MARK: What the room wants

    func member(at link: LinkID) -> MemberID? { sharing.table.member(at: link) }

    func admit(_ link: LinkID, _ id: MemberID) {
        sharing.table.cameIn(link, id)
        let reader = room.openPlace(of: id, records: 0)
        guard link.host == sharing.number else { return }
        guard let connection = connections[link], !connection.isReleased else {
            sharing.review.letIn(link)
            return flushSoon()
        }
        submit(.opened(link.number, records: connection.session.recordCount))
        node.cameIn(connection, at: reader)
    }

    func release(_ link: LinkID) {
        let member = sharing.table.member(at: link)
        sharing.table.ended(link)
        if let connection = connections[link] {
            _ = sharing.forget(link)
            node.release(connection)
        }
        if let member, !room.isClosed { room.log.close(member) }
    }

    func appended(_ message: EncodedMessage, to audience: RoomLog.Audience, sequence: UInt64) {}

    func performed() { trim() }

    func missed(_ audience: RoomLog.Audience) {
        for link in sharing.table.memberLinks {
            guard let member = sharing.table.member(at: link), room.isFor(member, audience) else { continue }
            fallBehind(link)
        }
    }

    func refuseNewcomers(actions: inout [RoomAction]) {
        guard room.isInviteSpoilt(now: time) else { return }
        room.refuseNewcomers(.groupInviteNeeded, actions: &actions)
    }

    // The log says when these are due, or there is nothing of the kind here.

    func left(_ member: MemberID) {}
    func settleReceipts() {}
    func stoodStill(for time: Duration) {}
    func timePassed(now: Duration) {}
    func keepsNoLonger() {}
    func stateChanged() {}
    func hostReceived(upTo number: UInt64) {}

    func whenKept(_ body: @escaping () -> Void) { body() }

    var isKept: Bool { true }
    var storeWaitingByteCount: Int? { sharing.allWaitingByteCount }
    var sharedLog: RoomMetrics.SharedLog? { sharing.log.metrics() }

    /// At all hosts the same: what a member that leaves has not taken does not count.
    private func trim(isIdle: Bool = false) {
        let gone = room.log.trim(isIdle: isIdle)
        guard !gone.isEmpty, !room.isClosed else { return }
        for link in gone.compactMap({ room.credentials(of: $0)?.link }) { fallBehind(link) }
    }

    private func fallBehind(_ link: LinkID) {
        node.logger.info("a member has fallen behind what is kept")
        room.overrun(link, now: time)
        sharing.table.ended(link)
        if let connection = connections[link] { forget(connection) }
    }

    /// The connection is closed, and the others know why.
    private func forget(_ connection: HostConnection) {
        _ = sharing.forget(connection.link)
        node.drop(connection)
    }

    /// What members of this host were told is not part of the room's order any more, some of it.
    func storeWasLost() {
        sharing.review.storeWasLost()
        flushSoon()
    }

    /// All who are connected come back, to this host or to another.
    func dropAll() {
        for connection in connections.all { forget(connection) }
    }

    // MARK: Snapshots

    var snapshot: [UInt8] { SharedSnapshot.bytes(of: room, sharing.table, now: time) }

    private func snapshotSoon() {
        guard sharing.snapshots.isDue, sharing.log.isKeeper(), sharing.log.isReady() else { return }
        // The room is what the replica has read only when all of it was applied.
        sharing.snapshots.took(byteCount: 0)
        loop.atEndOfTurn { [weak self] in
            guard let self, !self.node.ending.hasBegun else { return }
            let bytes = self.snapshot
            self.sharing.snapshots.took(byteCount: bytes.count)
            self.sharing.log.keep(bytes)
        }
    }

    /// All that is known of the room is replaced. Whoever is connected comes back.
    ///
    /// - Throws: ``SnapshotError``; nothing was changed then.
    func adopt(_ bytes: [UInt8]?) throws(SnapshotError) {
        guard !node.ending.hasBegun else { return }
        let snapshot: SharedSnapshot? =
            if let bytes { try SharedSnapshot(bytes: bytes, limits: room.limits, book: PublicRoomGroup.self) } else {
                nil
            }
        dropAll()
        node.wanted.forget()
        room = snapshot?.room ?? emptyRoom(closesAt: nil)
        sharing.adopt(snapshot?.table ?? SharedTable(), at: snapshot?.time ?? 0, local: loop.time)
        room.settings.hostPlaces = sharing.table.hostPlaces
        node.door.useInvitesOfGroup(in: room)
        node.doorkeeper.invitesChanged()
        node.ending.noteTime()
        if let terms = sharing.table.terms, !terms.agree(with: sharing.terms) { sharing.log.termsDiffer() }
    }
}
