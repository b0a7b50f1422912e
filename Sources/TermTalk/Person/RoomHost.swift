package import Chat
package import EventLoop
package import Files
internal import Glibc
package import Logging
package import Room
internal import RoomStore
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

    /// What there is on the disk of the room.
    enum Keeping {
        /// Nothing, or nothing yet.
        case nothing
        /// Its store, and the room as it was, which goes on once it can be reached; nil for a new one.
        case open(KeptRoom, RoomStore, LoopMailbox<StoreReport>, KeptState?)
        /// The room is about to end: nobody is told before that is on the disk.
        case ending(KeptRoom, RoomStore)
        /// The room is over: what there is goes with it.
        case over(KeptRoom, RoomStore?)
    }

    /// What people come in through.
    private enum Entrance {
        case none
        case onion(OnionHost)
        case direct(DirectHost)
        /// Behind a service that torrc defines.
        case behind(SocketListener, BehindCheck)
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

    /// The person is told of missing descriptors at most so often.
    private static let descriptorInterval = Duration.seconds(60)

    private let loop: EventLoop
    let options: Options
    private let registry: RoomRegistry
    private let registration: DiskRecord
    private let logger: Logger
    let wallClock: () -> Int64
    let tell: (ChatEvent) -> Void
    /// Of the room's first invite, and what else lets somebody in.
    private var invites = InviteTable(room: InviteSecret())
    /// A room that is kept.
    private var keeping = Keeping.nothing
    /// A room that several hosts hold.
    private var share: RoomShare?
    private var isOver = false

    private var entrance = Entrance.none
    private(set) var state = State.opening(nil)
    private var ending: ChatEvent.Notice?
    private var isPanicking = false
    private var toldOfDescriptors: Duration?
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

    private var isClosed: Bool { if case .closed = state { true } else { false } }
    var room: OpenRoom? { if case .open(let room) = state { room } else { nil } }
    var node: HostNode? { room?.node }

    private var onion: OnionHost? { if case .onion(let onion) = entrance { onion } else { nil } }
    private var direct: DirectHost? { if case .direct(let direct) = entrance { direct } else { nil } }
    /// Further addresses of a direct room.
    var alternatives: [RoomAddress] { (direct?.addresses.dropFirst() ?? []).map { .direct($0) } }

    // MARK: Opening

    package func start() {
        if options.store != nil, let kept = options.kept {
            invites = InviteTable(room: InviteSecret(kept.sharedInvite))
            return stretchPassword()
        }
        guard let kept = options.kept, kept.place != nil else { return stretchPassword() }
        guard
            let mailbox = LoopMailbox<StoreReport>(
                loop: loop, receive: { [weak self] in self?.storeReported($0) })
        else { return fail(.outOfDescriptors) }
        loop.offload { [sender = mailbox.sender] () -> Result<KeptRoom.Opened, ChatEvent.Notice> in
            do throws(ChatEvent.Notice) {
                return .success(try kept.open { sender.send($0) })
            } catch {
                return .failure(error)
            }
        } then: { [weak self] result in
            guard let self, !self.isClosed else { return }
            do throws(ChatEvent.Notice) {
                let opened = try result.get()
                self.keeping = .open(kept, opened.store, mailbox, nil)
                try self.recover(opened, kept, mailbox)
                self.stretchPassword()
            } catch {
                self.fail(error)
            }
        }
    }

    private func storeReported(_ reports: [StoreReport]) {
        if let node { return node.storeReported(reports) }
        // Before the room can be reached. What it says then is written, and a full disk tried again, when there is a room.
        for report in reports where !isClosed {
            switch report {
            case .stalled: tell(.warning(.storeStalled))
            case .resumed: tell(.warning(.storeResumed))
            case .failed(let error): fail(.storeFailed(error))
            case .durable, .checkpointed: break
            }
        }
    }

    /// Takes up what was kept of the room.
    private func recover(
        _ opened: KeptRoom.Opened, _ kept: KeptRoom, _ mailbox: LoopMailbox<StoreReport>
    ) throws(ChatEvent.Notice) {
        guard let recovered = opened.recovered else { return }
        guard let snapshot = recovered.snapshot else {
            guard recovered.inputs.isEmpty else { throw StoreError.damaged(.snapshot).notice }
            return
        }
        let state: KeptState
        do throws(SnapshotError) {
            state = try KeptState(
                recovered, snapshot: snapshot, limits: options.limits, book: PublicRoomGroup.self,
                key: kept.inviteKey, now: loop.time, wallClock: wallClock())
        } catch {
            throw error.notice
        }
        guard state.room.closesAt.map({ $0 > loop.time }) != false else {
            keeping = .over(kept, opened.store)
            throw .keptRoomExpired
        }
        invites = state.invites
        keeping = .open(kept, opened.store, mailbox, state)
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
        switch options.carrier {
        case .direct(let places): startDirect(at: .addresses(places))
        case .lan(let name): startDirect(at: .lan(name: name))
        case .onion(let port, let torOptions, let target): startOnion(port: port, torOptions, target: target)
        case .behind(let onion, let port, let place, let tor): startBehind(onion, port: port, place, tor)
        }
    }

    private func startDirect(at place: DirectHost.Place) {
        let direct = DirectHost(
            room: options.room, mapsPort: options.mapsPort, loop: loop,
            onAccept: { [weak self] stream in
                self?.node?.accept(stream, from: stream.remoteAddress.flatMap { PeerNetwork($0) })
            },
            tell: { [weak self] event in
                guard let self, !self.isClosed else { return }
                switch event {
                case .reachable: self.opened(at: self.directAddress ?? .lan(nil))
                case .moved: self.moved()
                case .exhausted: self.outOfDescriptors()
                case .warning(let notice): self.tell(.warning(notice))
                case .failed(let notice): self.fail(notice)
                }
            })
        entrance = .direct(direct)
        direct.start(at: place)
    }

    /// Where a room without tor is reached first.
    private var directAddress: RoomAddress? {
        guard let first = direct?.addresses.first else { return nil }
        if case .lan = options.carrier { return .lan(first) }
        return .direct(first)
    }

    /// New invites name where the room is now; members on the local network find it again by its announcement.
    private func moved() {
        guard var room, let directAddress, directAddress != room.address else { return }
        room.address = directAddress
        state = .open(room)
        showInvite(as: .text)
        guard let inside = direct?.inside.first?.description, room.entry.address != inside else { return }
        register { $0.address = inside }
    }

    private func startBehind(_ onion: OnionAddress, port: UInt16, _ place: SocketAddress, _ torOptions: TorOptions) {
        do throws(ListenError) {
            let listener = try SocketListener(place, loop: loop) { [weak self] stream in self?.node?.accept(stream) }
            if case .unix(let path) = place {
                // tor is another user; the folder says who else may come here.
                _ = unsafe chmod(path, 0o666)
            }
            let check = BehindCheck(
                onion, port: port, tor: TorController(loop: loop, options: torOptions, logger: logger)
            ) { [weak self] notice in
                guard let self, !self.isClosed else { return }
                self.tell(.warning(notice))
            }
            entrance = .behind(listener, check)
            opened(at: .onion(onion, port: port))
            check.start()
        } catch {
            fail(error.notice)
        }
    }

    private func startOnion(port: UInt16, _ torOptions: TorOptions, target: SocketAddress?) {
        var torOptions = torOptions
        torOptions.dataDirectory = options.kept?.torFolder
        let before: KeptState? = if case .open(_, _, _, let state) = keeping { state } else { nil }
        guard let moves = options.kept.map({ $0.moves(to: before?.room.movedTo) }) ?? 0 else {
            return fail(StoreError.damaged(.snapshot).notice)
        }
        let onion = OnionHost(
            kept: options.kept, moves: moves, port: port, target: target,
            secrets: options.hasClientAuthorization ? invites.secretsInUse : nil,
            tor: TorController(loop: loop, options: torOptions, logger: logger),
            isUnderAttack: { [weak self] in self?.node?.isUnderAttack ?? false },
            onAccept: { [weak self] stream, service in self?.node?.accept(stream, by: service) },
            tell: { [weak self] event in
                guard let self, !self.isClosed else { return }
                self.onionEvent(event)
            })
        entrance = .onion(onion)
        onion.start()
    }

    private func onionEvent(_ event: OnionHost.Event) {
        switch event {
        case .reachable: if let onion { opened(at: onion.address) }
        case .lost: node?.isReachable = false
        case .reachableAgain: node?.isReachable = true
        case .keysInForce: tellLaterInvites()
        case .refused(let notice):
            tellLaterInvites()
            guard let node else { return fail(notice) }
            node.isReachable = false
            tell(.warning(notice))
        case .closedCircuits(let count): node?.closedCircuits(count)
        case .moved: if let onion { movedOnion(to: onion.address) }
        case .exhausted: outOfDescriptors()
        case .told(let event): tell(event)
        case .failed(let notice): fail(notice)
        }
    }

    /// - Throws: not-permitted where there is no address to change, or it has been changed just now.
    func startMove(in node: HostNode) throws(ChatEvent.Notice) {
        guard let onion, onion.target == nil else { throw notMovable }
        let clients = options.hasClientAuthorization ? node.inviteEntries.map(\.secret).onionClients : nil
        try onion.startMove(clients: clients) { [weak node] in node?.hasMembers(elsewhereThan: $0) == false }
    }

    private var notMovable: ChatEvent.Notice {
        let (reason, hint) =
            switch entrance {
            case .onion:
                (
                    "tor reaches it at one place only, where nobody says by which address they come",
                    "leave out --onion-target where tor and termtalk are on one machine, or open another room"
                )
            case .behind:
                (
                    "its address is that of a service which torrc defines",
                    "let torrc define another service, and start the room behind that"
                )
            case .direct, .none: ("it has no onion address", "open another room, and send its invite")
            }
        return .init(.notPermitted, "the room was not moved: \(reason)", hint: hint)
    }

    private func movedOnion(to address: RoomAddress) {
        guard var room, let place = address.onionPlace else { return }
        room.address = address
        state = .open(room)
        room.node.isReachable = true
        room.node.move(to: place)
        tell(.room(.moved(address: address.text)))
        showInvite(as: .text)
        register { $0.address = address.text }
    }

    /// The room can be reached from now on.
    private func opened(at address: RoomAddress) {
        guard case .opening(let password) = state else { return }
        let staticKey = options.kept?.staticKey() ?? X25519.PrivateKey()
        let publicKey = staticKey.publicKey
        let identity = RoomIdentity(
            prologue: Prologue(room: options.room.description, onionKey: address.onionKey), staticKey: staticKey,
            invites: invites.secrets, acceptsOpen: !options.isInviteOnly)
        let before: KeptState? = if case .open(_, _, _, let state) = keeping { state } else { nil }
        let closesAt = before.map(\.room.closesAt) ?? options.timeToLive.map { loop.time + .seconds($0) }
        let timeToLive = closesAt.map { max(1, ($0 - loop.time + .milliseconds(999)).components.seconds) }
        let expires = timeToLive.map { wallClock() + $0 }
        var doorLimits = Door.Limits()
        if direct?.isOpenToOthers == true { doorLimits.gate = .direct }
        let node = HostNode(
            loop: loop, identity: identity, limits: options.limits, closesAt: closesAt, password: password,
            doorLimits: doorLimits, fileLimits: options.fileLimits, fileOptions: options.files,
            laneBounds: direct == nil ? .overTor : .direct, wallClock: wallClock, logger: logger, tell: tell)
        node.onClosed = { [weak self] reason in self?.roomClosed(reason) }
        node.onInviteReplaced = { [weak self, weak node] in
            if let self, let node, !self.options.isHeadless { self.showRoomInvite(of: node) }
        }
        node.onEndWanted = { [weak self] in self?.end(.moderatorEnded) }
        if options.hasClientAuthorization {
            node.onInvitesChanged = { [weak self] in self?.onion?.authorize($0.onionClients) }
        }
        let engine = options.isHeadless ? nil : engine()
        state = .open(
            OpenRoom(
                node: node, address: address, hostKey: publicKey, creatorKey: engine?.publicKey,
                entry: .init(
                    room: options.room.description, transport: address.kind.rawValue,
                    address: direct?.inside.first?.description ?? address.text, hostKey: publicKey.text,
                    expires: expires)))
        keep(node, since: before)
        if let store = options.store, let kept = options.kept {
            return hold(node, store, kept, hasPassword: password != nil, timeToLive: timeToLive)
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

    private func keep(_ node: HostNode, since before: KeptState?) {
        guard case .open(let kept, let store, let mailbox, _) = keeping else { return }
        keeping = .open(kept, store, mailbox, nil)
        node.onStoreFailed = { [weak self] error in self?.fail(.storeFailed(error)) }
        node.onTimeOver = { [weak self] in
            // Unless it is about to end already.
            if let self, self.isKept { self.end(.ttl) }
        }
        if let before { node.resume(before.room, invites: before.invites) }
        let (end, first) = (before?.room.log.end ?? 0, before?.firstUnchecked ?? 0)
        node.keep(
            with: RoomJournal(store, next: end, checkpointed: first) { [wallClock, unowned node] in
                KeptState.snapshot(
                    node.room, node.door.invites, key: kept.inviteKey, now: node.loop.time, wallClock: wallClock())
            })
    }

    private func hold(
        _ node: HostNode, _ store: StoreOptions, _ kept: KeptRoom, hasPassword: Bool, timeToLive: Int64?
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
            if var room = self.room {
                room.entry.expires = left.map { self.wallClock() + $0 }
                self.state = .open(room)
            }
            self.announce(timeToLive: left)
        }
        share.start(
            node, isNew: kept.isNew,
            terms: SharedTerms(
                options.limits, hasPassword: hasPassword, isInviteOnly: options.isInviteOnly,
                timeToLive: timeToLive.map { .seconds($0) }), key: kept.logKey)
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

    /// Nobody can come in for the moment; told now and then.
    private func outOfDescriptors() {
        guard toldOfDescriptors.map({ loop.time - $0 >= Self.descriptorInterval }) != false else { return }
        toldOfDescriptors = loop.time
        tell(.warning(.outOfDescriptors))
    }

    /// Writes the room's entry of the registry, as it is after `change`.
    func register(_ change: (inout RoomRegistry.Entry) -> Void) {
        guard var room else { return }
        change(&room.entry)
        state = .open(room)
        registration.write { [registry, entry = room.entry, now = wallClock()] in registry.add(entry, now: now) }
    }

    // MARK: Closing

    /// Ends the room for everybody; a room that is kept pauses.
    package func stop(_ reason: ChatEvent.CloseReason) {
        switch (keeping, node) {
        case (.ending, _?) where !isPanicking: return
        case (_, nil): roomClosed(reason)
        case (.open, let node?): node.pause()
        // The others go on.
        case (_, let node?) where share != nil && !isOver && !isPanicking: node.pause()
        case (_, let node?): node.close(reason)
        }
    }

    /// Ends the room for everybody, also one that is kept: nothing stays of it. Nobody is told before that is on the disk, so that no
    /// crash brings a room back whose end somebody knows of.
    func end(_ reason: ChatEvent.CloseReason = .hostQuit) {
        isOver = true
        guard !isPanicking, node != nil, case .open(let kept, let store, _, _) = keeping else {
            giveUpKeeping()
            return stop(reason)
        }
        keeping = .ending(kept, store)
        loop.offload(within: UserDirectories.diskPatience) {
            // What cannot be written is told of when all is deleted.
            try? store.end()
        } then: { [weak self] _ in
            guard let self, case .ending = self.keeping else { return }
            self.keeping = .over(kept, store)
            self.stop(reason)
        }
    }

    /// Whether the room goes on when the host does.
    package var isKept: Bool { if case .open = keeping { true } else { false } }

    private func giveUpKeeping() {
        switch keeping {
        case .open(let kept, let store, _, _), .ending(let kept, let store): keeping = .over(kept, store)
        case .nothing, .over: break
        }
    }

    private func fail(_ notice: ChatEvent.Notice) {
        ending = ending ?? notice
        stop(.hostQuit)
    }

    private func roomClosed(_ reason: ChatEvent.CloseReason) {
        guard !isClosed else { return }
        let (entry, node) = (room?.entry, node)
        state = .closed
        if reason == .ttl { giveUpKeeping() }
        if share != nil, node?.room.isClosed == true, let kept = options.kept { keeping = .over(kept, nil) }
        let finish = { [weak self] in
            guard let self, let onEnded = self.onEnded else { return }
            self.onEnded = nil
            onEnded(reason, self.ending)
        }
        // Side by side: what hangs holds nothing else up.
        var owed = 5
        let done = {
            owed -= 1
            if owed == 0 { finish() }
        }
        onion?.close()
        if let share { share.stop(isOver: node?.room.isClosed == true, then: done) } else { done() }
        letGoOfKeptRoom(then: done)
        unregister(entry, then: done)
        if isPanicking, let node { node.removeParts(then: done) } else { done() }
        switch entrance {
        case .none: done()
        case .onion(let onion): onion.shutDown(isHurried: isPanicking, completion: done)
        case .direct(let direct): direct.close(completion: done)
        case .behind(let listener, let check):
            listener.close()
            check.stop(completion: done)
        }
    }

    private func unregister(_ entry: RoomRegistry.Entry?, then done: @escaping () -> Void) {
        guard let entry else { return done() }
        registration.afterwards { [registration, registry] in
            registration.write { registry.remove(entry) }
            registration.afterwards(done)
        }
    }

    /// What waits is written; of a room that is over nothing stays. The store is closed before secrets are wiped: its thread
    /// seals with a key of its own.
    private func letGoOfKeptRoom(then done: @escaping () -> Void) {
        if isPanicking, case .nothing = keeping, let kept = options.kept { keeping = .over(kept, nil) }
        let keeping = self.keeping
        if case .open(_, _, let mailbox, _) = keeping { mailbox.close() }
        let patience = UserDirectories.diskPatience
        let work: @Sendable () -> ChatEvent.Notice?
        switch keeping {
        case .nothing: return done()
        case .open(_, let store, _, _):
            work = {
                do throws(StoreError) {
                    try store.close(within: patience)
                    return nil
                } catch {
                    return .storeFailed(error)
                }
            }
        case .ending(let kept, let store as RoomStore?), .over(let kept, let store):
            work = {
                kept.remove(store, within: patience)
            }
        }
        loop.offload(within: patience + patience, work) { [tell, ending] notice in
            if let notice = notice ?? .diskHangs, notice.code != ending?.code { tell(.warning(notice)) }
            done()
        }
    }

    package func panic() {
        isPanicking = true
        end()
        node?.closeAtOnce()
    }
}
