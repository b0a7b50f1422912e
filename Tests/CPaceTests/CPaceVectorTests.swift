import CPace
import Foundation
import Sodium
import TestSupport
import Testing

/// The test vectors of draft-irtf-cfrg-cpace.
@Suite struct CPaceVectorTests {
    private static let names = VectorFiles.names(in: "cpace")
    private static let suite = "CPACE-RISTR255-SHA512"

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        let content = try VectorFiles.content(of: name, in: "cpace")
        let suite = try JSONDecoder().decode(CPaceVectorFile.Suite.self, from: content).suite
        guard suite == Self.suite else {
            let groups = try #require(try JSONSerialization.jsonObject(with: content) as? [String: Any])
                .values.filter { $0 is [String: Any] }.count
            VectorFiles.report(
                name, in: "cpace", run: 0, passedOver: ["groups not for this suite, but \(suite)": groups])
            return
        }
        let file = try JSONDecoder().decode(CPaceVectorFile.self, from: content)
        var run = 0
        run += try file.generator.check()
        run += try file.exchange.check()
        run += try file.points.check()
        run += try file.strings.check()
        VectorFiles.report(name, in: "cpace", run: run, passedOver: ["values of the unordered setting": 6])
        #expect(run == 21)
    }
}
