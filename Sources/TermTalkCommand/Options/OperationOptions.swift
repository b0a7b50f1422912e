import ArgumentParser
internal import Room
internal import TermTalk

/// The options for whoever looks after a host.
struct OperationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Show numbers about the room in Prometheus' text format, and nothing about anybody: in a file, or to who asks "
                + "at a socket.", valueName: "FILE|unix:PATH"),
        completion: .file())
    var metrics: String?

    func metricsPlace() throws(ChatEvent.Notice) -> MetricsPlace? {
        try metrics.map { text throws(ChatEvent.Notice) in try MetricsPlace(checking: text) }
    }
}
