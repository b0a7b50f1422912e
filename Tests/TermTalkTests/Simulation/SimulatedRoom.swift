import Chat
import EventLoop
import Logging
import Room
import SecureGroup
import SecureSession
import Sodium
import TestSupport

@testable import TermTalk

/// The real host and members of a room, in made-up time over made-up links, and the faults that a seed stands for.
final class SimulatedRoom {
    let loop: EventLoop
    let host: HostNode
    var random: SeededRandom
    /// What ids are made from.
    private var idRandom: SeededRandom
    private(set) var stays: [SimulatedStay] = []
    private var links: [SimulatedLink] = []
    private(set) var hostTexts: [String] = []
    /// What was said to the host alone.
    private(set) var hostWhispers: [String] = []
    private(set) var hostSequences: [UInt64] = []
    private(set) var hostClosed: ChatEvent.CloseReason?
    private(set) var faultCounts: [String: Int] = [:]
    /// Gets a line for everything that happens, in milliseconds of made-up time.
    var trace: ((Substring) -> Void)?
    private var saidCount = 0
    /// Made once: without optimisation it costs more than what happens to it.
    private static let padding = (0..<400).map { String(repeating: "x", count: $0) }
    private static let longPadding = String(repeating: ".", count: 10_000)
    private let identity: RoomIdentity
    private let invite = InviteSecret()
    private let room = RoomName.random()
    private let delay: Duration
    private let absence: Duration
    private var isHealed = false
    /// One room in sixteen has real groups: without optimisation they take thirty times as long as everything else.
    let hasRealGroup: Bool
    private let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

    /// - Parameters:
    ///   - limits: those of the room; what is left out depends on the seed.
    ///   - hasRealGroup: left out, it is one for each sixteenth seed.
    ///   - delay: what a byte needs each way at least; nil for one that the seed stands for.
    init(
        seed: UInt64, limits given: RoomLimits? = nil, hasRealGroup: Bool? = nil, delay: Duration? = nil
    ) throws {
        SodiumLibrary.initialize()
        random = SeededRandom(seed: seed)
        idRandom = SeededRandom(seed: ~seed)
        self.hasRealGroup = hasRealGroup ?? seed.isMultiple(of: 16)
        let loop = try EventLoop(simulatedFrom: MonotonicTime(nanoseconds: 1_000_000_000_000))
        self.loop = loop
        identity = RoomIdentity(
            prologue: Prologue(room: room.description, onionKey: nil), staticKey: X25519.PrivateKey(),
            invites: [invite], acceptsOpen: false)
        var limits = RoomLimits()
        // The least is so little that a member's own words can be more.
        limits.logByteCount = [12_000, 150_000, 600_000, 4 << 20][random.below(4)]
        limits.absence = .seconds([30, 300, 900][random.below(3)])
        limits = given ?? limits
        absence = limits.absence
        let ofSeed = Duration.milliseconds([1, 40, 600][random.below(3)])
        self.delay = delay ?? ofSeed
        var told: ((ChatEvent) -> Void)?
        host = HostNode(
            loop: loop, identity: identity, limits: limits, closesAt: nil,
            book: self.hasRealGroup ? PublicRoomGroup.self : PlainBook.self, logger: logger,
            tell: { told?($0) })
        told = { [weak self] event in
            self?.trace("host", event)
            guard case .message(let message) = event else { return }
            guard let sequence = message.sequence else {
                self?.hostWhispers.append(message.text)
                return
            }
            self?.hostTexts.append(message.text)
            self?.hostSequences.append(sequence)
        }
        host.onEvent = { [weak self] in if case .closed(let reason) = $0 { self?.hostClosed = reason } }
        var hostRandom = SeededRandom(seed: idRandom.next())
        host.joinLocally(
            MemberClient(
                nick: "host", engine: engine(), random: { UInt32(truncatingIfNeeded: hostRandom.next()) }),
            wallClock: { 0 })
    }

    deinit {
        for link in links { link.dissolve() }
    }

    private func trace(_ who: String, _ what: @autoclosure () -> Any) {
        guard let trace else { return }
        // Both are other ones in each run.
        let line = "\(loop.now.nanoseconds / 1_000_000 - 1_000_000) \(who) \(what())"
            .replacing(room.description, with: "room").replacing(identity.publicKey.text, with: "key")
        trace(line.prefix(400))
    }

    private func engine() -> any GroupEngine {
        hasRealGroup
            ? RoomGroup(creator: nil, time: 1_000_000_000)
            : PlainGroup(id: MemberID(entropy: UInt32(truncatingIfNeeded: idRandom.next())))
    }

    var given: UInt64 { UInt64(hostTexts.count) }
    var alive: [SimulatedStay] { stays.filter(\.isAlive) }

    // MARK: People

    @discardableResult
    func addMember() throws -> SimulatedStay {
        let stay = SimulatedStay(name: "m\(stays.count)")
        stays.append(stay)
        stay.numbersAtStart = given
        var jitter = SeededRandom(seed: random.next())
        let node = MemberNode(
            loop: loop,
            target: .init(room: room, address: try RoomAddress("127.0.0.1:1"), policy: .pinned(.invite)),
            credentials: JoinCredentials(
                prologue: Prologue(room: room.description, onionKey: nil), staticKey: X25519.PrivateKey(),
                hostKey: identity.publicKey, invite: invite),
            client: MemberClient(
                nick: stay.name, engine: engine(), random: { UInt32(truncatingIfNeeded: jitter.next()) }),
            dial: { [weak self, weak stay] in SimulatedDial(self, stay, $0) },
            logger: logger, wallClock: { 0 },
            tell: { [weak self, weak stay] event in
                guard let self, let stay, stay.isAlive else { return }
                self.trace(stay.name, event)
                stay.heard(event, given: self.given)
            })
        node.onEvent = { [weak stay] event in
            guard case .ended(let reason, let notice) = event, let stay, !stay.isKilled else { return }
            stay.ending = (reason, notice)
        }
        stay.node = node
        node.start()
        return stay
    }

    func say(_ stay: SimulatedStay) {
        saidCount += 1
        let text = "\(stay.name) \(saidCount) " + Self.padding[random.below(400)]
        stay.said.append(text)
        stay.node?.say(text, kind: .text, to: nil)
    }

    func sayAsHost(isLong: Bool = false) {
        saidCount += 1
        let text = "host \(saidCount)" + (isLong ? Self.longPadding : "")
        host.local?.act { client, actions throws(ChatEvent.Notice) in
            try client.say(text, kind: .text, actions: &actions)
        }
    }

    /// The host and a member are connected by a new link.
    fileprivate func connect(_ stay: SimulatedStay) -> any ByteStream {
        let link = SimulatedLink(loop: loop, delay: delay, seed: random.next())
        stay.link = link
        links.append(link)
        host.accept(link.ends[1])
        return link.ends[0]
    }

    fileprivate func dialTime() -> Duration { delay * 3 }

    // MARK: Faults

    /// Something goes wrong, or somebody says something.
    func somethingHappens() throws {
        let alive = self.alive.filter { !$0.ids.isEmpty }
        guard let stay = alive.isEmpty ? nil : alive[random.below(alive.count)] else {
            if self.alive.count < 2 { try addMember() }
            return
        }
        let time = Duration.milliseconds([300, 5_000, 60_000, 400_000][random.below(4)] * (1 + random.below(10)) / 10)
        let fault: String
        switch random.below(38) {
        case 0...9:
            for _ in 0..<1 + random.below(3) { say(stay) }
            return
        case 10...12:
            for _ in 0..<5 + random.below(25) { say(stay) }
            return
        case 13...14:
            sayAsHost()
            return
        case 15...16:
            for _ in 0..<5 + random.below(25) { sayAsHost(isLong: true) }
            return
        case 17...18:
            stay.whispered.append("\(stay.name) whispers \(stay.whispered.count)")
            stay.node?.say(stay.whispered.last ?? "", kind: .text, to: "host")
            return
        case 19...22:
            fault = "broken"
            stay.link?.breakDown()
        case 23:
            fault = "broken, one end knows"
            stay.link?.breakDown(tellOnly: random.below(2))
        case 24...25:
            fault = "silent"
            stay.link?.goSilent()
        case 26...28:
            fault = "stalled one way"
            stay.link?.stall(from: random.below(2), for: time)
        case 29...30:
            fault = "unreachable"
            stay.isReachable = false
            stay.dialsHang = random.below(2) == 0
            stay.link?.breakDown()
            loop.schedule(after: time) { [weak stay] in stay?.isReachable = true }
        case 31:
            fault = "killed and started again"
            stay.kill()
            try addMember()
        case 32:
            fault = "slept"
            loop.skip(time)
            stay.node?.woke()
        case 33:
            fault = "all stopped"
            loop.skip(time)
        case 34:
            fault = "network event"
            stay.node?.tryNow()
        case 35...36:
            fault = "heard, and lost its place"
            loseItsPlace(stay)
        default:
            guard self.alive.count < 5 else { return }
            fault = "newcomer"
            try addMember()
        }
        trace(stay.name, "\(fault) \(time)")
        faultCounts[fault, default: 0] += 1
    }

    /// The host hears what the member says, and gives its place away before the member knows.
    private func loseItsPlace(_ stay: SimulatedStay) {
        stay.link?.stall(from: 1, for: .seconds(3_600))
        for _ in 0..<1 + random.below(3) { say(stay) }
        let link = stay.link
        let time = absence * (9 + random.below(4)) / 10
        loop.schedule(after: delay * 4) { [weak self, weak stay, weak link] in
            guard let self, let stay, !self.isHealed else { return }
            stay.isReachable = false
            link?.breakDown()
            self.loop.schedule(after: time) { [weak stay] in stay?.isReachable = true }
        }
    }

    /// Everything works again.
    func heal() {
        isHealed = true
        for stay in alive {
            stay.isReachable = true
            stay.dialsHang = false
            stay.link?.mend()
        }
    }

    /// Whether everybody is back and has heard everything.
    var isSettled: Bool {
        alive.allSatisfy { stay in
            guard !stay.ids.isEmpty, !stay.isAway, stay.node?.person.client.outboxCount == 0 else { return false }
            let sequence: UInt64
            switch stay.told.last {
            case .message(let number, _), .passedOver(let number): sequence = number
            case .missed, nil: return false
            }
            return sequence == given && Set(stay.members.keys) == Set(host.localMembers.map(\.id))
        }
    }

    func closeHost() {
        host.ending.close(.hostQuit)
    }
}

/// A dial that takes a while, is refused, or hangs.
private final class SimulatedDial: Cancellable {
    typealias Completion = (Result<any ByteStream, ChatEvent.Notice>) -> Void

    private var completion: Completion?

    init(_ room: SimulatedRoom?, _ stay: SimulatedStay?, _ completion: @escaping Completion) {
        self.completion = completion
        guard let room, let stay else { return }
        let isHanging = !stay.isReachable && stay.dialsHang
        room.loop.schedule(after: isHanging ? .seconds(20) : room.dialTime()) { [weak room, weak stay] in
            guard let room, let stay, stay.isAlive, let completion = self.completion else { return }
            self.completion = nil
            if stay.isReachable {
                completion(.success(room.connect(stay)))
            } else {
                completion(.failure(.init(isHanging ? .connectionTimeout : .connectionRefused, "not reachable")))
            }
        }
    }

    func cancel() {
        completion = nil
    }
}
