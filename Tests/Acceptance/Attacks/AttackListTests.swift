import Foundation
import TestSupport
import Testing

/// docs/attacks.md names tests; it must not name some that are gone.
struct AttackListTests {
    @Test func everyTestThatIsNamedExists() throws {
        let root = VectorFiles.packageRoot
        let document = try String(contentsOf: root.appending(path: "docs/attacks.md"), encoding: .utf8)
        let sources = try sources(below: root.appending(path: "Tests"))
        var suite = ""
        var count = 0
        for match in document.matches(of: /`([A-Za-z]+Tests)?(?:\.([a-zA-Z]+))?`/) {
            suite = match.1.map(String.init) ?? suite
            guard match.1 != nil || match.2 != nil else { continue }
            count += 1
            // A test may stand in an extension, in another file.
            let places = sources.filter { source in
                ["struct", "class", "extension"].contains {
                    source.contains("\($0) \(suite) {") || source.contains("\($0) \(suite):")
                }
            }
            #expect(!places.isEmpty, "\(suite)")
            if let test = match.2 {
                #expect(places.contains { $0.contains("func \(test)(") }, "\(suite).\(test)")
            }
        }
        #expect(count > 80)
    }

    private func sources(below folder: URL) throws -> [String] {
        let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return try names.filter { $0.hasSuffix(".swift") }.map {
            try String(contentsOf: folder.appending(path: $0), encoding: .utf8)
        }
    }
}
