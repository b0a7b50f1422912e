/// What a store's writer thread tells, in the order in which it happened.
package enum StoreReport: Equatable, Sendable {
    /// All inputs up to this number are on the disk, also after a power cut.
    case durable(through: UInt64)
    /// The checkpoint of this serial number, at this input, is on the disk, and with it those that were handed over before.
    case checkpointed(input: UInt64, serial: UInt64)
    /// The disk is full. What waits is tried again each second; nothing is durable until ``resumed``. A checkpoint may still be
    /// written, into space that is held in reserve for it, and what it deletes may be what is missing.
    case stalled
    /// There is space again.
    case resumed
    /// The writer has ended, and nothing more becomes durable. What waited may be in the file or not.
    case failed(StoreError)
}
