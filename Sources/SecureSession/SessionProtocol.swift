/// The constants of the secure session: what is on the wire (docs/protocol.md, "Session"), and the limits of this
/// implementation.
package enum SessionProtocol {
    // MARK: On the wire

    /// The protocol's version, also part of every prologue.
    package static let version: UInt8 = 1

    /// First bytes of every prologue.
    static let prologueLabel = "TermTalk/1"

    /// The first byte of a connection: Noise XX, for a joiner with a room id and an address.
    package static let openPattern: UInt8 = 0x01

    /// The first byte of a connection: Noise XKpsk0, for a joiner with an invite.
    package static let invitePattern: UInt8 = 0x02

    /// Bytes of a frame's length prefix.
    static let lengthByteCount = 2

    /// Smallest frame after the handshake, length prefix included: with tor's own headers it fills one cell of 514 bytes.
    package static let smallestBucket = 488

    /// Buckets are `smallestBucket << 0...largestBucketShift`; one more would not fit a 16-bit length.
    static let largestBucketShift = 7

    /// Bytes of records in a sealed message with frames of the lane of files: with what is around them, 15,616 bytes.
    static let laneContentLimit = (smallestBucket << 5) - Padding.overhead

    /// A sealed message starts with the number of its first record and the count of records received, 4 bytes each.
    static let payloadHeaderByteCount = 8

    /// A record's header: type and length.
    static let recordHeaderByteCount = 3

    /// Content bytes in one record; more is split. A quarter of the largest bucket, so that one big message
    /// does not hold back small ones for long.
    static let recordBodyLimit = 16_384

    /// Bytes of a reassembled message: 64 KiB of text and the headers of room and group around it.
    package static let messageLimit = 65_536 + 4_096

    /// Bytes of a reassembled message that a host sends: a Welcome brings the tree of the group, which takes some 300 bytes
    /// for each member.
    static let longMessageLimit = 4 * 1_048_576

    /// The same of a member, which may have to send a Welcome when the host has no participant of its own. It is held
    /// until it is whole, for each member.
    static let memberMessageLimit = 524_288

    /// Sealed messages in one direction between two changes of its key.
    static let messagesPerKey: UInt64 = 1_024

    // MARK: Time

    /// A peer that has not finished its handshake and asked to join by then is dropped. Over tor a handshake takes two
    /// round trips of up to some seconds each.
    package static let responderDeadline = Duration.seconds(20)

    /// Longer than the responder's, so that the joiner learns how the host ended it.
    static let initiatorDeadline = Duration.seconds(30)

    /// Without anything else to send, an empty sealed message goes out this often.
    static let keepaliveInterval = Duration.seconds(60)

    /// A peer that was silent for this long is dead: two keepalives and half of a third.
    static let silenceLimit = Duration.seconds(150)

    /// A member that was silent for this long although it has something to acknowledge is dead. It acknowledges within
    /// ``acknowledgementDelay``, or says every ``lifeSignInterval`` that it is there; over tor some seconds more.
    static let memberAnswerLimit = Duration.seconds(45)

    /// The same of a host. It is shorter, because who waits for it has a message on the way: over tor the end of one half of
    /// a circuit is not always told to the other, and another circuit is the cure of one that is so slow.
    static let hostAnswerLimit = Duration.seconds(20)

    /// An empty message goes out this often while something that the peer has sent is not acknowledged, because nobody has
    /// read it yet, or nothing is read from a member that says too much.
    package static let lifeSignInterval = Duration.seconds(8)

    /// Received records are acknowledged after this time at the latest, with whatever else is sent before.
    static let acknowledgementDelay = Duration.milliseconds(500)

    /// Received records, or their bytes, after which an acknowledgement is sent at once. At the host an acknowledgement
    /// costs as much as ten deliveries, and a record that waits for one 8 bytes.
    static let unacknowledgedRecordLimit = 256
    static let unacknowledgedByteLimit = 262_144

    // MARK: Limits

    /// Record numbers are 32 bits; a session ends long before they would wrap.
    static let recordNumberLimit: UInt32 = .max - 65_536
}
