import Glibc

// How long people wait: for what others say, and to come in.
extension LoadGenerator {
    /// Seconds that those who come may take after the last has knocked.
    private static let patience = 180.0

    /// So many messages a second, whatever has come of those before.
    func latency() throws {
        try join(options.members, limit: 120)
        try settle(quiet: 0.25, atMost: 30)
        try talk(for: options.warmUp)
        let before = try meter()
        try talk(for: options.duration)
        let after = try meter()
        var line = head()
        for (name, quantile) in [("p50_us", 0.5), ("p90_us", 0.9), ("p99_us", 0.99), ("max_us", 1)] {
            line.add(name, 1e3 * LoadTimes.milliseconds(times.deliveries, quantile))
        }
        line.add("samples", times.deliveries.count)
        line.add(
            "cpu_us", Double(after.processorTime - before.processorTime) / 1e3 / Double(max(1, times.deliveries.count)))
        line.add("lost", times.posted.count * options.members - times.deliveries.count)
        print(line.text)
    }

    /// The senders talk; then the rest come, evenly over the time of the test, and the senders go on.
    func arrivals() throws {
        let talking = options.founders + options.senders
        try join(talking, limit: 120)
        try settle(quiet: 0.25, atMost: 30)
        try talk(for: max(2, options.warmUp), listeners: talking)
        let quiet = times.deliveries
        let before = try meter(memory: true)
        let start = clock()
        var next = talking
        try talk(for: options.duration + Self.patience, listeners: talking) {
            let elapsed = Double($0.clock() - start) / 1e9
            let due =
                talking + Int(Double(options.members - talking) * min(1, elapsed / options.duration))
            while next < due, $0.mayCome {
                $0.times.opens(next, at: $0.clock())
                try $0.open(next)
                next += 1
            }
            return $0.joinedCount == options.members
        }
        let seconds = seconds(since: start)
        let after = try meter(memory: true)
        var line = head()
        line.add("secs", seconds)
        line.add("came", times.arrivals.count)
        add("in_", times.arrivals, to: &line)
        add("quiet_", quiet, to: &line)
        add("talk_", times.deliveries, to: &line)
        line.add("cpu_s", Double(after.processorTime - before.processorTime) / 1e9)
        line.add("anon_kb", after.anonymousMemory)
        line.add("lost", times.posted.count * talking - times.deliveries.count)
        print(line.text)
    }

    /// Posts at the rate of the test, each sender in turn, until `isOver` or the time is, and waits for what is on its way.
    private func talk(
        for duration: Double, listeners: Int? = nil, until isOver: (LoadGenerator) throws -> Bool = { _ in false }
    ) throws {
        let count = listeners ?? options.members
        times.begin(delivered: members[..<count].map { $0?.delivered ?? 0 })
        let start = clock()
        let step = UInt64(1e9 / options.rate)
        var due = start + 1_000_000
        var sender = options.founders
        while seconds(since: start) < duration, try !isOver(self) {
            if clock() >= due, let member = members[sender] {
                times.posts(at: clock())
                member.post(content, id: firstID &+ sent, now: time)
                sent += 1
                member.flush(now: time)
                updateInterest(member, sender)
                sender = options.founders + (sender + 1 - options.founders) % options.senders
                due += step
            }
            _ = try pollOnce(milliseconds: 1)
        }
        let end = clock()
        while !times.isComplete, seconds(since: end) < 20 { _ = try pollOnce(milliseconds: 1) }
    }

    private func add(_ prefix: String, _ values: [UInt64], to line: inout JSONLine) {
        for (name, quantile) in [("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99), ("max_ms", 1)] {
            line.add(prefix + name, LoadTimes.milliseconds(values, quantile))
        }
    }
}
