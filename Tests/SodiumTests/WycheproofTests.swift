import Foundation
import TestSupport
import Testing

/// The vectors of project Wycheproof: what implementations got wrong.
@Suite struct WycheproofTests {
    private static let names = VectorFiles.names(in: "wycheproof")

    private struct File: Decodable {
        let algorithm: String
    }

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        let content = try VectorFiles.content(of: name, in: "wycheproof")
        let algorithm = try JSONDecoder().decode(File.self, from: content).algorithm
        let tally: WycheproofTally
        switch algorithm {
        case "CHACHA20-POLY1305": tally = try WycheproofTally(content, of: AeadTest.self)
        case "XDH": tally = try WycheproofTally(content, of: XdhComp.self)
        case "EDDSA": tally = try WycheproofTally(content, of: EddsaVerify.self)
        case "HKDF-SHA-256": tally = try WycheproofTally(content, of: HkdfTest.self)
        case "HMACSHA256": tally = try WycheproofTally(content, of: MacTest.self)
        default:
            print("vectors wycheproof/\(name): NOT COVERED, nothing of ours is \(algorithm)")
            return
        }
        VectorFiles.report(name, in: "wycheproof", run: tally.run, passedOver: tally.passedOver)
        #expect(tally.run > 0 || !tally.passedOver.isEmpty, "nothing of \(name) could be run")
    }
}
