internal import EventLoop

/// Descriptors that could not be fetched lately, for tors whose SOCKS port does not say why a connection failed.
struct DescriptorFailures {
    /// Services remembered: one program dials a handful.
    static let maximumCount = 64
    /// How long a failure says something about an attempt that just failed: tor tries all directories within it.
    static let lifetime = Duration.seconds(60)

    private var entries: [String: (error: TorError, time: MonotonicTime)] = [:]

    init() {}

    mutating func received(_ event: DescriptorEvent, now: MonotonicTime) {
        switch event.action {
        case .received: entries[event.serviceID] = nil
        case .failed:
            guard event.serviceID.utf8.count == OnionAddress.serviceIDLength, let error = Self.error(event.reason)
            else { return }
            if entries[event.serviceID] == nil, entries.count >= Self.maximumCount,
                let oldest = entries.min(by: { $0.value.time < $1.value.time })
            {
                entries[oldest.key] = nil
            }
            entries[event.serviceID] = (error, now)
        default: break
        }
    }

    /// Why the descriptor of `address` could not be fetched, when that was lately.
    func failure(for address: OnionAddress, now: MonotonicTime) -> TorError? {
        guard let entry = entries[address.serviceID], now - entry.time <= Self.lifetime else { return nil }
        return entry.error
    }

    private static func error(_ reason: String?) -> TorError? {
        switch reason {
        case "NOT_FOUND": .onionNotFound
        case "BAD_DESC": .onionUnreachable(.descriptorInvalid)
        default: nil
        }
    }
}
