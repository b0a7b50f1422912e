/// Numbers about a room for its operator: how full it is, and what it costs. There is nothing in them that names the room, or
/// anybody in it.
struct RoomMetrics: Equatable, Sendable {
    /// What there is while people can come in.
    struct Room: Equatable, Sendable {
        /// Whether strangers can reach the room now.
        var isReachable = true
        /// Seconds since 1970; nil for a room without end.
        var endsAt: Int64?
        /// Those who have a place, the host's own participant and those who are away included.
        var members = 0
        var away = 0
        /// Connections of members and of those who are not members yet.
        var connections = 0
        var visitors = 0
        var logEntries: UInt64 = 0
        /// Memory that the log takes, and may take.
        var logByteCount = 0
        var logByteLimit = 0
        /// Entries that the log has ever had.
        var entries: UInt64 = 0
        var counters = HostCounters()
        /// What was refused to peers that are not members, by cause.
        var refusals = [UInt64](repeating: 0, count: AttackWatch.Cause.allCases.count)
        /// Bytes that wait for the disk or the hosts' store; nil for a room that is kept in neither.
        var storeWaitingByteCount: Int?
        var sharedLog: SharedLog?
    }

    /// The log that several hosts share.
    struct SharedLog: Equatable, Sendable {
        /// Whether members may come in, and what they say is on its way at once.
        var isReady = false
        /// The hosts that live, as far as this one knows.
        var hosts = 0
        /// How long ago this host has last read all that the store holds.
        var lag = Duration.zero
        /// Entries that this host has read.
        var entries: UInt64 = 0
    }

    /// When the host was started, in seconds since 1970.
    var startedAt: Int64
    /// Nil before the room is open.
    var room: Room?

    /// How a file of metrics begins.
    static let beginning = "# HELP termtalk_"
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The text format of Prometheus, version 0.0.4.
    var text: String {
        var page = Page()
        page.add("start_time_seconds", .gauge, "When the host was started, since 1970.", startedAt)
        page.add("room_open", .gauge, "Whether the room is open.", room == nil ? 0 : 1)
        guard let room else { return page.text }
        page.add("room_reachable", .gauge, "Whether strangers can reach the room now.", room.isReachable ? 1 : 0)
        if let endsAt = room.endsAt {
            page.add("room_end_time_seconds", .gauge, "When the room ends, since 1970.", endsAt)
        }
        page.add("members", .gauge, "Members that have a place, those who are away included.", room.members)
        page.add("members_away", .gauge, "Members without a connection.", room.away)
        page.add("connections", .gauge, "Connections of members and visitors.", room.connections)
        page.add("visitors", .gauge, "Connections of those who are not members yet.", room.visitors)
        page.add("log_entries", .gauge, "Entries that the log keeps.", room.logEntries)
        page.add("log_bytes", .gauge, "Memory that the log takes.", room.logByteCount)
        page.add("log_limit_bytes", .gauge, "Memory past which the log drops its oldest entries.", room.logByteLimit)
        page.add("entries_total", .counter, "Entries that the log has had.", room.entries)
        page.add(
            "deliveries_total", .counter, "Entries sealed for a member, once for each.", room.counters.deliveries)
        page.add("sent_bytes_total", .counter, "Sealed bytes sent to peers.", room.counters.sentByteCount)
        page.add("received_bytes_total", .counter, "Bytes received from peers.", room.counters.receivedByteCount)
        page.add(
            "refused_total", .counter, "What was refused to peers that are not members.",
            samples: zip(AttackWatch.Cause.allCases, room.refusals).map { (#"{cause="\#($0.label)"}"#, "\($1)") })
        if let waiting = room.storeWaitingByteCount {
            page.add("store_waiting_bytes", .gauge, "Bytes that wait for the disk, or the store.", waiting)
        }
        if let log = room.sharedLog {
            page.add("store_ready", .gauge, "Whether what is said is written at once.", log.isReady ? 1 : 0)
            page.add("store_hosts", .gauge, "Hosts of the room that live, as this one knows.", log.hosts)
            page.add(
                "store_lag_seconds", .gauge, "Since this host has last read all that the store holds.",
                samples: [("", "\(Double(log.lag / .milliseconds(1)) / 1_000)")])
            page.add("store_entries_total", .counter, "Entries of the hosts' log that this host has read.", log.entries)
        }
        return page.text
    }

    private enum Kind: String {
        case gauge, counter
    }

    private struct Page {
        var text = ""

        mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
            add(name, kind, help, samples: [("", "\(value)")])
        }

        mutating func add(_ name: String, _ kind: Kind, _ help: String, samples: [(labels: String, value: String)]) {
            text += "# HELP termtalk_\(name) \(help)\n# TYPE termtalk_\(name) \(kind.rawValue)\n"
            for sample in samples { text += "termtalk_\(name)\(sample.labels) \(sample.value)\n" }
        }
    }
}

extension AttackWatch.Cause {
    /// As the value of a label.
    fileprivate var label: String {
        switch self {
        case .openHandshake: "handshake"
        case .invitedHandshake: "invited-handshake"
        case .place: "place"
        case .password: "password"
        case .address: "address"
        case .circuit: "circuit"
        }
    }
}
