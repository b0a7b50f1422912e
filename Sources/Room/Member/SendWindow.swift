/// How much of what a member has said may be on its way to the host, unconfirmed. What is confirmed comes back as it was
/// sent, so without a bound a member could make the host keep more for it than it may, and would be cut off by its own words.
///
/// It counts the messages at the front of an outbox.
struct SendWindow {
    /// Bytes under way while nothing is known against it, so that one member cannot fill the room's log at once.
    static let widest = 524_288

    /// Bytes under way at first after the host had to let the member in anew, perhaps because it was given too much. Twice as
    /// much each time that all of it is confirmed. One message may always be under way, so each stay gets further than the
    /// one before.
    static let careful = 4_096

    /// What a message counts besides its text: ids, numbers, and what encryption and the host's bookkeeping add.
    static let messageCost = 256

    private var limit = widest
    private var byteCount = 0
    /// Messages under way.
    private(set) var count = 0

    /// A new stay begins, with nothing under way.
    mutating func begin(isReturn: Bool) {
        self = SendWindow()
        if isReturn { limit = Self.careful }
    }

    /// Whether a message with so many bytes may go out now, behind the others; it counts as under way then.
    mutating func takes(_ bytes: Int) -> Bool {
        guard count == 0 || byteCount + bytes + Self.messageCost <= limit else { return false }
        count += 1
        byteCount += bytes + Self.messageCost
        return true
    }

    /// Nothing counts as under way any more: all is to be sent again.
    mutating func rewind() {
        byteCount = 0
        count = 0
    }

    /// The outbox's message at `index` is not in it any more.
    mutating func removed(_ bytes: Int, at index: Int) {
        guard index < count else { return }
        count -= 1
        byteCount -= bytes + Self.messageCost
        limit = min(limit + bytes + Self.messageCost, Self.widest)
    }
}
