package import Foundation

/// The files of public test vectors, which are not part of the package.
///
/// They are looked for in the folder that the environment variable `TERMTALK_VECTORS` names, else in
/// `../shared/vectors` beside the package. A clone without them still runs the vectors typed into the tests.
package enum VectorFiles {
    /// What a skipped test says.
    package static let missing = "no test vectors: set TERMTALK_VECTORS to the folder that holds them"

    /// The folder of all vectors.
    package static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["TERMTALK_VECTORS"], !path.isEmpty {
            return URL(filePath: path, directoryHint: .isDirectory)
        }
        return packageRoot.deletingLastPathComponent().appending(path: "shared/vectors", directoryHint: .isDirectory)
    }()

    /// The folder that holds Package.swift.
    package static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The names of all JSON files in `topic`, a folder inside ``folder``, in order; none when it does not exist.
    package static func names(in topic: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: topic).path)
        return (names ?? []).filter { $0.hasSuffix(".json") }.sorted()
    }

    /// The content of one file.
    package static func content(of name: String, in topic: String) throws -> Data {
        try Data(contentsOf: folder.appending(path: topic).appending(path: name))
    }

    /// Prints what was done with a file, so that a log of the tests shows what they cover.
    package static func report(_ name: String, in topic: String, run: Int, passedOver: [String: Int] = [:]) {
        let reasons = passedOver.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        let rest = reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"
        print("vectors \(topic)/\(name): \(run) run, \(passedOver.values.reduce(0, +)) passed over\(rest)")
    }
}
