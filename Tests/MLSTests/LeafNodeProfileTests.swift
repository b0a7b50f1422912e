import Sodium
import Testing

@testable import MLS

/// Groups whose application says what leaf nodes look like.
@Suite struct LeafNodeProfileTests {
    private static let proof = ExtensionType(rawValue: 0xF771)
    private static let byteCount = 512
    private static let capabilities = Capabilities(cipherSuites: [.x25519ChaChaPoly], extensions: [proof])
    private static let profile = LeafNodeProfile(
        credential: .basic(identity: []), capabilities: capabilities, extensions: [proof], byteCount: byteCount)

    private let member = TreeMember()
    private let candidate = TreeMember()
    private let tree: RatchetTree

    init() {
        let creator = member.leafNode(Self.fit)
        tree = RatchetTree(creator: creator, suite: TreeMember.suite)
    }

    private static func fit(_ leafNode: inout LeafNode) {
        leafNode.credential = .basic(identity: [])
        leafNode.capabilities = capabilities
        leafNode.extensions = [Extension(type: proof, data: [UInt8](repeating: 1, count: 16))]
    }

    private static func rules(_ profile: LeafNodeProfile? = profile) throws -> LeafNodeValidation {
        try LeafNodeValidation(
            suite: TreeMember.suite, groupID: TreeMember.groupID, groupExtensions: [],
            policy: LeafNodePolicy(time: nil, maximumLifetime: 200, profile: profile))
    }

    private func refusal(_ body: () throws(MLSError) -> Void) -> MLSError? {
        do throws(MLSError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    /// What is in order by RFC 9420, and not what clients of the application make.
    private static let others: [@Sendable (inout LeafNode) -> Void] = [
        { $0.credential = .basic(identity: [1]) },
        { $0.capabilities.extensions += (0..<9_000).map { ExtensionType(rawValue: 0x8000 + $0) } },
        { $0.capabilities.proposals = [ProposalType(rawValue: 0xF001)] },
        { $0.capabilities.credentials.append(.x509) },
        { $0.extensions = [] },
        { $0.extensions.append(Extension(type: .applicationID, data: [])) },
        { $0.extensions.append(Extension(type: .ratchetTree, data: [UInt8](repeating: 0, count: 300_000))) },
        { $0.extensions[0].data = [UInt8](repeating: 1, count: byteCount) },
    ]

    @Test("What else may be in the leaf node of an Add is refused")
    func adds() throws {
        let (strict, plain) = (try Self.rules(), try Self.rules(nil))
        for change in [{ _ in }] + Self.others {
            let keyPackage = candidate.keyPackage(
                leafNode: candidate.leafNode {
                    Self.fit(&$0)
                    change(&$0)
                })
            #expect(refusal { () throws(MLSError) in try plain.check(keyPackage, in: tree) } == nil)
            let isOurs = keyPackage.leafNode.encoded.count < 300 && keyPackage.leafNode == candidate.leafNode(Self.fit)
            #expect(
                refusal { () throws(MLSError) in try strict.check(keyPackage, in: tree) }
                    == (isOurs ? nil : .tree(.notOfProfile)))
        }
        let extended = candidate.keyPackage(leafNode: candidate.leafNode(Self.fit)) {
            $0.extensions = [Extension(type: Self.proof, data: [])]
        }
        #expect(refusal { () throws(MLSError) in try strict.check(extended, in: tree) } == .tree(.notOfProfile))
    }

    @Test("A leaf node has the length that it may have, and not a byte more")
    func byteCount() throws {
        let leafNode = candidate.leafNode(Self.fit)
        for (limit, error) in [(0, nil), (-1, TreeError.notOfProfile)] {
            let profile = LeafNodeProfile(
                credential: .basic(identity: []), capabilities: Self.capabilities, extensions: [Self.proof],
                byteCount: leafNode.encoded.count + limit)
            let rules = try Self.rules(profile)
            #expect(
                refusal { () throws(MLSError) in try rules.check(leafNode, for: .add, in: tree) }
                    == error.map(MLSError.tree))
        }
    }

    @Test("A path changes the key of its committer's leaf node, and nothing else")
    func paths() throws {
        let (rules, plain) = (try Self.rules(), try Self.rules(nil))
        let here = LeafIndex(rawValue: 0)
        func path(by owner: TreeMember, _ change: (inout LeafNode) -> Void) -> LeafNode {
            owner.leafNode {
                Self.fit(&$0)
                $0.encryptionKey = X25519.PrivateKey().publicKey.bytes
                $0.source = .commit(parentHash: [])
                change(&$0)
            }
        }
        let good = path(by: member) { _ in }
        #expect(refusal { () throws(MLSError) in try rules.check(good, for: .commit(here), in: tree) } == nil)
        let otherKey = path(by: candidate) { _ in }
        let otherProof = path(by: member) { $0.extensions[0].data[0] ^= 1 }
        for changed in [otherKey, otherProof] + Self.others.map({ path(by: member, $0) }) {
            #expect(
                refusal { () throws(MLSError) in try rules.check(changed, for: .commit(here), in: tree) }
                    == .tree(.notOfProfile))
            #expect(
                refusal { () throws(MLSError) in try plain.check(changed, for: .commit(here), in: tree) }
                    == nil)
        }
    }

    @Test("A tree with one such leaf is no tree to join")
    func trees() throws {
        for change in Self.others {
            var tree = tree
            _ = try tree.add(
                candidate.leafNode {
                    Self.fit(&$0)
                    change(&$0)
                })
            var other = tree
            let (strict, plain) = (try Self.rules(), try Self.rules(nil))
            #expect(refusal { () throws(MLSError) in try plain.check(&tree) } == nil)
            #expect(refusal { () throws(MLSError) in try strict.check(&other) } == .tree(.notOfProfile))
        }
    }

    @Test("Ciphertexts of a path have one length, whatever else is in order")
    func ciphertexts() throws {
        let room = try TestRoom(3)
        for (kemOutput, ciphertext) in [(31, 48), (33, 48), (32, 0), (32, 47), (32, 49), (32, 100_000)] {
            var path = try room.members[0].group.freshUpdatePath()
            let last = try #require(path.nodes.indices.last)
            path.nodes[last].encryptedPathSecret[0] = HPKECiphertext(
                kemOutput: [UInt8](repeating: 1, count: kemOutput),
                ciphertext: [UInt8](repeating: 1, count: ciphertext))
            let message = try room.members[0].group.forge(.commit(Commit(proposals: [], path: path)))
            // For two of the three nothing of it is to be opened.
            for other in 1...2 { #expect(room.members[other].refusal(message) == .tree(.wrongCiphertextLength)) }
        }
    }

    @Test("Lists of types are compared as sets")
    func support() {
        let many = Capabilities(
            cipherSuites: [.x25519ChaChaPoly], extensions: [Self.proof], proposals: [ProposalType(rawValue: 0xF001)])
        #expect(many.support([Self.proof, .applicationID]) && !many.support([ExtensionType(rawValue: 0xF772)]))
        #expect(many.support([ProposalType.add, ProposalType(rawValue: 0xF001)]))
        #expect(!many.support([ProposalType(rawValue: 0xF002)]))
        #expect(many.support([CredentialType.basic]) && !many.support([CredentialType.basic, .x509]))
    }
}
