/// Where an entry stands in the shared log: `EPOCH-NUMBER`, the id that Redis knows it by.
///
/// Numbers are dense in an epoch; number 0 is what opened it. Epoch 0 is before all.
package struct LogPosition: Hashable, Comparable, Sendable {
    package var epoch: UInt64
    package var number: UInt64

    /// Before the first entry.
    package static let origin = LogPosition(epoch: 0, number: 0)

    package init(epoch: UInt64, number: UInt64) {
        self.epoch = epoch
        self.number = number
    }

    /// Reads `EPOCH-NUMBER`, both decimal; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = UInt64(parts[0]), let number = UInt64(parts[1]) else { return nil }
        self.init(epoch: epoch, number: number)
    }

    package var text: String { "\(epoch)-\(number)" }

    package static func < (left: LogPosition, right: LogPosition) -> Bool {
        (left.epoch, left.number) < (right.epoch, right.number)
    }
}
