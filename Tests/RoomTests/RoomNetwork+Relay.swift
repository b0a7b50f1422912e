@testable import Room

extension RoomNetwork {
    /// A room whose host is a relay.
    static func relay(
        admitsUnattended: Bool = true, _ change: (inout RoomLimits) -> Void = { _ in }
    ) -> RoomNetwork {
        var limits = RoomLimits()
        limits.isRelay = true
        limits.admitsUnattended = admitsUnattended
        change(&limits)
        let network = RoomNetwork(limits: limits)
        network.isRelay = true
        return network
    }
}
