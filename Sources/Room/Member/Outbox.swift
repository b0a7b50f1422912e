internal import Chat
internal import Sodium

/// What a member has said and asked for, in this order, until the host has confirmed it, and what it remembers of that afterwards.
struct Outbox {
    struct Message {
        var id: MessageID
        var to: MemberID?
        var content: EnvelopeContent
        /// Hashes of what was sent, each time sealed anew: the host may take the one before the last, when it had held another message back.
        fileprivate(set) var sealed: [[UInt8]] = []
        /// The latest of these forms, and the epoch of the group that it is of.
        fileprivate(set) var form: (epoch: UInt64, bytes: [UInt8])?
        /// The epoch of the group in which it was sealed last.
        fileprivate(set) var epoch: UInt64 = 0

        /// What goes out again in this epoch.
        func form(of epoch: UInt64) -> [UInt8]? { form?.epoch == epoch ? form?.bytes : nil }
    }

    /// The host counts receipts for the latest ``RoomLimits/remembered`` messages of the room, or twice as many, and all can be
    /// ours; those in the outbox come to them.
    static let sentIDsRemembered = 2 * RoomLimits.remembered + 2 * MemberClient.outboxHighWaterMark

    /// On a connection that keeps the order no more than two can be on their way.
    static let formsRemembered = 4

    private(set) var messages: [Message] = []
    /// What was asked for as a moderator and has no answer yet.
    private(set) var requests: [(id: MessageID, moderation: Moderation)] = []
    /// Which of the messages have been sent in this stay.
    private var window = SendWindow()
    /// The ids of what was sent to all, or asked for: the host can answer to nothing else.
    var sent = RecentSet<MessageID>(limit: sentIDsRemembered)
    /// The same of what was sent to one member alone. Its receipt comes when that one is back, however much was said to all by then.
    private var sentPrivately = RecentSet<MessageID>(limit: sentIDsRemembered)
    /// The latest of the messages that nobody is shown, and of which nobody hears that they have arrived.
    private var unseen = RecentSet<MessageID>(limit: RoomLimits.remembered)
    /// The epochs in which the latest of what the host has taken was sealed.
    private var taken: [(epoch: UInt64, isPrivate: Bool)] = []

    var count: Int { messages.count + requests.count }

    mutating func append(_ message: Message) { messages.append(message) }

    mutating func append(_ request: MessageID, _ moderation: Moderation) {
        sent.insert(request)
        requests.append((request, moderation))
    }

    // MARK: On its way

    /// Whether no message is on its way.
    var isIdle: Bool { window.count == 0 }

    /// The first message that is not on its way.
    var next: Message? { window.count < messages.count ? messages[window.count] : nil }

    /// It goes out, if so much may be on its way. Returns where it is in the outbox.
    mutating func takeNext() -> Int? {
        guard let next, window.takes(next.content.byteCount) else { return nil }
        return window.count - 1
    }

    /// The message at that place was sealed in that epoch, and goes out so, however often: others can pass over so many keys of a
    /// sender and no more. What follows it is sealed anew, so that the keys keep the order of the messages.
    mutating func send(_ index: Int, sealed: [UInt8], in epoch: UInt64) {
        messages[index].form = (epoch, sealed)
        messages[index].epoch = epoch
        for later in messages.indices.dropFirst(index + 1) { messages[later].form = nil }
        messages[index].sealed = messages[index].sealed.suffix(Self.formsRemembered - 1) + [BLAKE2b.hash(sealed.span)]
        if messages[index].to == nil {
            sent.insert(messages[index].id)
        } else {
            sentPrivately.insert(messages[index].id)
        }
    }

    /// The message, if it is what has come back.
    func message(_ id: MessageID, to receiver: MemberID?, sealed: [UInt8]) -> Message? {
        guard let message = messages.first(where: { $0.id == id }), message.to == receiver,
            message.sealed.contains(BLAKE2b.hash(sealed.span))
        else { return nil }
        return message
    }

    /// A new stay begins, with nothing on its way, and in a group that cannot open what was sealed before.
    mutating func begin(isReturn: Bool) {
        window.begin(isReturn: isReturn)
        for index in messages.indices { messages[index].form = nil }
    }

    /// Nothing counts as being on its way any more: all is to be sent again.
    mutating func rewind() { window.rewind() }

    /// The same, as this message was held back; false where it is not on its way: an earlier one was held back, and has gone again
    /// already.
    mutating func holdBack(_ id: MessageID) -> Bool {
        guard let index = messages.firstIndex(where: { $0.id == id }), index < window.count else { return false }
        window.rewind()
        return true
    }

    // MARK: Answers

    /// Whether something was sent under this id, of late.
    func hasSent(_ id: MessageID) -> Bool { sent.contains(id) || sentPrivately.contains(id) }

    /// Whether anybody hears that the message has arrived.
    func isSeen(_ id: MessageID) -> Bool { !unseen.contains(id) }

    /// The host has answered to a message; if it is in the outbox, it leaves that.
    mutating func takeOut(_ id: MessageID) -> Message? {
        guard let index = messages.firstIndex(where: { $0.id == id }) else { return nil }
        let taken = messages.remove(at: index)
        window.removed(taken.content.byteCount, at: index)
        return taken
    }

    /// The host has taken the message.
    mutating func confirm(_ id: MessageID) -> Message? {
        guard let message = takeOut(id) else { return nil }
        if case .said = message.content {
            if taken.count >= RoomLimits.remembered { taken.removeFirst() }
            taken.append((message.epoch, isPrivate: message.to != nil))
            return message
        }
        unseen.insert(id)
        return message
    }

    /// The epochs behind this one are void. Returns how much of what the host has taken, of late, for all and privately, was sealed in
    /// them: those who could not follow the group there have not read it.
    mutating func undone(to epoch: UInt64) -> (forAll: Int, privately: Int) {
        let void = taken.filter { $0.epoch > epoch }
        taken.removeAll { $0.epoch > epoch }
        let privately = void.count(where: \.isPrivate)
        return (void.count - privately, privately)
    }

    /// The host has answered to what was asked for as a moderator.
    mutating func answered(_ request: MessageID) {
        requests.removeAll { $0.id == request }
    }
}
