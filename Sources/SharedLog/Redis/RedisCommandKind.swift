/// What an answer is to be read as.
enum RedisCommandKind: Sendable {
    case status
    case entries
    case snapshot
    case change

    /// What Redis says it means; ``StoreReply/failed`` for its errors, and for what means nothing.
    func reply(_ value: RESPValue) -> StoreReply {
        switch (self, value) {
        case (.snapshot, .bytes(let bytes)): .snapshot(bytes)
        case (.entries, .array(let values?)): Self.entries(values) ?? .failed
        case (.status, .array(let values?)): Self.status(values) ?? .failed
        case (.entries, .bytes(let word?)), (.change, .bytes(let word?)): Self.word(word) ?? .failed
        default: .failed
        }
    }

    private static func word(_ bytes: [UInt8]) -> StoreReply? {
        switch String(decoding: bytes, as: UTF8.self) {
        case "REFUSED": .refused
        case "DONE": .done
        default: nil
        }
    }

    private static func entries(_ values: [RESPValue]) -> StoreReply? {
        guard values.count % 2 == 1, let last = values.first?.string.flatMap({ LogPosition($0) }) else { return nil }
        var entries: [StoredEntry] = []
        for index in stride(from: 1, to: values.count, by: 2) {
            guard let position = values[index].string.flatMap({ LogPosition($0) }),
                case .bytes(let bytes?) = values[index + 1]
            else { return nil }
            entries.append(StoredEntry(position: position, bytes: bytes))
        }
        return .entries(entries, last: last)
    }

    private static func status(_ values: [RESPValue]) -> StoreReply? {
        let words = values.compactMap(\.string)
        guard words.count == values.count, words.count >= 5, words.count % 2 == 1,
            words[0].utf8.count <= StoreToken.byteLimit
        else { return nil }
        var holding: StoreHolding?
        if !words[1].isEmpty {
            guard let last = LogPosition(words[1]), let head = LogHead(words[2]) else { return nil }
            holding = StoreHolding(last: last, epochHead: head)
        }
        var round: OpeningRound?
        if !words[4].isEmpty {
            round = OpeningRound(words[4])
            guard round != nil else { return nil }
        }
        var reports: [WriterID: HostReport] = [:]
        for index in stride(from: 5, to: words.count, by: 2) {
            guard let writer = WriterID(words[index]), let report = HostReport(words[index + 1]) else { return nil }
            reports[writer] = report
        }
        return .status(
            StoreStatus(
                token: StoreToken(words[0]), holding: holding, isBound: words[3] == "1", round: round, reports: reports)
        )
    }
}

extension RESPValue {
    /// Bytes that are a text.
    fileprivate var string: String? {
        if case .bytes(let bytes?) = self { String(validating: bytes, as: UTF8.self) } else { nil }
    }
}
