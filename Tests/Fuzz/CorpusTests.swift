import Foundation
import Sodium
import Testing

/// The corpus of the fuzzers, and what they have found, without libFuzzer. A broken promise ends the process.
@Suite(.serialized) struct CorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

    private static func files(of target: String) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(
            at: folder.appending(path: target), includingPropertiesForKeys: nil)
    }

    @Test("Every kept input runs through", arguments: FuzzTarget.all.map(\.name))
    func replay(_ name: String) throws {
        SodiumLibrary.initialize()
        let target = try #require(FuzzTarget.named(name))
        let files = try Self.files(of: name)
        #expect(!files.isEmpty)
        for file in files {
            let bytes = [UInt8](try Data(contentsOf: file))
            print("corpus: \(name) \(file.lastPathComponent)")
            target.run(bytes)
        }
    }

    @Test(
        "Every input of our own encoders runs through, and so do its beginnings", arguments: FuzzTarget.all.map(\.name))
    func seeds(_ name: String) throws {
        SodiumLibrary.initialize()
        let target = try #require(FuzzTarget.named(name))
        for seed in target.seeds() {
            for count in stride(from: seed.count, through: 0, by: -max(1, seed.count / 16)) {
                target.run(Array(seed.prefix(count)))
            }
        }
    }

    @Test("Every folder of the corpus belongs to a target, and all of it is small")
    func folders() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(Set(names) == Set(FuzzTarget.all.map(\.name)))
        let sizes = try names.flatMap { try Self.files(of: $0) }
            .map { try $0.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0 }
        #expect(sizes.reduce(0, +) < 1_000_000)
    }
}
