package import EventLoop
package import Files
internal import Glibc
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
        /// An onion service that torrc defines, whose streams come to `listen`; no tor is looked for.
        case behind(OnionAddress, port: UInt16, listen: SocketAddress)
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

    /// The person is told of missing descriptors at most so often.
    private static let descriptorInterval = Duration.seconds(60)

    private let loop: EventLoop
    let options: Options
    private let registry: RoomRegistry
    private let logger: Logger
    let wallClock: () -> Int64
    let tell: (ChatEvent) -> Void
    /// Of the room's first invite.
    private let secret = InviteSecret()

    private var tor: TorController?
    private var onionListener: OnionListener?
    private var selfDial: SelfDial?
    /// Behind a service that torrc defines.
    private var serviceListener: SocketListener?
    private var direct: DirectHost?
    var node: HostNode?
    private var sleepWatch: SleepWatch?
    var hostKey: X25519.PublicKey?
    /// What the group's creator, the person at the host, signs with; nil where there is nobody.
    var creatorKey: Ed25519.PublicKey?
    private var password: RoomPassword?
    var address: RoomAddress?
    /// Further addresses of a direct room.
    var alternatives: [HostPort] { Array(direct?.addresses.dropFirst() ?? []) }
    var entry: RoomRegistry.Entry?
    private var ending: ChatEvent.Notice?
    private var isStopping = false
    var isPanicking = false
    private var isUploading = false
    private var isRegistering = false
    private var afterRegistering: (() -> Void)?
    private var controlAttempt = 0
    private var toldOfDescriptors: Duration?
    /// Numbers of invites that are told as soon as tor's directories know their keys: until then they are of no use.
    var laterInvites: [Int: InviteForm] = [:]

    /// Called once, when all is closed; the notice says why the room could not be opened, if it could not.
    package var onEnded: ((ChatEvent.CloseReason, ChatEvent.Notice?) -> Void)?
    package var onDecongested: (() -> Void)? {
        didSet { node?.onDecongested = onDecongested }
    }
    package var outputProgress: (() -> OutputProgress)?

    package init(
        loop: EventLoop, options: Options, directories: UserDirectories, logger: Logger,
        wallClock: @escaping () -> Int64, tell: @escaping (ChatEvent) -> Void
    ) {
        self.loop = loop
        self.options = options
        registry = RoomRegistry(directories: directories)
        self.logger = logger
        self.wallClock = wallClock
        self.tell = tell
    }

    // MARK: Opening

    package func start() {
        guard let password = options.password else { return open() }
        loop.offload { [options] in
            password.stretched(for: options.room)
        } then: { [weak self] stretched in
            guard let self, !self.isStopping else { return }
            guard let stretched else { return self.fail(.passwordNeedsMemory) }
            self.password = stretched
            self.open()
        }
    }

    private func open() {
        switch options.carrier {
        case .direct(let places): startDirect(at: .addresses(places))
        case .lan(let name): startDirect(at: .lan(name: name))
        case .onion(let port, let torOptions, let target): startOnion(port: port, torOptions, target: target)
        case .behind(let onion, let port, let place): startBehind(.onion(onion, port: port), place)
        }
    }

    private func startDirect(at place: DirectHost.Place) {
        let direct = DirectHost(
            room: options.room, mapsPort: options.mapsPort, loop: loop,
            onAccept: { [weak self] stream in
                self?.node?.accept(stream, from: stream.remoteAddress.flatMap { PeerNetwork($0) })
            },
            tell: { [weak self] event in
                guard let self, !self.isStopping else { return }
                switch event {
                case .reachable: self.opened(at: self.directAddress ?? .lan(nil))
                case .moved: self.moved()
                case .exhausted: self.outOfDescriptors()
                case .warning(let notice): self.tell(.warning(notice))
                case .failed(let notice): self.fail(notice)
                }
            })
        self.direct = direct
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
        guard let directAddress, directAddress != address else { return }
        address = directAddress
        showInvite(as: .text)
        guard var entry, let inside = direct?.inside.first?.description, entry.address != inside else { return }
        entry.address = inside
        register(entry)
    }

    private func startBehind(_ address: RoomAddress, _ place: SocketAddress) {
        do throws(ListenError) {
            let listener = try SocketListener(place, loop: loop) { [weak self] stream in self?.node?.accept(stream) }
            if case .unix(let path) = place {
                // tor is another user; the folder says who else may come here.
                _ = unsafe chmod(path, 0o666)
            }
            serviceListener = listener
            opened(at: address)
        } catch {
            fail(error.notice)
        }
    }

    private func startOnion(port: UInt16, _ torOptions: TorOptions, target: SocketAddress?) {
        let shared = OnionKeyBox(kept: options.kept)
        let onionAddress = shared.key.address
        var torOptions = torOptions
        torOptions.dataDirectory = options.kept?.torFolder
        let tor = TorController(loop: loop, options: torOptions, logger: logger)
        self.tor = tor
        sleepWatch = SleepWatch(loop: loop) { [weak tor] _ in tor?.wake() }
        tor.start { [weak self] event in
            guard let self, !self.isStopping else { return }
            switch event {
            case .connecting:
                self.tell(.starting(.torConnect, progress: nil))
            case .bootstrap(let progress, _):
                self.tell(.starting(.torBootstrap, progress: progress))
            case .ready:
                self.publish(shared, at: .onion(onionAddress, port: port), port: port, tor: tor, target: target)
            case .controlLost(let pause, let attempt):
                self.controlLost(pause: pause, attempt: attempt)
            case .controlRestored, .network:
                break
            case .distrusted(let error):
                self.tell(.warning(error.notice))
            case .failed(let error):
                self.fail(error.notice)
            }
        }
    }

    private func publish(
        _ key: OnionKeyBox, at address: RoomAddress, port: UInt16, tor: TorController, target: SocketAddress?
    ) {
        guard onionListener == nil else { return }
        if tor.listenerKind == .elsewhere, target == nil { return fail(.onionNeedsTarget) }
        tell(.starting(.onionPublish, progress: 0))
        do {
            onionListener = try OnionListener(
                controller: tor, key: key.key.clone(), virtualPort: port, place: target,
                options: .init(clients: options.hasClientAuthorization ? [secret].onionClients : nil),
                onAccept: { [weak self] stream in self?.node?.accept(stream) },
                onEvent: { [weak self] event in self?.onionEvent(event, address: address) })
            onionListener?.onExhausted = { [weak self] in self?.outOfDescriptors() }
        } catch {
            fail(error.notice)
        }
    }

    private func onionEvent(_ event: OnionEvent, address: RoomAddress) {
        guard !isStopping else { return }
        switch event {
        case .adding:
            break
        case .withoutProofOfWork:
            tell(.warning(.torWithoutProofOfWork))
        case .uploading:
            if node == nil, !isUploading {
                isUploading = true
                tell(.starting(.onionPublish, progress: 50))
            }
        case .published:
            tell(.starting(.onionPublish, progress: 100))
            opened(at: address)
            dialOurselves(address)
        case .lost:
            node?.isReachable = false
        case .republished:
            node?.isReachable = true
            tell(.connection(.init(state: .connected, attempt: controlAttempt, cause: "tor")))
            controlAttempt = 0
        case .keysInForce:
            tellLaterInvites()
        case .failed(let error):
            tellLaterInvites()
            if node == nil {
                fail(error.notice)
            } else {
                node?.isReachable = false
                tell(.warning(error.notice))
            }
        case .closedSilentCircuits(let count):
            node?.closedCircuits(count)
        }
    }

    private func dialOurselves(_ address: RoomAddress) {
        guard selfDial == nil, let tor, case .onion(let onion, let port) = address, !options.hasClientAuthorization
        else { return }
        selfDial = SelfDial(onion, port: port, tor: tor) { [weak self] error in
            guard let self, !self.isStopping, let error else { return }
            self.tell(.warning(.onionNotReachable(error)))
        }
    }

    private func controlLost(pause: Duration, attempt: Int) {
        if controlAttempt == 0 {
            tell(
                .warning(
                    .init(
                        .torControlLost, "tor ended the connection: nobody can come in until it is back",
                        hint: "the room goes on; the same address works again when tor does")))
        }
        controlAttempt = attempt
        tell(
            .connection(
                .init(
                    state: .reconnecting, attempt: attempt, retryInMilliseconds: Int(pause / .milliseconds(1)),
                    cause: "tor")))
    }

    /// The room can be reached from now on.
    private func opened(at address: RoomAddress) {
        guard node == nil else { return }
        let staticKey = newStaticKey()
        let publicKey = staticKey.publicKey
        let identity = RoomIdentity(
            prologue: Prologue(room: options.room.description, onionKey: address.onionKey), staticKey: staticKey,
            invites: [secret], acceptsOpen: !options.isInviteOnly)
        let closesAt = options.timeToLive.map { loop.time + .seconds($0) }
        let expires = options.timeToLive.map { wallClock() + $0 }
        var doorLimits = Door.Limits()
        if direct?.isOpenToOthers == true { doorLimits.gate = .direct }
        let node = HostNode(
            loop: loop, identity: identity, limits: options.limits, closesAt: closesAt, password: password,
            doorLimits: doorLimits, fileLimits: options.fileLimits,
            fileOptions: options.files,
            laneBounds: direct == nil ? .overTor : .direct, logger: logger, tell: tell
        )
        node.onClosed = { [weak self] reason in self?.roomClosed(reason) }
        node.onDecongested = onDecongested
        node.outputProgress = outputProgress
        if options.hasClientAuthorization {
            node.onInvitesChanged = { [weak self] in self?.onionListener?.authorize($0.onionClients) }
        }
        self.node = node
        self.address = address
        hostKey = publicKey
        if !options.isHeadless {
            let engine = RoomGroup(trust: .host, time: UInt64(max(0, wallClock())))
            creatorKey = engine.publicKey
            node.joinLocally(nick: options.nick, engine: engine)
        }
        let invite = inviteText(secret)
        tell(
            .ready(
                .init(
                    room: options.room.description, transport: address.kind, address: address.text, invite: invite,
                    hostKey: publicKey.text, expires: expires, timeToLive: options.timeToLive)))
        register(
            .init(
                room: options.room.description, transport: address.kind.rawValue,
                address: direct?.inside.first?.description ?? address.text, hostKey: publicKey.text, expires: expires))
    }

    /// Nobody can come in for the moment; told now and then.
    private func outOfDescriptors() {
        guard toldOfDescriptors.map({ loop.time - $0 >= Self.descriptorInterval }) != false else { return }
        toldOfDescriptors = loop.time
        tell(.warning(.outOfDescriptors))
    }

    private func newStaticKey() -> X25519.PrivateKey {
        if let kept = options.kept { return kept.staticKey() }
        return X25519.PrivateKey()
    }

    func register(_ entry: RoomRegistry.Entry) {
        self.entry = entry
        isRegistering = true
        loop.offload(within: UserDirectories.diskPatience) { [registry, now = wallClock()] in
            registry.add(entry, now: now)
        } then: { [weak self, tell] notice in
            if let notice = notice ?? .diskHangs { tell(.warning(notice)) }
            self?.isRegistering = false
            self?.afterRegistering?()
        }
    }

    // MARK: Closing

    /// Ends the room for everybody.
    package func stop(_ reason: ChatEvent.CloseReason) {
        if let node {
            node.close(reason)
        } else {
            roomClosed(reason)
        }
    }

    private func fail(_ notice: ChatEvent.Notice) {
        ending = ending ?? notice
        stop(.hostQuit)
    }

    private func roomClosed(_ reason: ChatEvent.CloseReason) {
        guard !isStopping else { return }
        isStopping = true
        sleepWatch?.stop()
        serviceListener?.close()
        selfDial?.cancel()
        onionListener?.close()
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
        removeKeptRoom(then: done)
        if isPanicking, let node { node.removeParts(then: done) } else { done() }
        unregister(then: done)
        if let direct { direct.close(completion: done) } else { done() }
        if let tor { tor.shutdown(isHurried: isPanicking, completion: done) } else { done() }
    }

    private func unregister(then done: @escaping () -> Void) {
        guard let entry else { return done() }
        let unregister = { [loop, registry, tell] in
            loop.offload(within: UserDirectories.diskPatience) {
                registry.remove(entry)
            } then: { notice in
                if let notice = notice ?? .diskHangs { tell(.warning(notice)) }
                done()
            }
        }
        // Work that is offloaded has no order: the room must not be added after it was removed.
        if isRegistering {
            afterRegistering = unregister
        } else {
            unregister()
        }
    }

    /// In a panic nothing stays of a room that was kept.
    private func removeKeptRoom(then done: @escaping () -> Void) {
        guard isPanicking, let kept = options.kept else { return done() }
        loop.offload(within: UserDirectories.diskPatience) {
            kept.remove()
        } then: { [tell] notice in
            if let notice = notice ?? .diskHangs { tell(.warning(notice)) }
            done()
        }
    }
}
