package import Chat
package import EventLoop
internal import Files
package import Logging
internal import Room
internal import SecureGroup
internal import SecureSession
internal import Sodium
internal import TorController
internal import Transport

/// Opens a room: listens, publishes the onion service, announces, and closes everything at the end.
package final class RoomHost {
    /// A room that people can come into.
    struct OpenRoom {
        let node: HostNode
        var address: RoomAddress
        let hostKey: X25519.PublicKey
        /// What the group's creator, the person at the host, signs with; nil where there is nobody.
        let creatorKey: Ed25519.PublicKey?
        var entry: RoomRegistry.Entry
        var announcer: RegistryAnnouncer?
        /// Numbers of invites that are told as soon as tor's directories know their keys: until then they are of no use.
        var laterInvites: [Int: InviteForm] = [:]
    }

    enum State {
        /// With the room's first invite, and what else lets somebody in.
        case opening(InviteTable, RoomPassword?)
        case open(OpenRoom)
        case closed
    }

    /// What the person wants of the room when it is closed here.
    private enum Wish {
        /// That it goes on, where it is kept.
        case goesOn
        case ends
        /// That it ends, and nothing stays of it, however fast.
        case panic
    }

    let loop: EventLoop
    let options: HostOptions
    private let registration: RoomRegistration
    private let logger: Logger
    let wallClock: () -> Int64
    let tell: (ChatEvent) -> Void
    private lazy var keeping = RoomKeeping(
        options.kept, options.guards, loop: loop, wallClock: wallClock, warn: { [tell] in tell(.warning($0)) },
        onFailed: { [weak self] in self?.fail($0) })
    /// A room that several hosts hold.
    private var share: RoomShare?
    private var metrics: MetricsExport?
    private(set) lazy var entrance = RoomEntrance(
        loop: loop, options: options, logger: logger,
        isUnderAttack: { [weak self] in self?.node?.door.isUnderAttack ?? false },
        onAccept: { [weak self] stream, network, service in self?.node?.accept(stream, from: network, by: service) },
        tell: { [weak self] in self?.entranceEvent($0) })
    private var state = State.opening(InviteTable(room: InviteSecret()), nil)
    private var wish = Wish.goesOn
    /// Why the room could not be opened, or not go on.
    private var failure: ChatEvent.Notice?

    /// Called once, when all is closed; the notice says why the room could not be opened, if it could not.
    package var onEnded: ((ChatEvent.CloseReason, ChatEvent.Notice?) -> Void)?
    package var onDecongested: (() -> Void)? {
        didSet { member?.onDecongested = onDecongested }
    }
    package var outputProgress: (() -> OutputProgress)?

    package init(
        loop: EventLoop, options: HostOptions, directories: UserDirectories, logger: Logger,
        wallClock: @escaping () -> Int64, tell: @escaping (ChatEvent) -> Void
    ) {
        self.loop = loop
        self.options = options
        registration = RoomRegistration(directories, loop: loop, tell: tell)
        self.logger = logger
        self.wallClock = wallClock
        self.tell = tell
    }

    var isClosed: Bool { if case .closed = state { true } else { false } }
    var room: OpenRoom? {
        get { if case .open(let room) = state { room } else { nil } }
        set { if let newValue, !isClosed { state = .open(newValue) } }
    }
    var node: HostNode? { room?.node }

    /// Further addresses of the room: this host's, and of the same kind those of other hosts that hold it.
    var alternatives: [RoomAddress] {
        guard let room else { return entrance.alternatives }
        let others = room.node.room.settings.hostPlaces.compactMap { RoomAddress($0) }
            .filter { $0.kind == room.address.kind && $0 != room.address }
        let own = entrance.alternatives.filter { !others.contains($0) }
        return Array((others + own).prefix(Invite.addressLimit - 1))
    }

    // MARK: Opening

    package func start() {
        metrics = metricsExport()
        if options.store != nil, let kept = options.kept {
            return stretchPassword(InviteTable(room: InviteSecret(kept.sharedInvite)))
        }
        keeping.open(limits: options.limits) { [weak self] result in
            guard let self else { return }
            do throws(ChatEvent.Notice) {
                self.stretchPassword(try result.get()?.invites ?? InviteTable(room: InviteSecret()))
            } catch {
                self.fail(error)
            }
        }
    }

    private func stretchPassword(_ invites: InviteTable) {
        guard let password = options.password else { return open(invites, nil) }
        loop.offload { [options] in
            password.stretched(for: options.room)
        } then: { [weak self] stretched in
            guard let self, !self.isClosed else { return }
            guard let stretched else { return self.fail(.passwordNeedsMemory) }
            self.open(invites, stretched)
        }
    }

    private func open(_ invites: InviteTable, _ password: RoomPassword?) {
        state = .opening(invites, password)
        entrance.start(
            since: keeping.before?.room.settings.movedTo,
            secrets: options.hasClientAuthorization ? invites.secretsInUse : nil)
    }

    private func entranceEvent(_ event: RoomEntrance.Event) {
        switch event {
        case .reachable(let address): opened(at: address)
        case .lost: node?.doorkeeper.becameReachable(false)
        case .reachableAgain: node?.doorkeeper.becameReachable(true)
        case .moved(let address): moved(to: address)
        case .keysInForce: tellLaterInvites()
        case .refused(let notice):
            tellLaterInvites()
            guard let node else { return fail(notice) }
            node.doorkeeper.becameReachable(false)
            tell(.warning(notice))
        case .closedCircuits(let count): node?.doorkeeper.closedCircuits(count)
        case .told(let event): tell(event)
        case .failed(let notice): fail(notice)
        }
    }

    /// New invites name where the room is now. Members are told of another onion address; those on the local network find the
    /// room by its announcement.
    private func moved(to address: RoomAddress) {
        guard let room, address != room.address else { return }
        self.room?.address = address
        if let place = address.onionPlace {
            room.node.doorkeeper.becameReachable(true)
            room.node.commands.move(to: place)
            tell(.room(.moved(address: address.text)))
        }
        showInvite(as: .text)
        announceInRegistry()
        let inside = entrance.insideAddress ?? address.text
        guard room.entry.address != inside else { return }
        register { $0.address = inside }
    }

    /// - Throws: not-permitted where there is no address to change, or it has been changed just now.
    func startMove(in node: HostNode) throws(ChatEvent.Notice) {
        let clients = options.hasClientAuthorization ? node.door.invites.entries.map(\.secret).onionClients : nil
        try entrance.startMove(clients: clients) { [weak node] in node?.commands.hasMembers(elsewhereThan: $0) == false
        }
    }

    /// The room can be reached from now on.
    private func opened(at address: RoomAddress) {
        guard case .opening(let invites, let password) = state else { return }
        let staticKey = options.kept?.staticKey() ?? X25519.PrivateKey()
        let publicKey = staticKey.publicKey
        let identity = RoomIdentity(
            prologue: Prologue(room: options.room.description, onionKey: address.onionKey), staticKey: staticKey,
            invites: invites.secrets, acceptsOpen: !options.isInviteOnly)
        let before = keeping.before
        let closesAt = before.map(\.room.closesAt) ?? options.timeToLive.map { loop.time + .seconds($0) }
        let timeToLive = closesAt.map { max(1, ($0 - loop.time + .milliseconds(999)).components.seconds) }
        let expires = timeToLive.map { wallClock() + $0 }
        var doorLimits = Door.Limits()
        if entrance.isOpenToOthers { doorLimits.gate = .direct }
        let node = HostNode(
            loop: loop, identity: identity, limits: options.limits, closesAt: closesAt, password: password,
            doorLimits: doorLimits, fileLimits: options.fileLimits,
            laneBounds: entrance.isOverTor ? .overTor : .direct, logger: logger, tell: tell)
        node.onEvent = { [weak self] in self?.heard($0, timeToLive: timeToLive) }
        let engine = options.isHeadless ? nil : options.engine(time: wallClock())
        state = .open(
            OpenRoom(
                node: node, address: address, hostKey: publicKey, creatorKey: engine?.publicKey,
                entry: .init(
                    room: options.room.description, transport: address.kind.rawValue,
                    address: entrance.insideAddress ?? address.text, hostKey: publicKey.text,
                    expires: expires)))
        keeping.begin(node)
        if let store = options.store, let kept = options.kept {
            return hold(node, at: address, store, kept, hasPassword: password != nil)
        }
        if isKept { node.ending.timeOver = .tellsOwner }
        guard let engine else { return announce(timeToLive: timeToLive) }
        node.joinLocally(
            MemberClient(nick: before?.room.hostNick ?? options.nick, engine: engine), files: options.files,
            wallClock: wallClock)
        member?.onDecongested = onDecongested
        member?.outputProgress = outputProgress
    }

    private func heard(_ event: HostEvent, timeToLive: Int64?) {
        switch event {
        // Not before what is said to the person at the host can be heard.
        case .joined: announce(timeToLive: timeToLive)
        case .invitesChanged(let secrets):
            if options.hasClientAuthorization { entrance.authorize(secrets.onionClients) }
        case .inviteReplaced: if let node, !options.isHeadless { showRoomInvite(of: node) }
        case .placesChanged:
            guard let room else { return }
            tell(.room(.hosts(addresses: ([room.address] + alternatives).map(\.text))))
            announceInRegistry()
        case .endWanted: end(.moderatorEnded)
        // Unless it is about to end already.
        case .timeIsOver: if isKept { end(.ttl) }
        case .storeFailed(let error): fail(.storeFailed(error))
        case .closed(let reason): roomClosed(reason)
        }
    }

    private func hold(
        _ node: HostNode, at address: RoomAddress, _ store: StoreOptions, _ kept: KeptRoom, hasPassword: Bool
    ) {
        let share = RoomShare(store, name: kept.logName, loop: loop) { [weak self] notice in
            guard let self, !self.isClosed else { return }
            self.tell(.warning(notice))
        }
        self.share = share
        share.onFailed = { [weak self] notice in self?.fail(notice) }
        share.onReady = { [weak self, weak node] in
            guard let self, let node else { return }
            let left = node.secondsLeft
            self.room?.entry.expires = left.map { self.wallClock() + $0 }
            self.announce(timeToLive: left)
        }
        share.start(
            node, isNew: kept.isNew,
            terms: SharedTerms(
                options.limits, hasPassword: hasPassword, isInviteOnly: options.isInviteOnly,
                timeToLive: options.timeToLive.map { .seconds($0) }),
            places: ([address] + entrance.alternatives).compactMap(\.hostPlace), key: kept.logKey)
    }

    private func announce(timeToLive: Int64?) {
        guard let room else { return }
        let invite = room.node.door.invites.entries.first.map { inviteText($0.secret) } ?? ""
        tell(
            .ready(
                .init(
                    room: options.room.description, transport: room.address.kind, address: room.address.text,
                    invite: invite, hostKey: room.hostKey.text, expires: room.entry.expires, timeToLive: timeToLive)))
        register { _ in }
    }

    /// Writes the room's entry of the registry, as it is after `change`.
    func register(_ change: (inout RoomRegistry.Entry) -> Void) {
        guard var room else { return }
        change(&room.entry)
        self.room = room
        announceInRegistry()
        registration.write(room.entry, now: wallClock())
    }

    // MARK: Closing

    /// Ends the room for everybody; a room that is kept pauses.
    package func stop(_ reason: ChatEvent.CloseReason) {
        guard let node else { return roomClosed(reason) }
        if keeping.isEnding, wish != .panic { return }
        if isKept { node.ending.pause() } else { node.ending.close(reason) }
    }

    /// Ends the room for everybody, also one that is kept: nothing stays of it. Nobody is told before that is on the disk, so that no
    /// crash brings a room back whose end somebody knows of.
    func end(_ reason: ChatEvent.CloseReason = .hostQuit) {
        if wish != .panic { wish = .ends }
        guard wish != .panic, node != nil, keeping.isOpen else {
            keeping.giveUp()
            return stop(reason)
        }
        keeping.end { [weak self] in self?.stop(reason) }
    }

    /// Whether the room goes on when the host does.
    package var isKept: Bool { keeping.isOpen || share != nil && wish == .goesOn }

    func fail(_ notice: ChatEvent.Notice) {
        failure = failure ?? notice
        stop(.hostQuit)
    }

    private func roomClosed(_ reason: ChatEvent.CloseReason) {
        guard !isClosed else { return }
        let (room, isPanic) = (room, wish == .panic)
        state = .closed
        if reason == .ttl { keeping.giveUp() }
        let finish = { [weak self] in
            guard let self, let onEnded = self.onEnded else { return }
            self.onEnded = nil
            onEnded(reason, self.failure)
        }
        // Side by side: what hangs holds nothing else up.
        var owed = 6
        let done = {
            owed -= 1
            if owed == 0 { finish() }
        }
        entrance.close()
        let isSharedRoomOver = share != nil && room?.node.room.isClosed == true
        if let share { share.stop(isOver: isSharedRoomOver, then: done) } else { done() }
        if let metrics { metrics.close(then: done) } else { done() }
        keeping.letGo(all: isPanic || isSharedRoomOver) { [tell, failure] notice in
            if let notice, notice.code != failure?.code { tell(.warning(notice)) }
            done()
        }
        if let room { registration.remove(room.entry, then: done) } else { done() }
        if isPanic, let room { room.node.files.removeParts(then: done) } else { done() }
        withdraw(room?.announcer, isHurried: isPanic) { [entrance] in
            entrance.shutDown(isHurried: isPanic, completion: done)
        }
    }

    package func panic() {
        wish = .panic
        end()
        node?.ending.closeAtOnce()
    }
}
