/// The limits of what people say and ask for, each with its reason.
package enum ChatLimits {
    /// Bytes of a text in UTF-8.
    package static let textByteCount = 65_536

    /// Joiners that wait for the host at a time; a person does not look through more. They hold connections, of which there
    /// are 256 for those who are not members.
    package static let waiting = 32

    /// Slow mode allows one message in so many seconds at the least: whoever wants less wants a locked room.
    package static let slowestSeconds: Int64 = 3_600

    /// Bytes of UTF-8 of a topic, or of the reason for which a member is removed: a line on a wide screen.
    package static let remarkByteCount = 400

    /// Receipts are counted in rooms of up to this many members; beyond it "received by 731 of 900" helps nobody.
    package static let receiptMembers = 256
}
