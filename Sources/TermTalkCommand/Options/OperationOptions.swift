import ArgumentParser
internal import Chat
internal import TermTalk
internal import TerminalUI

/// The options for whoever looks after a host.
struct OperationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Show numbers about the room in Prometheus' text format, and nothing about anybody: in a file, or to who asks "
                + "at a socket.", valueName: "FILE|unix:PATH"),
        completion: .file())
    var metrics: String?

    @OptionGroup var registry: RegistryOptions

    @Option(
        help: ArgumentHelp(
            "With --registry: show the room to everybody who asks the registry, under this name.", valueName: "NAME"))
    var announceName: String?

    func validate() throws {
        if announceName != nil, registry.registry == nil {
            throw ValidationError("--announce-name needs --registry")
        }
    }

    /// The name to show to everybody; nil for none.
    func announcedName() throws(ChatEvent.Notice) -> String? {
        guard let announceName else { return nil }
        guard !announceName.isEmpty, announceName.utf8.count <= RegistryListing.nameLimit,
            Sanitizer.sanitize(announceName, as: .line) == announceName
        else {
            throw ChatEvent.Notice(
                .inputInvalid,
                "--announce-name cannot be used: it is empty or too long, or has characters that lists do not show",
                hint: "use up to \(RegistryListing.nameLimit) letters, digits and spaces")
        }
        return announceName
    }

    func metricsPlace() throws(ChatEvent.Notice) -> MetricsPlace? {
        try metrics.map { text throws(ChatEvent.Notice) in try MetricsPlace(checking: text) }
    }
}
