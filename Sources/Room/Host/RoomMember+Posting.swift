internal import Chat

// What a member says changes these where they are: a copy of a member counts what it refers to, for each message.
extension Room.Member {
    /// It has sealed something in that epoch. What it says later it has not sealed in an earlier one.
    mutating func hasSealed(in epoch: UInt64) {
        self.epoch = max(self.epoch, epoch)
        followed = max(followed, epoch)
    }

    /// Pays for what it has said. Returns for how long it has to pause.
    mutating func pays(messages count: Double, bytes byteCount: Int, _ limits: RoomLimits, now: Duration) -> Duration {
        max(
            messages.take(count, rate: limits.messagesPerSecond, capacity: limits.messageBurst, now: now),
            bytes.take(Double(byteCount), rate: limits.bytesPerSecond, capacity: limits.byteBurst, now: now))
    }

    /// Returns whether slow mode, with that interval, lets the post through; then it counts as said now.
    mutating func posts(_ id: MessageID, interval: Duration, now: Duration) -> Bool {
        if interval > .zero {
            if let last = postedAt, now < last + interval {
                heldID = heldID ?? id
                return false
            }
            // What a member says keeps its order; one that never comes again holds nothing else back for long.
            let held = heldID
            heldID = nil
            if let held, held != id { return false }
        }
        postedAt = now
        return true
    }
}
