import Foundation
import Noise
import TestSupport
import Testing

@Suite struct VectorTests {
    private static let names = VectorFiles.names(in: "noise")

    @Test(arguments: [(HandshakePattern.XX, NoiseVector.typedXX), (.XKpsk0, .typedXKpsk0)])
    func typedVector(pattern: HandshakePattern, vector: NoiseVector) throws {
        #expect(try vector.pattern.get() == pattern)
        try vector.check(pattern)
    }

    private struct File: Decodable {
        let vectors: [NoiseVector]
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let file = try decoder.decode(File.self, from: VectorFiles.content(of: name, in: "noise"))
        var run = 0
        var passedOver: [String: Int] = [:]
        for vector in file.vectors {
            switch vector.pattern {
            case .success(let pattern):
                try vector.check(pattern)
                run += 1
            case .failure(let other):
                passedOver[other.reason, default: 0] += 1
            }
        }
        VectorFiles.report(name, in: "noise", run: run, passedOver: passedOver)
        let isOfOurSuite = file.vectors.contains { $0.protocolName.hasSuffix(NoiseVector.suite) }
        #expect(run > 0 || !isOfOurSuite && !file.vectors.isEmpty, "nothing of \(name) could be run")
    }
}
