package import Chat
package import EventLoop
package import Files
package import Logging
package import Room
internal import SecureGroup
internal import SecureSession
internal import Sodium
package import TorController
package import Transport

/// Opens a room: listens, publishes the onion service, announces, and closes everything at the end.
package final class RoomHost {
    /// What carries the room.
    package enum Carrier: Sendable {
        /// An onion service with this virtual port; tor reaches us at `target`, or where it is found out to.
        case onion(port: UInt16, tor: TorOptions, target: SocketAddress? = nil)
        /// An onion service that torrc defines, whose streams come to `listen`; `tor` is for dialing it once, to see whether
        /// it can be reached.
        case behind(OnionAddress, port: UInt16, listen: SocketAddress, tor: TorOptions)
        /// TCP at exactly these addresses, `Invite.addressLimit` at most.
        case direct([HostPort])
        /// TCP on the local networks only, announced there: with a name to everybody, without one to those who know the id.
        case lan(name: String?)
    }

    package struct Options: Sendable {
        package var carrier: Carrier
        package var room: RoomName
        /// Seconds; nil for a room without end.
        package var timeToLive: Int64?
        /// Empty for the member id.
        package var nick: String
        package var limits: RoomLimits
        /// What joiners have to know; nil for a room without a password.
        package var password: Password?
        /// Whether the room's id and address are not enough to come in.
        package var isInviteOnly: Bool
        /// Whether the router is asked for a port that leads to a room without tor.
        package var mapsPort: Bool
        /// Whether only who holds an invite can resolve the onion service; the room is by invite only, then.
        package var hasClientAuthorization: Bool
        /// The keys that the room had before; nil for a room with new ones.
        package var kept: KeptRoom?
        /// Where the room is shared with other hosts; of a kept room, of which the keys are kept only, and a relay.
        package var store: StoreOptions?
        package var files = FileOptions()
        package var fileLimits = FileRelay.Limits()
        /// Where numbers about the room go; nil for nowhere.
        package var metrics: MetricsPlace?
        /// Where the room is announced to those who know its id; nil for nowhere.
        package var registry: RegistryAccess?
        /// Under which the registry shows the room to everybody; nil for not at all.
        package var announcedName: String?
        /// Whether the host only relays: it takes no part, and cannot read what is said.
        package var isHeadless: Bool { limits.isRelay }

        package init(
            carrier: Carrier, room: RoomName, timeToLive: Int64?, nick: String, limits: RoomLimits,
            password: Password? = nil, isInviteOnly: Bool = false, hasClientAuthorization: Bool = false,
            mapsPort: Bool = false, kept: KeptRoom? = nil
        ) {
            self.mapsPort = mapsPort
            self.carrier = carrier
            self.room = room
            self.timeToLive = timeToLive
            self.nick = nick
            self.limits = limits
            self.password = password
            self.isInviteOnly = isInviteOnly || hasClientAuthorization
            self.hasClientAuthorization = hasClientAuthorization
            self.kept = kept
        }
    }

    /// A room that people can come into.
    struct OpenRoom {
        let node: HostNode
        var address: RoomAddress
        let hostKey: X25519.PublicKey
        /// What the group's creator, the person at the host, signs with; nil where there is nobody.
        let creatorKey: Ed25519.PublicKey?
        var entry: RoomRegistry.Entry
    }

    enum State {
        case opening(RoomPassword?)
        case open(OpenRoom)
        case closed
    }

    let loop: EventLoop
    let options: Options
    private let registry: RoomRegistry
    private let registration: DiskRecord
    private let logger: Logger
    let wallClock: () -> Int64
    let tell: (ChatEvent) -> Void
    /// Of the room's first invite, and what else lets somebody in.
    private var invites = InviteTable(room: InviteSecret())
    private lazy var keeping = RoomKeeping(
        options.kept, loop: loop, wallClock: wallClock, warn: { [tell] in tell(.warning($0)) },
        onFailed: { [weak self] in self?.fail($0) })
    /// A room that several hosts hold.
    private var share: RoomShare?
    private var isOver = false
    private var metrics: MetricsExport?
    var announcer: RegistryAnnouncer?
    private(set) lazy var entrance = RoomEntrance(
        loop: loop, options: options, logger: logger,
        isUnderAttack: { [weak self] in self?.node?.isUnderAttack ?? false },
        onAccept: { [weak self] stream, network, service in self?.node?.accept(stream, from: network, by: service) },
        tell: { [weak self] in self?.entranceEvent($0) })
    private(set) var state = State.opening(nil)
    private var ending: ChatEvent.Notice?
    private var isPanicking = false
    /// Numbers of invites that are told as soon as tor's directories know their keys: until then they are of no use.
    var laterInvites: [Int: InviteForm] = [:]

    /// Called once, when all is closed; the notice says why the room could not be opened, if it could not.
    package var onEnded: ((ChatEvent.CloseReason, ChatEvent.Notice?) -> Void)?
    package var onDecongested: (() -> Void)? {
        didSet { member?.onDecongested = onDecongested }
    }
    package var outputProgress: (() -> OutputProgress)?

    package init(
        loop: EventLoop, options: Options, directories: UserDirectories, logger: Logger,
        wallClock: @escaping () -> Int64, tell: @escaping (ChatEvent) -> Void
    ) {
        self.loop = loop
        self.options = options
        registry = RoomRegistry(directories: directories)
        registration = DiskRecord(loop: loop, tell: tell)
        self.logger = logger
        self.wallClock = wallClock
        self.tell = tell
    }

    var isClosed: Bool { if case .closed = state { true } else { false } }
    var room: OpenRoom? { if case .open(let room) = state { room } else { nil } }
    var node: HostNode? { room?.node }

    /// Further addresses of the room: this host's, and of the same kind those of other hosts that hold it.
    var alternatives: [RoomAddress] {
        guard let room else { return entrance.alternatives }
        let others = room.node.room.hostPlaces.compactMap { RoomAddress($0) }
            .filter { $0.kind == room.address.kind && $0 != room.address }
        let own = entrance.alternatives.filter { !others.contains($0) }
        return Array((others + own).prefix(Invite.addressLimit - 1))
    }

    // MARK: Opening

    package func start() {
        metrics = metricsExport()
        if options.store != nil, let kept = options.kept {
            invites = InviteTable(room: InviteSecret(kept.sharedInvite))
            return stretchPassword()
        }
        keeping.open(limits: options.limits) { [weak self] result in
            guard let self else { return }
            do throws(ChatEvent.Notice) {
                if let before = try result.get() { self.invites = before.invites }
                self.stretchPassword()
            } catch {
                self.fail(error)
            }
        }
    }

    private func stretchPassword() {
        guard let password = options.password else { return open() }
        loop.offload { [options] in
            password.stretched(for: options.room)
        } then: { [weak self] stretched in
            guard let self, !self.isClosed else { return }
            guard let stretched else { return self.fail(.passwordNeedsMemory) }
            self.state = .opening(stretched)
            self.open()
        }
    }

    private func open() {
        entrance.start(
            since: keeping.before?.room.movedTo, secrets: options.hasClientAuthorization ? invites.secretsInUse : nil)
    }

    private func entranceEvent(_ event: RoomEntrance.Event) {
        switch event {
        case .reachable(let address): opened(at: address)
        case .lost: node?.isReachable = false
        case .reachableAgain: node?.isReachable = true
        case .moved(let address): moved(to: address)
        case .keysInForce: tellLaterInvites()
        case .refused(let notice):
            tellLaterInvites()
            guard let node else { return fail(notice) }
            node.isReachable = false
            tell(.warning(notice))
        case .closedCircuits(let count): node?.closedCircuits(count)
        case .told(let event): tell(event)
        case .failed(let notice): fail(notice)
        }
    }

    /// New invites name where the room is now. Members are told of another onion address; those on the local network find the
    /// room by its announcement.
    private func moved(to address: RoomAddress) {
        guard var room, address != room.address else { return }
        room.address = address
        state = .open(room)
        if let place = address.onionPlace {
            room.node.isReachable = true
            room.node.move(to: place)
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
        let clients = options.hasClientAuthorization ? node.inviteEntries.map(\.secret).onionClients : nil
        try entrance.startMove(clients: clients) { [weak node] in node?.hasMembers(elsewhereThan: $0) == false }
    }

    /// The room can be reached from now on.
    private func opened(at address: RoomAddress) {
        guard case .opening(let password) = state else { return }
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
            doorLimits: doorLimits, fileLimits: options.fileLimits, fileOptions: options.files,
            laneBounds: entrance.isOverTor ? .overTor : .direct, wallClock: wallClock, logger: logger, tell: tell)
        node.onClosed = { [weak self] reason in self?.roomClosed(reason) }
        node.onInviteReplaced = { [weak self, weak node] in
            if let self, let node, !self.options.isHeadless { self.showRoomInvite(of: node) }
        }
        node.onEndWanted = { [weak self] in self?.end(.moderatorEnded) }
        if options.hasClientAuthorization {
            node.onInvitesChanged = { [weak self] in self?.entrance.authorize($0.onionClients) }
        }
        let engine = options.isHeadless ? nil : engine()
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
        if isKept {
            node.onTimeOver = { [weak self] in
                // Unless it is about to end already.
                if let self, self.isKept { self.end(.ttl) }
            }
        }
        guard let engine else { return announce(timeToLive: timeToLive) }
        // Not before what it says can be heard.
        node.onJoined = { [weak self, weak node] in
            node?.onJoined = nil
            self?.announce(timeToLive: timeToLive)
        }
        node.joinLocally(MemberClient(nick: before?.room.hostNick ?? options.nick, engine: engine))
        member?.onDecongested = onDecongested
        member?.outputProgress = outputProgress
    }

    /// The host's own participant; that of a kept room is always the same.
    private func engine() -> RoomGroup {
        let time = UInt64(max(0, wallClock()))
        guard let kept = options.kept else { return RoomGroup(trust: .host, time: time) }
        let key = kept.signingKey()
        let publicKey = key.publicKey
        return RoomGroup(trust: .creator(publicKey), time: time, signingKey: key)
    }

    private func hold(
        _ node: HostNode, at address: RoomAddress, _ store: StoreOptions, _ kept: KeptRoom, hasPassword: Bool
    ) {
        let share = RoomShare(store, name: kept.logName, loop: loop) { [weak self] notice in
            guard let self, !self.isClosed else { return }
            self.tell(.warning(notice))
        }
        self.share = share
        node.onPlacesChanged = { [weak self] in
            guard let self, let room = self.room else { return }
            self.tell(.room(.hosts(addresses: ([room.address] + self.alternatives).map(\.text))))
            self.announceInRegistry()
        }
        share.onFailed = { [weak self] notice in self?.fail(notice) }
        share.onReady = { [weak self, weak node] in
            guard let self, let node, var room = self.room else { return }
            let left = node.secondsLeft
            room.entry.expires = left.map { self.wallClock() + $0 }
            self.state = .open(room)
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
        let invite = room.node.inviteEntries.first.map { inviteText($0.secret) } ?? ""
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
        state = .open(room)
        announceInRegistry()
        registration.write { [registry, entry = room.entry, now = wallClock()] in registry.add(entry, now: now) }
    }

    // MARK: Closing

    /// Ends the room for everybody; a room that is kept pauses.
    package func stop(_ reason: ChatEvent.CloseReason) {
        guard let node else { return roomClosed(reason) }
        if keeping.isEnding, !isPanicking { return }
        if isKept { node.pause() } else { node.close(reason) }
    }

    /// Ends the room for everybody, also one that is kept: nothing stays of it. Nobody is told before that is on the disk, so that no
    /// crash brings a room back whose end somebody knows of.
    func end(_ reason: ChatEvent.CloseReason = .hostQuit) {
        isOver = true
        guard !isPanicking, node != nil, keeping.isOpen else {
            keeping.giveUp()
            return stop(reason)
        }
        keeping.end { [weak self] in self?.stop(reason) }
    }

    /// Whether the room goes on when the host does.
    package var isKept: Bool { keeping.isOpen || share != nil && !isOver }

    func fail(_ notice: ChatEvent.Notice) {
        ending = ending ?? notice
        stop(.hostQuit)
    }

    private func roomClosed(_ reason: ChatEvent.CloseReason) {
        guard !isClosed else { return }
        let (entry, node) = (room?.entry, node)
        state = .closed
        if reason == .ttl { keeping.giveUp() }
        let finish = { [weak self] in
            guard let self, let onEnded = self.onEnded else { return }
            self.onEnded = nil
            onEnded(reason, self.ending)
        }
        // Side by side: what hangs holds nothing else up.
        var owed = 6
        let done = {
            owed -= 1
            if owed == 0 { finish() }
        }
        entrance.close()
        let isSharedRoomOver = share != nil && node?.room.isClosed == true
        if let share { share.stop(isOver: isSharedRoomOver, then: done) } else { done() }
        if let metrics { metrics.close(then: done) } else { done() }
        keeping.letGo(all: isPanicking || isSharedRoomOver) { [tell, ending] notice in
            if let notice, notice.code != ending?.code { tell(.warning(notice)) }
            done()
        }
        unregister(entry, then: done)
        if isPanicking, let node { node.removeParts(then: done) } else { done() }
        withdrawFromRegistry(isHurried: isPanicking) { [entrance, isPanicking] in
            entrance.shutDown(isHurried: isPanicking, completion: done)
        }
    }

    private func unregister(_ entry: RoomRegistry.Entry?, then done: @escaping () -> Void) {
        guard let entry else { return done() }
        registration.afterwards { [registration, registry] in
            registration.write { registry.remove(entry) }
            registration.afterwards(done)
        }
    }

    package func panic() {
        isPanicking = true
        end()
        node?.closeAtOnce()
    }
}
