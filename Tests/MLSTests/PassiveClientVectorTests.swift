import Foundation
import TestSupport
import Testing

@testable import MLS

@Suite struct PassiveClientVectorTests {
    private static let names =
        MLSVectorFiles.names("passive-client") + MLSVectorFiles.names("generated-passive-client")

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(PassiveClientVector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            var group = try vector.join(suite)
            try vector.follow(&group)
            return nil
        }
    }
}

@Suite struct NegativeVectorTests {
    private static let names = MLSVectorFiles.names("negative") + MLSVectorFiles.names("generated-negative")

    /// A time at which the vectors' own KeyPackages are good: 2026-11-24.
    private static let time: UInt64 = 1_795_500_000

    @Test(.enabled(if: !names.isEmpty, .init(rawValue: VectorFiles.missing)), arguments: names)
    func publicVectors(of name: String) throws {
        try MLSVectorFiles.run(PassiveClientVector.self, of: name) { vector in
            guard let suite = TestSuites.suite(vector.cipherSuite) else { return "of another suite" }
            let attack = try #require(vector.attack)
            var group = try vector.join(suite)
            try vector.follow(&group)
            do {
                try Self.run(attack, on: &group)
                #expect(vector.expect == "accept", "\(vector.name ?? "")")
            } catch let error as MLSError {
                #expect(vector.expect == "reject", "\(vector.name ?? ""): \(error)")
            }
            return nil
        }
    }

    private static func run(_ attack: PassiveClientVector.Attack, on group: inout Group) throws {
        for proposal in attack.proposals {
            try group.takeProposal(bytes(hex: proposal), at: time)
        }
        if let commit = attack.commit {
            try group.takeCommit(bytes(hex: commit), at: time)
        }
        if let message = attack.message {
            try group.takeAnything(bytes(hex: message), at: time)
        }
    }
}

/// Every file of the folder is run by some test above or beside.
@Suite struct VectorFileNamesTests {
    private static let known = [
        "crypto-basics", "deserialization", "generated-negative", "generated-passive-client", "key-schedule",
        "message-protection", "messages", "negative", "passive-client", "psk_secret", "secret-tree",
        "transcript-hashes", "tree-math", "tree-operations", "tree-validation", "treekem", "welcome",
    ]

    @Test func allFilesAreKnown() {
        for name in VectorFiles.names(in: MLSVectorFiles.topic) {
            #expect(Self.known.contains { name.hasPrefix($0) }, "no test runs \(name)")
        }
    }
}
