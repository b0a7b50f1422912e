package import Chat

/// Where a host's metrics go: a file that is written anew again and again, or a Unix socket that answers.
package enum MetricsPlace: Equatable, Sendable {
    case file(String)
    case socket(String)

    private static let socketPrefix = "unix:"

    /// `unix:PATH`, or the path of a file.
    package init(checking text: String) throws(ChatEvent.Notice) {
        let isSocket = text.hasPrefix(Self.socketPrefix)
        let path = isSocket ? String(text.dropFirst(Self.socketPrefix.count)) : text
        guard !path.isEmpty, !path.hasSuffix("/"), !path.utf8.contains(0) else {
            throw .noMetricsPlace
        }
        self = isSocket ? .socket(path) : .file(path)
    }
}
