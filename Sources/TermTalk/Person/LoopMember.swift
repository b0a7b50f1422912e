internal import Chat
internal import EventLoop
internal import Room
internal import Sodium

/// A participant on the loop: a ``MemberClient`` with its clock, its timer, and what follows from what it does. The same for
/// the person at the host and for one who joined; what carries its messages is the owner's.
package final class LoopMember {
    private let loop: EventLoop
    let wallClock: () -> Int64
    private(set) var client: MemberClient
    /// Carries out what the client wants, one after the other.
    private let carryOut: (MemberClient.Action) -> Void
    private var timer: TimerHandle?
    private var deadline: Duration?
    private var isOver = false
    /// Whether it was in a room, and is not connected to it at the moment.
    var isAway: (() -> Bool)?
    /// When the host reads what it says again.
    private var pausedUntil: Duration = .zero
    private var wasCongested = false
    /// Called when `isCongested` has become false.
    var onDecongested: (() -> Void)?
    /// How far the console is; nil when it takes all at once.
    var outputProgress: (() -> OutputProgress)?
    private var receiptGate = ReceiptGate()

    /// - Parameter wallClock: seconds since 1970, to tell the person since when somebody is away.
    init(
        _ client: consuming MemberClient, loop: EventLoop, wallClock: @escaping () -> Int64,
        carryOut: @escaping (MemberClient.Action) -> Void
    ) {
        self.loop = loop
        self.wallClock = wallClock
        self.client = client
        self.carryOut = carryOut
    }

    /// Nothing is done, and nothing becomes due, any more.
    func stop() {
        isOver = true
        timer?.cancel()
    }

    private func tellTime() {
        client.now = loop.time
        client.wallTime = wallClock()
    }

    // MARK: What happens

    /// Does something with the client, and then what follows from that; what goes wrong is told.
    func act(_ body: (inout MemberClient, inout [MemberClient.Action]) throws(ChatEvent.Notice) -> Void) {
        guard !isOver else { return }
        var actions: [MemberClient.Action] = []
        tellTime()
        do {
            try body(&client, &actions)
        } catch {
            actions.append(.tell(.error(error)))
        }
        perform(actions)
    }

    /// A whole message from the host.
    ///
    /// - Throws: ``RoomError/malformed``, after what came before it in the message has been carried out.
    func received(type: UInt8, body: [UInt8]) throws(RoomError) {
        var actions: [MemberClient.Action] = []
        tellTime()
        defer { perform(actions) }
        try client.received(type: type, body: body, actions: &actions)
    }

    /// The connection to the host is open, and is not the continuation of an earlier one. Returns what is to be carried out with
    /// ``perform(_:)`` when the host may be talked to.
    func connected() -> [MemberClient.Action] {
        var actions: [MemberClient.Action] = []
        tellTime()
        client.connected(actions: &actions)
        return actions
    }

    func connectionLost() { client.connectionLost() }

    /// Whether the program stood still until now, so that what comes may have waited for it.
    func stoodStill(_ isLate: Bool) { client.isLate = isLate }

    func perform(_ actions: [MemberClient.Action]) {
        for action in actions { carryOut(action) }
        schedule()
    }

    /// Asked where the client is, which would be copied for it.
    private static func nextDeadline(of client: inout MemberClient) -> Duration? { client.nextDeadline }

    /// What it has to do for the group in time.
    private func schedule() {
        guard let next = Self.nextDeadline(of: &client), next != deadline, !isOver else { return }
        timer?.cancel()
        deadline = next
        timer = loop.schedule(after: max(next - loop.time, .milliseconds(1))) { [weak self] in
            self?.deadline = nil
            self?.act { client, actions in client.timePassed(actions: &actions) }
        }
    }

    // MARK: What the person wants

    func say(_ text: String, kind: MessageContent.Kind, to receiver: String?) {
        let isAway = isAway?() == true
        act { client, actions throws(ChatEvent.Notice) in
            guard let id = try client.say(text, kind: kind, to: receiver, actions: &actions), isAway else { return }
            actions.append(.tell(.waiting(id, text: text)))
        }
        wasCongested = wasCongested || isCongested
    }

    /// Offers a file, to all or to one member. Returns whom it is for; nil for all.
    func offer(_ offer: SecretContent, to receiver: String?) throws(ChatEvent.Notice) -> MemberID? {
        guard !isOver else { return nil }
        var actions: [MemberClient.Action] = []
        tellTime()
        let target = try client.offer(offer, to: receiver, actions: &actions)
        perform(actions)
        return target
    }

    func changeNick(to nick: String) {
        act { client, actions throws(ChatEvent.Notice) in try client.changeNick(to: nick, actions: &actions) }
    }

    /// Checks who others are, or what the room's words are; those take a moment, and are made elsewhere.
    func verify(_ command: VerifyCommand) {
        act { client, actions throws(ChatEvent.Notice) in
            switch command {
            case .member(let name): try client.check(name, actions: &actions)
            case .answer(let name, let isSame): try client.answerCheck(name, isSame: isSame, actions: &actions)
            case .room:
                let roomWords = try client.roomWords()
                loop.offload {
                    try? roomWords.words()
                } then: { [weak self] words in
                    self?.act { client, actions throws(ChatEvent.Notice) in
                        guard let words else { throw .wordsNeedMemory }
                        let overview = client.overview(epoch: roomWords.epoch, words: words)
                        actions.append(.tell(.verification(.room(overview))))
                    }
                }
            }
        }
    }

    // MARK: Pace

    /// Whether so much waits to be delivered, or the host reads so little, that no more should be read from the person's input.
    var isCongested: Bool {
        pausedUntil > loop.time || client.outboxCount >= MemberClient.outboxHighWaterMark
    }

    /// The host reads nothing that it says before.
    func pause(until: Duration) {
        let isPaused = pausedUntil > loop.time
        pausedUntil = max(pausedUntil, until)
        wasCongested = true
        if !isPaused { endPauseLater() }
    }

    private func endPauseLater() {
        _ = loop.schedule(after: max(pausedUntil - loop.time, .milliseconds(1))) { [weak self] in
            guard let self else { return }
            self.pausedUntil > self.loop.time ? self.endPauseLater() : self.reportDecongestion()
        }
    }

    func reportDecongestion() {
        guard wasCongested, !isCongested else { return }
        wasCongested = false
        onDecongested?()
    }

    /// Of what came, up to `number`, how much may count as received: what the console has taken.
    func cleared(_ number: UInt64) -> UInt64 { receiptGate.clear(number, outputProgress?()) }

    /// What comes is counted from the beginning.
    func countsAnew() { receiptGate = ReceiptGate() }
}
