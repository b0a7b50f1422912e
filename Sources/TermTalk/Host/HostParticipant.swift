internal import Chat
internal import EventLoop
internal import Files
internal import Logging
internal import Room
internal import SecureSession
internal import Sodium
internal import Wire

/// The person at the host in its room: takes part by link 0, without a connection, and hears what the log has like everybody else.
final class HostParticipant {
    private unowned let node: HostNode
    let member: LoopMember
    /// Where to go on in the log; nil before it is in the room, and after.
    private var reader: RoomLog.Reader?
    private var records: UInt32 = 0
    /// Order number of the last message that was told, and of the last that counts as received.
    private var told: UInt64 = 0
    private var acknowledged: UInt64 = 0

    /// - Parameter wallClock: seconds since 1970, to tell the person since when somebody is away.
    init(_ client: MemberClient, files: FileOptions, wallClock: @escaping () -> Int64, node: HostNode) {
        self.node = node
        var carryOut: ((MemberClient.Action) -> Void)?
        member = LoopMember(client, loop: node.loop, wallClock: wallClock) { carryOut?($0) }
        carryOut = { [weak self] in self?.perform($0) }
        let owner = FileExchange.Owner(
            send: { [weak node] in node?.files.receivedLocally($0) }, room: { FileFormat.window / 2 },
            offer: { [member] offer, receiver throws(ChatEvent.Notice) in try member.offer(offer, to: receiver) },
            nick: { [member] in member.client.nick(of: $0) }, id: { [member] in member.client.id })
        node.files.own = FileExchange(loop: node.loop, options: files, owner: owner, tell: node.tell)
    }

    /// Asks the room to come in.
    func join() {
        member.perform(member.connected())
    }

    private func perform(_ action: MemberClient.Action) {
        let node = node
        let files = node.files
        switch action {
        case .send(let message):
            send(message)
        case .tell(let event):
            node.tell(event)
            if case .memberLeft(let member, _, _, _) = event { files.own?.memberLeft(member) }
        case .end(_, let refusal?):
            giveUp(refusal)
        // The host's own participant commits who comes and goes itself, and looks at what others commit before they hear
        // of it. If it has lost the group all the same, the room is no use any more.
        case .startOver:
            // It comes back into the group of a kept room when that is started again.
            giveUp(.init(.groupLost, "the room is closed: the host's own participant has lost its group"))
        case .offered(let offer, let member, let isPrivate):
            files.own?.offered.add(offer, from: member, isPrivate: isPrivate)
        case .admitted:
            files.connectedLocally()
            node.onEvent?(.joined)
        case .end, .registered, .moved, .hosts:
            break
        }
    }

    private func giveUp(_ notice: ChatEvent.Notice) {
        node.tell(.error(notice))
        node.loop.atEndOfTurn { [weak node] in
            guard let node else { return }
            if node.authority.isKept { node.ending.pause() } else { node.ending.close(.hostQuit) }
        }
    }

    private func send(_ message: EncodedMessage) {
        let node = node
        var actions: [RoomAction] = []
        do throws(RoomError) {
            try node.room.received(
                type: message.type, body: message.body, from: HostNode.localLink, key: node.identity.publicKey.bytes,
                isHost: true, now: node.loop.time, actions: &actions)
        } catch {
            node.logger.error("the room does not take what the host's own participant sends")
            member.act { client, actions in client.wasNotTaken(type: message.type, actions: &actions) }
        }
        node.perform(actions)
    }

    // MARK: What the room says

    /// It is in, and goes on there.
    func cameIn(at reader: RoomLog.Reader) {
        self.reader = reader
        records = 0
    }

    func left() { reader = nil }

    /// Where it is in the log; nil before it is in the room, and after.
    var place: MemberID? { reader?.member }

    /// Hears what the log has for it. What it says to that comes into the log behind.
    func read() {
        let node = node
        var unread: [EncodedMessage] = []
        while var reader {
            unread.removeAll(keepingCapacity: true)
            node.ask { $0.log.read(reader, limit: 1, into: &unread) }
            guard let message = unread.first else { return }
            node.ask { $0.log.advance(&reader, by: 1) }
            self.reader = reader
            records &+= UInt32(message.recordCount)
            let sequence = node.room.log.acknowledged(records, by: reader.member) ?? 0
            hear(message)
            node.authority.settleReceipts()
            if sequence > 0 {
                told = sequence
                acknowledge()
            }
        }
    }

    /// The person has received what the console has taken.
    func acknowledge() {
        let number = member.cleared(told)
        guard number > acknowledged, reader != nil else { return }
        acknowledged = number
        let node = node
        node.room.acknowledged(sequence: number, by: HostNode.localLink, now: node.loop.time)
        node.authority.hostReceived(upTo: number)
    }

    func hear(_ message: EncodedMessage) {
        do throws(RoomError) {
            try member.received(type: message.type, body: message.body)
        } catch {
            node.logger.error("the host's own participant does not take what the room sends")
            perform(.startOver)
        }
    }
}
