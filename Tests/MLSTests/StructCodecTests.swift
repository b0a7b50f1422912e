import TestSupport
import Testing
import Wire

@testable import MLS

@Suite struct StructCodecTests {
    private static let certificate: Credential = .x509(certificates: [[1, 2, 3], [], [4]])
    private static let ciphertext = HPKECiphertext(kemOutput: [1], ciphertext: [2, 3])

    /// Decoding gives the value back, every shorter input is an error, and so is a longer one.
    private func check<Value: WireValue>(_ value: Value) throws {
        let encoded = value.encoded
        #expect(try Value(decoding: encoded) == value)
        for count in 0..<encoded.count {
            #expect(throws: WireError.self, "\(Value.self), \(count) bytes") {
                try Value(decoding: Array(encoded.prefix(count)))
            }
        }
        #expect(throws: WireError.trailingBytes) { try Value(decoding: encoded + [0]) }
    }

    @Test func everyStruct() throws {
        let member = TreeMember()
        let sources: [LeafNodeSource] = [
            .keyPackage(Lifetime(notBefore: 0, notAfter: .max)), .update, .commit(parentHash: []),
            .commit(parentHash: [1, 2, 3]),
        ]
        for source in sources {
            try check(source)
            try check(member.leafNode { $0.source = source })
        }
        let extensions = [
            Extension(type: .init(rawValue: 0x0A0A), data: [7]), Extension(type: .applicationID, data: []),
        ]
        let leafNode = member.leafNode {
            $0.credential = Self.certificate
            $0.extensions = extensions
        }
        try check(leafNode)
        try check(member.keyPackage(leafNode: leafNode) { $0.extensions = extensions })
        try check(Self.certificate)
        try check(Credential.basic(identity: []))
        try check(TreeMember.capabilities)
        try check(RequiredCapabilities(extensions: [.ratchetTree], proposals: [.add], credentials: [.x509]))
        try check(
            ParentNode(encryptionKey: [1], parentHash: [2], unmergedLeaves: [3, 5].map(LeafIndex.init(rawValue:))))
        let nodes = [
            UpdatePathNode(encryptionKey: [1], encryptedPathSecret: []),
            UpdatePathNode(encryptionKey: [2], encryptedPathSecret: [Self.ciphertext, Self.ciphertext]),
        ]
        try check(UpdatePath(leafNode: leafNode, nodes: nodes))
    }

    @Test func whatHasNoMeaningIsRefused() {
        #expect(throws: WireError.invalidValue) { try LeafNodeSource(decoding: [0]) }
        #expect(throws: WireError.invalidValue) { try LeafNodeSource(decoding: [4]) }
        #expect(throws: WireError.invalidValue) { try Credential(decoding: [0, 3, 0]) }
        #expect(throws: WireError.invalidValue) { try Credential(decoding: [0x0A, 0x0A, 0]) }
        #expect(throws: WireError.truncated, "half an element") { try Capabilities(decoding: [1, 0, 0, 0, 0, 0]) }
    }

    /// The rules of section 2.1.2 hold inside every struct: lengths are as short as can be, and 11 is no length.
    @Test func lengthsAreMinimal() {
        #expect(throws: WireError.nonMinimalVarint) { try HPKECiphertext(decoding: [0x40, 1, 9, 0]) }
        #expect(throws: WireError.nonMinimalVarint) { try HPKECiphertext(decoding: [0, 0x80, 0, 0, 1, 9]) }
        #expect(throws: WireError.invalidVarint) { try HPKECiphertext(decoding: [0xC0, 0, 0, 0, 0, 0, 0, 0, 0]) }
    }

    /// Numbers that we do not know are kept as they are, so that signatures stay valid.
    @Test func unknownNumbersAreKept() throws {
        let unknown = Capabilities(
            versions: [.init(rawValue: 9), .mls10], cipherSuites: [.init(rawValue: 0xEAEA)],
            extensions: [.init(rawValue: 0x5A5A)], proposals: [.init(rawValue: 0x6A6A)],
            credentials: [.init(rawValue: 0x7A7A)])
        #expect(try Capabilities(decoding: unknown.encoded) == unknown)
        #expect(!unknown.support([ExtensionType(rawValue: 0x6A6A)]))
        #expect(unknown.support([ExtensionType(rawValue: 0x5A5A), .externalSenders]))
        #expect(unknown.support([ProposalType.groupContextExtensions]))
        #expect(!unknown.supports(.basic))
    }
}
