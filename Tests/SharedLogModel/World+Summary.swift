import SharedLog

extension World {
    /// Where everybody is, for who reads a finding.
    package var summary: String {
        (hosts.map(\.summary) + [storeSummary]).joined(separator: "\n")
    }

    private var storeSummary: String {
        let last = redis.holding?.last.text ?? "nothing"
        let first = redis.log.first?.position.text ?? "-"
        let reports = redis.reports.map { "\($0.key.summary)@\($0.value.place.position.text)" }.sorted()
        return "store \(redis.token.text): \(last) from \(first), snapshot \(redis.snapshot?.position.text ?? "-"),"
            + " bound \(redis.isBound), reports \(reports)"
    }
}

extension World.Host {
    fileprivate var summary: String {
        "\(replica.writer.summary) at \(replica.state.place.position.text) of \(replica.state.lineage.epochHead.low % 1_000),"
            + " \(replica.phaseName) \(replica.wait), room \(room.map { "\($0.position.text):\($0.input)" }),"
            + " excuse \(excuse), hung \(isHung), lives \(replica.state.writers.living.map(\.summary))"
    }
}

extension WriterID {
    fileprivate var summary: String { "\(host).\(incarnation)" }
}
