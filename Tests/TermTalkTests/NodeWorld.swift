import Chat
import EventLoop
import Logging
import Room
import SecureGroup
import SecureSession
import Sodium
import TestSupport
import Testing
import Transport

@testable import TermTalk

/// A host and members of our own on one loop, over streams in memory that a test can cut into drops, and break.
final class NodeWorld {
    final class Person: WorldPerson {
        fileprivate(set) var dialCount = 0
        /// Where the host sees it come from, as in a direct room.
        var network: PeerNetwork?
        /// Whether the host can be reached.
        var isReachable = true
        var onEvent: ((ChatEvent) -> Void)?
    }

    let loop: EventLoop
    let host: HostNode
    private let identity: RoomIdentity
    private let room: RoomName
    let invite: InviteSecret?
    /// What reaches the other end of a connection in one turn.
    var chunkSize = 65_536
    private(set) var people: [Person] = []
    private(set) var hostEvents: [ChatEvent] = []
    private(set) var hostClosed: ChatEvent.CloseReason?
    /// Called when a moderator has ended the room of a relay.
    var onEndWanted: (() -> Void)?
    /// Called after every event of anybody.
    var onAnything: (() -> Void)?

    private init(
        limits: RoomLimits, addressLimits: AddressGate.Limits, closesAfter: Duration?, isInvited: Bool,
        password: RoomPassword?
    ) throws {
        SodiumLibrary.initialize()
        let loop = try EventLoop()
        self.loop = loop
        room = RoomName.random()
        invite = isInvited ? InviteSecret() : nil
        identity = RoomIdentity(
            prologue: Prologue(room: room.description, onionKey: nil), staticKey: X25519.PrivateKey(),
            invites: invite.map { [$0] } ?? [], acceptsOpen: !isInvited)
        let told = Told()
        var doorLimits = Door.Limits()
        doorLimits.addresses = addressLimits
        host = HostNode(
            loop: loop, identity: identity, limits: limits, closesAt: closesAfter.map { loop.time + $0 },
            password: password, doorLimits: doorLimits,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, tell: { told.body?($0) })
        told.body = { [weak self] event in
            self?.hostEvents.append(event)
            self?.onAnything?()
        }
        host.onEvent = { [weak self] event in
            switch event {
            case .closed(let reason): self?.hostClosed = reason
            case .endWanted: self?.onEndWanted?()
            default: return
            }
            self?.onAnything?()
        }
        if !limits.isRelay {
            host.joinLocally(
                MemberClient(nick: "host", engine: RoomGroup(creator: nil, time: 1_000_000_000)), wallClock: { 0 })
        }
    }

    /// Where the host's events go, which is known only after the host is made.
    private final class Told {
        var body: ((ChatEvent) -> Void)?
    }

    /// Lets `body` set things up and runs the loop until ``finish()``, or a deadline that is a failure.
    static func run(
        limits: RoomLimits = RoomLimits(), addressLimits: AddressGate.Limits = AddressGate.Limits(),
        closesAfter: Duration? = nil, isInvited: Bool = true, password: String? = nil,
        _ body: (NodeWorld) throws -> Void
    ) throws {
        let world = try NodeWorld(
            limits: limits, addressLimits: addressLimits, closesAfter: closesAfter, isInvited: isInvited,
            password: password.map { try stretched($0) })
        try body(world)
        world.loop.schedule(after: .seconds(60)) {
            Issue.record("the test's deadline has passed: \(world.people.map { $0.events.suffix(3) })")
            world.loop.stop()
        }
        world.loop.run()
        world.onAnything = nil
        for person in world.people { person.breakConnection() }
    }

    /// A password as rooms use it, made cheaply. The salt is not that of the room, and need not be.
    static func stretched(_ text: String) throws -> RoomPassword {
        SodiumLibrary.initialize()
        return try RoomPassword(
            stretching: SecretBytes(copying: Array(text.utf8).span), room: "room",
            cost: Argon2id.Cost(passes: 1, memory: 8 * 1_024))
    }

    /// The room's own invite, and others in force beside it.
    func useInvites(_ count: Int) {
        identity.invites = (1..<count).map { _ in InviteSecret() } + identity.invites
    }

    func finish() {
        loop.stop()
    }

    /// Calls `body` once, when `condition` has become true after anything that happened.
    func when(_ condition: @escaping () -> Bool, _ body: @escaping () -> Void) {
        onAnything = { [weak self] in
            guard condition() else { return }
            self?.onAnything = nil
            self?.loop.atEndOfTurn(body)
        }
        onAnything?()
    }

    /// Calls `body` when everybody knows of `count` members, the host included.
    func whenAllAreIn(_ count: Int, _ body: @escaping () -> Void) {
        when(
            { [unowned self] in
                host.localMembers.count == count && people.allSatisfy { $0.id != nil }
            }, body)
    }

    /// Somebody who comes with the world's invite, or without one; or to a relay's room with the invite of its group.
    @discardableResult
    func add(
        nick: String = "", foundsGroup: Bool = true, password: RoomPassword? = nil, inviteOfGroup: Invite? = nil,
        at address: RoomAddress? = nil, group: (RoomGroup) -> any GroupEngine = { $0 }
    ) -> Person {
        let person = Person()
        people.append(person)
        guard let address = address ?? (try? RoomAddress("127.0.0.1:1")) else { preconditionFailure("an address") }
        let invite = inviteOfGroup?.secret ?? invite
        let trust: GroupTrust =
            if let bytes = inviteOfGroup?.secret.secretBytes {
                .secret(GroupSecret(SecretBytes(copying: bytes.span)))
            } else {
                host.room.limits.isRelay ? .first : .host
            }
        let node = MemberNode(
            loop: loop,
            target: .init(
                room: room, address: address, policy: invite == nil ? .acceptNew : .pinned(.invite),
                isInviteOfGroup: inviteOfGroup != nil),
            credentials: JoinCredentials(
                prologue: Prologue(room: room.description, onionKey: nil), staticKey: X25519.PrivateKey(),
                hostKey: invite == nil ? nil : identity.publicKey, invite: invite),
            client: MemberClient(
                nick: nick, engine: group(RoomGroup(trust: trust, time: 1_000_000_000)), foundsGroup: foundsGroup),
            password: password,
            dial: { [weak self, weak person] completion in
                DialLater(self, person, completion)
            },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, wallClock: { 0 },
            tell: { [weak self, weak person] event in
                person?.events.append(event)
                person?.onEvent?(event)
                self?.onAnything?()
            })
        node.onEvent = { [weak self, weak person] event in
            guard case .ended(let reason, let notice) = event else { return }
            person?.ending = (reason, notice)
            self?.onAnything?()
        }
        person.node = node
        node.start()
        return person
    }

    /// A dial that succeeds, or fails, at the end of the turn.
    private final class DialLater: Cancellable {
        private var completion: ((Result<any ByteStream, ChatEvent.Notice>) -> Void)?

        init(
            _ world: NodeWorld?, _ person: Person?,
            _ completion: @escaping (Result<any ByteStream, ChatEvent.Notice>) -> Void
        ) {
            self.completion = completion
            world?.loop.atEndOfTurn { [weak world, weak person] in
                guard let world, let person, let completion = self.completion else { return }
                person.dialCount += 1
                guard person.isReachable else {
                    return completion(.failure(.init(.connectionRefused, "not reachable")))
                }
                let (left, right) = MemoryStream.makePair(loop: world.loop)
                left.chunkSize = world.chunkSize
                right.chunkSize = world.chunkSize
                person.streams = [left, right]
                world.host.accept(right, from: person.network)
                completion(.success(left))
            }
        }

        func cancel() {
            completion = nil
        }
    }

    func sayAsHost(_ text: String) {
        host.local?.act { client, actions throws(ChatEvent.Notice) in
            try client.say(text, kind: .text, actions: &actions)
        }
    }

    var hostTexts: [String] {
        hostEvents.compactMap { if case .message(let message) = $0 { message.text } else { nil } }
    }

    /// Events of coming and going that the host saw.
    var hostComings: [ChatEvent] {
        hostEvents.filter {
            switch $0 {
            case .memberJoined, .memberLeft: true
            default: false
            }
        }
    }
}
