package import Chat
package import EventLoop
package import Logging
internal import Room
internal import SecureGroup
internal import SecureSession
package import Sodium
package import TorController
internal import Transport

/// Goes into somebody's room: finds out where it is and whom to trust, dials, and stays.
package final class RoomGuest {
    package struct Options: Sendable {
        var room: RoomName
        package var address: RoomAddress
        /// Further addresses, of the same kind.
        package var alternatives: [RoomAddress]
        package var invite: Invite?
        /// The host's key as the person gave it, or as it stood in the registry.
        package var hostKey: X25519.PublicKey?
        /// Whether the person has compared ``hostKey`` with what the host says, so that it is known the next time.
        package var remembersHostKey = false
        /// What to do with a direct host whose key is not known; that of an onion room is remembered.
        var acceptsNewHost: Bool
        var nick: String
        /// Needed for onion rooms; for direct ones it means to dial through tor.
        package var tor: TorOptions?
        /// The room's password, where the person gave one; the host must know it, then.
        package var password: Password?
        /// Whether it may be the first of a group at a relay; not where it only delivers something and leaves.
        package var foundsGroup = true
        /// Where the room, or where it is by now, is looked for first.
        package var search: RegistrySearch?
        package var files = FileOptions()

        package init(
            room: RoomName, address: RoomAddress, alternatives: [RoomAddress] = [], invite: Invite? = nil,
            hostKey: X25519.PublicKey? = nil, acceptsNewHost: Bool, nick: String, tor: TorOptions?,
            password: Password? = nil
        ) {
            self.room = room
            self.address = address
            self.alternatives = alternatives
            self.invite = invite
            self.hostKey = hostKey
            self.acceptsNewHost = acceptsNewHost
            self.nick = nick
            self.tor = tor
            self.password = password
        }
    }

    /// What there is of a stay.
    struct Visit {
        let node: MemberNode
        let dialer: RoomDialer
        let sleepWatch: SleepWatch
        /// Nil where tor sees what becomes of the networks.
        let networkWatch: NetworkWatch?
    }

    private enum Phase {
        /// Finds out where the room is and whom to trust.
        case preparing(RoomPassword?)
        case staying(Visit)
        case ended(MemberNode?)
    }

    let loop: EventLoop
    var options: Options
    private let host: KnownHost
    private let logger: Logger
    let wallClock: () -> Int64
    let tell: (ChatEvent) -> Void

    var tor: TorController?
    var guide: RegistryGuide?
    private var phase = Phase.preparing(nil)
    private var isPanicking = false

    /// Called once, when the stay is over; the notice says why it failed, if it did.
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
        host = KnownHost(room: options.room, loop: loop, directories: directories, tell: tell)
        self.logger = logger
        self.wallClock = wallClock
        self.tell = tell
    }

    private var visit: Visit? { if case .staying(let visit) = phase { visit } else { nil } }
    var isEnded: Bool { if case .ended = phase { true } else { false } }
    var node: MemberNode? {
        switch phase {
        case .preparing: nil
        case .staying(let visit): visit.node
        case .ended(let node): node
        }
    }

    /// The static key that the host showed in the last handshake.
    package var shownHostKey: X25519.PublicKey? { node?.hostKey }

    package func start() {
        if !options.foundsGroup, options.invite?.isForFounder == true {
            return loop.atEndOfTurn { [weak self] in self?.ended(.lost, .foundsNoGroup) }
        }
        if let search = options.search { return find(by: search) }
        goIn()
    }

    /// It is known where the room is.
    func goIn() {
        guard let password = options.password else { return connect() }
        loop.offload { [options] in
            password.stretched(for: options.room)
        } then: { [weak self] stretched in
            guard let self, !self.isEnded else { return }
            guard let stretched else { return self.ended(.lost, .passwordNeedsMemory) }
            self.phase = .preparing(stretched)
            self.connect()
        }
    }

    private func connect() {
        guard let torOptions = options.tor, tor == nil else { return findHostKey() }
        startTor(torOptions) { [weak self] in self?.findHostKey() }
    }

    func startTor(_ torOptions: TorOptions, onReady: @escaping () -> Void) {
        let tor = TorController(loop: loop, options: torOptions, logger: logger)
        self.tor = tor
        tor.start { [weak self] event in
            guard let self, !self.isEnded else { return }
            switch event {
            case .connecting:
                self.tell(.starting(.torConnect, progress: nil))
            case .bootstrap(let progress, _):
                self.tell(.starting(.torBootstrap, progress: progress))
            case .ready:
                onReady()
            case .network(isUp: true), .controlRestored:
                self.node?.tryNow()
            case .distrusted(let error), .stalled(let error):
                self.tell(.warning(error.notice))
            case .network, .controlLost:
                break
            case .failed(let error):
                self.ended(.lost, error.notice)
            }
        }
    }

    // MARK: Whom to trust

    private func findHostKey() {
        guard node == nil else { return }
        if let invite = options.invite {
            enter(hostKey: invite.hostKey, policy: .pinned(.invite))
        } else if let key = options.hostKey {
            if options.remembersHostKey { host.remember(key, at: options.address) }
            enter(hostKey: key, policy: .pinned(.known))
        } else {
            host.key(at: options.address) { [weak self] key, warning in
                guard let self, !self.isEnded else { return }
                if let warning { self.tell(.warning(warning)) }
                let announced = self.guide?.hostKey
                if let key {
                    self.enter(hostKey: key, policy: .pinned(.known))
                } else if case .onion = self.options.address, announced == nil {
                    self.enter(hostKey: nil, policy: .onionAddress)
                } else {
                    self.enter(hostKey: announced, policy: self.options.acceptsNewHost ? .acceptNew : .strict)
                }
            }
        }
    }

    private func enter(hostKey: X25519.PublicKey?, policy: HostKeyPolicy) {
        guard case .preparing(let password) = phase else { return }
        let dialer = RoomDialer(options, tor: tor, loop: loop) { [weak self] way in self?.node?.come(to: way) }
        dialer.onFailed = { [weak self] in self?.lookAgain() }
        let credentials = JoinCredentials(
            prologue: Prologue(room: options.room.description, onionKey: options.address.onionKey),
            staticKey: X25519.PrivateKey(), hostKey: hostKey, invite: options.invite?.secret)
        let engine = RoomGroup(trust: trust, time: UInt64(max(0, wallClock())))
        let node = MemberNode(
            loop: loop,
            target: .init(
                room: options.room, address: options.address, policy: policy, creatorKey: options.invite?.creatorKey,
                isInviteOfGroup: options.invite?.isOfGroup ?? false,
                isInviteAuthorized: options.invite?.isAuthorized ?? false),
            credentials: credentials,
            client: MemberClient(nick: options.nick, engine: engine, foundsGroup: options.foundsGroup),
            password: password, fileOptions: options.files,
            dial: dialer.dial(), logger: logger, wallClock: wallClock, tell: tell)
        node.onDecongested = onDecongested
        node.outputProgress = outputProgress
        node.onEvent = { [weak self] in self?.heard($0) }
        node.tryAnotherWay = { [dialer, options] notice in
            // One that is busy is tried again.
            let mayFindMore = options.address.kind == .lan && notice.code != .hostBusy
            return dialer.ways.failed(mayFindMore: mayFindMore)
        }
        // On a local network people find the room by its announcement.
        node.otherAddresses = { [dialer] address in address.kind == .lan ? [] : dialer.ways.others(than: address) }
        var networkWatch: NetworkWatch?
        if tor == nil {
            networkWatch = NetworkWatch(loop: loop) { [weak node] in
                let own = LocalInterface.all().map(\.address)
                node?.networkChanged { address in IPAddress(address).map(own.contains) ?? true }
            }
        }
        phase = .staying(
            Visit(
                node: node, dialer: dialer, sleepWatch: SleepWatch(loop: loop) { [weak self] _ in self?.woke() },
                networkWatch: networkWatch))
        node.start()
    }

    /// What makes the room's group the right one.
    private var trust: GroupTrust {
        guard let invite = options.invite else { return .address }
        if invite.isOfGroup, let secret = invite.secret.clonedSecret() {
            return .secret(GroupSecret(secret))
        }
        return invite.creatorKey.map(GroupTrust.creator) ?? .first
    }

    private func woke() {
        tor?.wake()
        node?.woke()
    }

    private func heard(_ event: MemberEvent) {
        switch event {
        case .newHostKey(let key): host.remember(key, at: options.address)
        case .moved(let address): moved(to: address)
        case .hosts(let places):
            guard let dialer = visit?.dialer else { return }
            tell(.room(.hosts(addresses: dialer.hear(of: places).map(\.text))))
        case .ended(let reason, let notice): ended(reason, notice)
        }
    }

    /// The host says that the room is there from now on.
    private func moved(to address: RoomAddress) {
        visit?.dialer.ways.put(first: address)
        // The next stay begins there without an invite, too.
        if options.invite == nil, options.hostKey == nil, let key = node?.hostKey { host.remember(key, at: address) }
    }

    /// Where the room is by now, as a registry says; the host's key has to be the same.
    private func lookAgain() {
        guard let guide, let visit, let key = visit.node.hostKey else { return }
        guide.askAgain(through: tor, hostKey: key, isOnion: options.address.onionKey != nil) { [weak self] addresses in
            guard let self, let visit = self.visit, visit.dialer.found(addresses) else { return }
            visit.node.tryNow()
        }
    }

    // MARK: Ending

    func ended(_ reason: ChatEvent.CloseReason, _ notice: ChatEvent.Notice?) {
        guard !isEnded else { return }
        visit?.sleepWatch.stop()
        let node = self.node
        phase = .ended(node)
        guide = nil
        let finish = { [weak self] in
            guard let self, let onEnded = self.onEnded else { return }
            self.onEnded = nil
            onEnded(reason, notice)
        }
        // Side by side: what hangs holds nothing else up.
        var owed = 3
        let done = {
            owed -= 1
            if owed == 0 { finish() }
        }
        // A key that was accepted is known the next time, however short the stay.
        host.finish(forgetting: isPanicking ? options.address : nil, then: done)
        if isPanicking, let node { node.files.removeParts(then: done) } else { done() }
        if let tor { tor.shutdown(isHurried: isPanicking, completion: done) } else { done() }
    }

    /// Leaves now, whatever is still on its way.
    package func stop() {
        if let node {
            node.leaveSoon()
        } else {
            ended(.quit, nil)
        }
    }
}

extension RoomGuest: Participant {
    package var othersWhoseRoomEnds: Int { 0 }
    package var othersToEnd: Int { node?.member?.client.othersToEnd ?? 0 }

    package var member: LoopMember? { node?.member }
    package var isModerator: Bool { node?.isModerator ?? false }

    package var isCongested: Bool { member?.isCongested ?? true }

    package func outputProgressed() {
        node?.outputProgressed()
    }

    package func listMembers() {
        node?.listMembers()
    }

    package func showInvite(as form: InviteForm) {
        node?.showInvite(as: form)
    }

    package func perform(_ command: RoomCommand) {
        guard let node else { return tell(.error(.hostOnly)) }
        node.perform(command)
    }

    package func perform(_ command: FileCommand) {
        node?.perform(command)
    }

    package func panic() {
        isPanicking = true
        if let node {
            node.panic()
        } else {
            ended(.quit, nil)
        }
    }

    package func leave() {
        if let node {
            node.leave()
        } else {
            ended(.quit, nil)
        }
    }
}
