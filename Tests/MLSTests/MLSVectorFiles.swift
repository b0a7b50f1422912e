import Foundation
import MLS
import TestSupport
import Testing

/// The vectors of MLS, whose files are told by the beginning of their names.
enum MLSVectorFiles {
    /// The folder.
    static let topic = "mls"

    /// The files whose names begin with `prefix`.
    static func names(_ prefix: String) -> [String] {
        VectorFiles.names(in: topic).filter { $0.hasPrefix(prefix) }
    }

    /// Runs `body` with each vector of a file, and prints how many there were. `body` returns why it passed one over,
    /// or nil when it ran. A file of nothing is a failure.
    static func run<Vector: Decodable>(
        _ type: Vector.Type, of name: String, _ body: (Vector) throws -> String?
    ) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let vectors = try decoder.decode([Vector].self, from: VectorFiles.content(of: name, in: topic))
        var run = 0
        var passedOver: [String: Int] = [:]
        for vector in vectors {
            if let reason = try body(vector) {
                passedOver[reason, default: 0] += 1
            } else {
                run += 1
            }
        }
        VectorFiles.report(name, in: topic, run: run, passedOver: passedOver)
        #expect(!vectors.isEmpty, "nothing is in \(name)")
    }
}
