internal import Chat
internal import EventLoop

/// Lets through a sentence about progress only so often: a night without a connection, or tor's start, is no page of lines.
struct ProgressPace {
    /// What a sentence is about.
    struct Topic {
        var name: String
        /// How long nothing more is said about it.
        var interval: Duration

        /// Nil for what is no progress.
        init?(_ event: ChatEvent) {
            switch event {
            case .starting(let phase, _): (name, interval) = (phase.rawValue, .seconds(5))
            case .connection(let change): (name, interval) = (change.state.rawValue, .seconds(60))
            default: return nil
            }
        }
    }

    private var last: (name: String, at: MonotonicTime)?

    mutating func allows(_ topic: Topic, at now: MonotonicTime) -> Bool {
        if let last, last.name == topic.name, now - last.at < topic.interval { return false }
        last = (topic.name, now)
        return true
    }
}
