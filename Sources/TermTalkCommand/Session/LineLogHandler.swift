internal import Logging
internal import TerminalUI

/// Log events as lines of stderr: level, message, metadata. It never waits for a reader.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let time = WallClock.text(milliseconds: WallTime.milliseconds)
        let text = (["\(event.message)"] + fields.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
        ErrorOutput.shared.log("\(time) \(event.level) termtalk: \(Sanitizer.sanitize(text, as: .line))")
    }
}
