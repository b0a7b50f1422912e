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
        package var room: RoomName
        package var address: RoomAddress
        /// Further addresses, of the same kind.
        package var alternatives: [RoomAddress]
        package var invite: Invite?
        /// The host's key as the person gave it, or as it stood in the registry.
        package var hostKey: X25519.PublicKey?
        /// Whether the person has compared ``hostKey`` with what the host says, so that it is known the next time.
        package var remembersHostKey = false
        /// What to do with a direct host whose key is not known; that of an onion room is remembered.
        package var acceptsNewHost: Bool
        package var nick: String
        /// Needed for onion rooms; for direct ones it means to dial through tor.
        package var tor: TorOptions?
        /// The room's password, where the person gave one; the host must know it, then.
        package var password: Password?
        /// Whether it may be the first of a group at a relay; not where it only delivers something and leaves.
        package var foundsGroup = true
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

    /// Direct connections; a name that resolves slowly counts.
    private static let directTimeout = Duration.seconds(20)
    /// Through tor: descriptor, introduction and rendezvous, which take some seconds each when they work.
    private static let torTimeout = Duration.seconds(30)
    private static let torAttempts = 3
    /// A dial that works is mostly done by then; another one is begun beside it.
    private static let torStagger = Duration.seconds(12)

    private let loop: EventLoop
    private let options: Options
    private let trustStore: TrustStore
    private let hostRecord: DiskRecord
    private let logger: Logger
    private let wallClock: () -> Int64
    private let tell: (ChatEvent) -> Void

    private var tor: TorController?
    private var password: RoomPassword?
    private var node: MemberNode?
    private var sleepWatch: SleepWatch?
    private var networkWatch: NetworkWatch?
    private var ways: RoomWays<RoomAddress>
    private var isStopping = false
    private var isPanicking = false
    private var forgetsHost = false
    private var rememberedAt: Set<RoomAddress> = []

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
        // Where a local network has the room, is not known yet.
        ways = RoomWays((options.address == .lan(nil) ? [] : [options.address]) + options.alternatives)
        trustStore = TrustStore(directories: directories)
        hostRecord = DiskRecord(loop: loop, tell: tell)
        self.logger = logger
        self.wallClock = wallClock
        self.tell = tell
    }

    /// The static key that the host showed in the last handshake.
    package var shownHostKey: X25519.PublicKey? { node?.hostKey }

    package func start() {
        if !options.foundsGroup, options.invite?.isForFounder == true {
            return loop.atEndOfTurn { [weak self] in self?.ended(.lost, .foundsNoGroup) }
        }
        guard let password = options.password else { return connect() }
        loop.offload { [options] in
            password.stretched(for: options.room)
        } then: { [weak self] stretched in
            guard let self, !self.isStopping else { return }
            guard let stretched else { return self.ended(.lost, .passwordNeedsMemory) }
            self.password = stretched
            self.connect()
        }
    }

    private func connect() {
        guard let torOptions = options.tor else {
            findHostKey()
            return
        }
        let tor = TorController(loop: loop, options: torOptions, logger: logger)
        self.tor = tor
        tor.start { [weak self] event in
            guard let self, !self.isStopping else { return }
            switch event {
            case .connecting:
                self.tell(.starting(.torConnect, progress: nil))
            case .bootstrap(let progress, _):
                self.tell(.starting(.torBootstrap, progress: progress))
            case .ready:
                self.findHostKey()
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
            if options.remembersHostKey { remember(key) }
            enter(hostKey: key, policy: .pinned(.known))
        } else {
            loop.offload(within: UserDirectories.diskPatience) { [trustStore, options] in
                trustStore.hostKey(room: options.room, address: options.address)
            } then: { [weak self] found in
                guard let self, !self.isStopping else { return }
                let (key, warning) = found ?? (nil, .diskHangs)
                if let warning { self.tell(.warning(warning)) }
                if let key {
                    self.enter(hostKey: key, policy: .pinned(.known))
                } else if case .onion = self.options.address {
                    self.enter(hostKey: nil, policy: .onionAddress)
                } else {
                    self.enter(hostKey: nil, policy: self.options.acceptsNewHost ? .acceptNew : .strict)
                }
            }
        }
    }

    private func enter(hostKey: X25519.PublicKey?, policy: MemberNode.HostKeyPolicy) {
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
            dial: makeDial(), logger: logger, wallClock: wallClock, tell: tell)
        node.onDecongested = onDecongested
        node.outputProgress = outputProgress
        node.onEnded = { [weak self] reason, notice in self?.ended(reason, notice) }
        node.tryAnotherWay = { [weak self, options] notice in
            // One that is busy is tried again.
            let mayFindMore = options.address.kind == .lan && notice.code != .hostBusy
            return self?.ways.failed(mayFindMore: mayFindMore) ?? false
        }
        node.onNewHostKey = { [weak self] key in self?.remember(key) }
        node.onMoved = { [weak self] address in self?.moved(to: address) }
        self.node = node
        sleepWatch = SleepWatch(loop: loop) { [weak self] _ in self?.woke() }
        if tor == nil {
            networkWatch = NetworkWatch(loop: loop) { [weak node] in
                let own = LocalInterface.all().map(\.address)
                node?.networkChanged { address in IPAddress(address).map(own.contains) ?? true }
            }
        }
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

    private func remember(_ key: X25519.PublicKey, at address: RoomAddress? = nil) {
        let address = address ?? options.address
        rememberedAt.insert(address)
        hostRecord.write { [trustStore, options] in
            trustStore.remember(key, room: options.room, address: address)
        }
    }

    // MARK: How to dial

    private func makeDial() -> MemberNode.Dial {
        let loop = self.loop
        switch (options.address, tor) {
        case (.onion, let tor?):
            return { [weak self, options] completion in
                OnionRace(self?.ways.next() ?? [options.address], loop: loop) { address, completion in
                    Self.dial(address, invite: options.invite, by: tor, completion)
                } completion: { result in
                    if case .success(let connection) = result { self?.reached(connection.address) }
                    completion(result.map(\.stream))
                }
            }
        case (.direct(let hostPort), let tor?):
            let dialer = OnionDialer(controller: tor)
            return { completion in
                Self.throughTor(tor, late: .connectionTimeout, completion) { _, completion in
                    dialer.dial(
                        host: hostPort.host, port: hostPort.port, timeout: Self.torTimeout,
                        completion: completion)
                }
            }
        case (.direct, nil):
            return { [weak self] completion in
                let ways = (self?.ways.next() ?? []).compactMap(\.hostPort)
                return DirectDialer.dial(ways, loop: loop, timeout: Self.directTimeout) { result in
                    if case .success(let connection) = result { self?.reached(.direct(connection.address)) }
                    completion(result.map(\.stream).mapError { $0.notice })
                }
            }
        case (.lan, _):
            return { [weak self, options] completion in
                let known = self?.ways.next().first?.hostPort
                return LANDial(
                    room: options.room, known: known, loop: loop,
                    isWorthWhile: { self?.ways.isWorthWhile(.lan($0)) ?? false }
                ) { result in
                    if case .success(let connection) = result { self?.reached(.lan(connection.address)) }
                    completion(result.map(\.stream))
                }
            }
        case (.onion, nil):
            preconditionFailure("an onion room is dialed through tor only")
        }
    }

    private static func dial(
        _ address: RoomAddress, invite: Invite?, by tor: TorController,
        _ completion: @escaping (OnionRace.Stream) -> Void
    ) -> any Cancellable {
        guard case .onion(let onion, let port) = address else { preconditionFailure("onions only") }
        let dialer = OnionDialer(controller: tor)
        let dial = {
            // tor tries the introduction points of a service that is gone for as long as it is asked to.
            throughTor(tor, late: .onionUnreachable(.introductionTimedOut), completion) { isRepeated, completion in
                if isRepeated { tor.refreshDescriptor(of: onion) }
                return dialer.dial(onion, port: port, timeout: torTimeout, completion: completion)
            }
        }
        guard let invite, invite.isAuthorized else { return dial() }
        return AuthorizedDial(onion, secret: invite.secret, tor: tor, start: dial) { completion(.failure($0.notice)) }
    }

    private func reached(_ way: RoomAddress) {
        ways.reached(way)
        node?.come(to: way)
    }

    /// The host says that the room is there from now on.
    private func moved(to address: RoomAddress) {
        ways.put(first: address)
        // The next stay begins there without an invite, too.
        if options.invite == nil, options.hostKey == nil, let key = node?.hostKey { remember(key, at: address) }
    }

    /// A dial that uses fresh circuits at each attempt; `late` is what it means that none of them had an answer.
    private static func throughTor(
        _ tor: TorController, late: TorError, _ completion: @escaping (OnionRace.Stream) -> Void,
        _ dial: @escaping (_ isRepeated: Bool, @escaping RepeatedDial.Completion) -> any Cancellable
    ) -> any Cancellable {
        var isRepeated = false
        return RepeatedDial(loop: tor.loop, attempts: torAttempts, stagger: torStagger) { attempt in
            defer { isRepeated = true }
            return dial(isRepeated, attempt)
        } completion: { result in
            completion(result.mapError { ($0 == .connectionTimeout ? late : $0).notice })
        }
    }

    // MARK: Ending

    private func ended(_ reason: ChatEvent.CloseReason, _ notice: ChatEvent.Notice?) {
        guard !isStopping else { return }
        isStopping = true
        sleepWatch?.stop()
        networkWatch = nil
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
        let forget = { [loop, trustStore, options, forgetsHost, rememberedAt] in
            guard forgetsHost else { return loop.atEndOfTurn(done) }
            loop.offload(within: UserDirectories.diskPatience) {
                rememberedAt.union([options.address]).compactMap {
                    trustStore.forget(room: options.room, address: $0)
                }.first
            } then: { _ in
                done()
            }
        }
        // A key that was accepted is known the next time, however short the stay.
        hostRecord.afterwards(forget)
        if isPanicking, let node { node.removeParts(then: done) } else { done() }
        if let tor { tor.shutdown(isHurried: isPanicking, completion: done) } else { done() }
    }

    /// Leaves now, whatever is still on its way.
    package func stop() {
        if let node {
            node.leaveAtOnce()
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
        forgetsHost = true
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
