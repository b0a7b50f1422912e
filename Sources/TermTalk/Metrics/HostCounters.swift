/// What a host has moved since it began. It counts, and knows nobody.
struct HostCounters: Equatable {
    /// Entries of the log that were sealed for a member: one for each entry and member.
    var deliveries: UInt64 = 0
    /// Sealed bytes, as they go to the members' connections.
    var sentByteCount: UInt64 = 0
    /// Bytes that peers sent, whoever they are.
    var receivedByteCount: UInt64 = 0
}
