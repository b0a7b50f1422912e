internal import Sodium

extension LogHead {
    /// 32 hexadecimal digits.
    var text: String { Base16.encode(high) + Base16.encode(low) }

    init?(_ text: some StringProtocol) {
        guard let high = Base16.uint64(text.prefix(16)), let low = Base16.uint64(text.dropFirst(16)) else { return nil }
        self.init(high: high, low: low)
    }
}

extension LogPlace {
    /// `EPOCH-NUMBER:HEAD`.
    var text: String { "\(position.text):\(head.text)" }

    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let position = LogPosition(parts[0]), let head = LogHead(parts[1]) else { return nil }
        self.init(position: position, head: head)
    }
}

extension WriterID {
    /// `HOST.INCARNATION`, both decimal.
    var text: String { "\(host).\(incarnation)" }

    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let host = UInt64(parts[0]), let incarnation = UInt32(parts[1]) else { return nil }
        self.init(host: host, incarnation: incarnation)
    }
}

extension OpeningRound {
    /// `HOST.INCARNATION/COUNT`.
    var text: String { "\(writer.text)/\(count)" }

    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let writer = WriterID(parts[0]), let count = UInt32(parts[1]) else { return nil }
        self.init(writer: writer, count: count)
    }
}

extension HostReport {
    /// `EPOCH-NUMBER:HEAD/COUNT`.
    var text: String { "\(place.text)/\(count)" }

    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let place = LogPlace(parts[0]), let count = UInt32(parts[1]) else { return nil }
        self.init(place: place, count: count)
    }
}
