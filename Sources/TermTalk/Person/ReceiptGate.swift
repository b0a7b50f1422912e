/// Says which of what came may be acknowledged as received: what a person cannot have seen, because it still waits for the
/// reader of the output, may not.
struct ReceiptGate {
    /// All up to `number` may be acknowledged once the output has taken what was told up to `position`.
    private var mark: (number: UInt64, position: UInt64)?
    private var cleared: UInt64 = 0

    /// The highest number that may be acknowledged; `number` is that of the last thing that was told.
    mutating func clear(_ number: UInt64, _ progress: OutputProgress?) -> UInt64 {
        guard let progress, progress.taken < progress.told else {
            mark = nil
            cleared = number
            return number
        }
        if let mark, progress.taken >= mark.position {
            cleared = mark.number
            self.mark = nil
        }
        if mark == nil, number > cleared { mark = (number, progress.told) }
        return cleared
    }
}
