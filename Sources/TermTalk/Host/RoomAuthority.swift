internal import Chat
internal import EventLoop
internal import Room
internal import SecureSession
internal import Wire

/// Says in which order the room of a ``HostNode`` hears what comes by its links: a host of its own as it comes, several hosts as it
/// stands in their log. What the room then wants, the node does.
protocol RoomAuthority: AnyObject {
    var node: HostNode { get }

    /// Whether peers may come.
    var isOpen: Bool { get }
    /// A number for a connection that is about to be added; nil when there is none.
    func freeLink() -> LinkID?

    // MARK: What comes

    /// A whole message of a member, or of a visitor that the door lets ask the room.
    func said(_ type: UInt8, _ body: [UInt8], by connection: HostConnection, key: [UInt8])
    /// A peer asks to go on with a session, of which it has received so many records.
    func returned(_ session: UInt32, received: UInt32, on connection: HostConnection, key: [UInt8])
    func acknowledged(_ records: UInt32, by connection: HostConnection)
    /// A member's connection broke.
    func lost(_ link: LinkID)
    /// A connection is gone. If its peer waited to be let in, it does not any more.
    func gone(_ link: LinkID)
    /// The peer broke the protocol. Returns what the room wants once the connection is dropped.
    func cutOff(_ link: LinkID) -> [RoomAction]
    /// Nothing is read from members for a moment.
    var isCongested: Bool { get }

    // MARK: What the room wants

    /// Whose words the link's are; nil for a visitor's.
    func member(at link: LinkID) -> MemberID?
    func admit(_ link: LinkID, _ id: MemberID)
    func release(_ link: LinkID)
    /// The member's connection is released: nothing more is put into the log for it.
    func left(_ member: MemberID)
    /// The room has said something, which stands in the log.
    func appended(_ message: EncodedMessage, to audience: RoomLog.Audience, sequence: UInt64)
    /// Those to whom something was to be said that cannot be: they come in anew.
    func missed(_ audience: RoomLog.Audience)
    /// Whoever said something to one member that has arrived is told.
    func settleReceipts()
    /// All that the room wanted is done.
    func performed()
    /// Members are on their way in whose invite is perhaps no longer in force.
    func refuseNewcomers(actions: inout [RoomAction])

    // MARK: Time

    /// The time that the room goes by.
    var time: Duration { get }
    /// When it is that time of the room at this host.
    func local(_ time: Duration) -> Duration
    /// Whether this host tells the room what time it is.
    var tellsTime: Bool { get }
    /// This host was stopped for so long.
    func stoodStill(for time: Duration)
    func timePassed(now: Duration)

    // MARK: The end, and the disk

    /// Returns whether the room ends for everybody now; if not, all hosts are told that it is to.
    func ends(_ reason: ChatEvent.CloseReason) -> Bool
    /// The room ends, and is kept no longer.
    func keepsNoLonger()
    /// The room goes on without this process.
    func pauses()
    /// Whether the room goes on when this process ends.
    var isKept: Bool { get }
    /// The room was changed by something else than what is said in it.
    func stateChanged()
    /// Does that once the room as it is now is on the disk; at once where it is not kept there.
    func whenKept(_ body: @escaping () -> Void)
    /// The host's own participant has received all up to this number of the room's order.
    func hostReceived(upTo number: UInt64)
    /// Bytes that wait for the disk, or for the hosts' store; nil for a room that is kept in neither.
    var storeWaitingByteCount: Int? { get }
    /// The log that this host and others share; nil for a room that one host has.
    var sharedLog: RoomMetrics.SharedLog? { get }
}

// What is done for each message holds the node itself for as long as it takes: by an unowned reference each use counts.
extension RoomAuthority {
    var room: Room {
        _read { yield node.room }
        _modify { yield &node.room }
    }
    var loop: EventLoop { node.loop }
    var connections: ConnectionTable { _read { yield node.connections } }
}
