import Foundation

/// A file of torrc.d/private-network, with `{{name}}` where a value goes.
struct TorrcTemplate {
    let name: String

    /// The top folder of the package.
    static let packageFolder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The text with each placeholder replaced; one without a value is an error.
    func filled(_ values: [String: String]) throws -> String {
        let file = Self.packageFolder.appending(path: "torrc.d/private-network/\(name).torrc.template")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
        var text = lines.joined(separator: "\n") + "\n"
        for (key, value) in values {
            text = text.replacingOccurrences(of: "{{\(key)}}", with: value)
        }
        guard !text.contains("{{") else { throw TorNetworkError("\(name).torrc.template: a placeholder has no value") }
        return text
    }
}
