import Sodium
import TestSupport
import Testing

@testable import MLS

@Suite struct LeafNodeValidationTests {
    private static let grease = ExtensionType(rawValue: 0x0A0A)
    private static let unlisted = ExtensionType(rawValue: 0xF0A1)

    private let group: TreeGroup
    private let candidate = TreeMember()

    init() throws {
        group = try TreeGroup(count: 3)
    }

    /// What the rules say of the candidate's KeyPackage, its leaf node changed before both are signed.
    private func refusalOfAdd(
        _ rules: LeafNodeValidation? = nil, change: (inout LeafNode) -> Void = { _ in }
    ) throws -> MLSError? {
        let rules = try rules ?? TreeMember.rules()
        return refusal { () throws(MLSError) in
            try rules.check(candidate.keyPackage(leafNode: candidate.leafNode(change)), in: group.tree)
        }
    }

    private func refusal(_ body: () throws(MLSError) -> Void) -> MLSError? {
        do throws(MLSError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test func aGoodKeyPackagePasses() throws {
        #expect(try refusalOfAdd() == nil)
        #expect(
            try refusalOfAdd { leaf in
                leaf.extensions = [Extension(type: Self.grease, data: [1]), Extension(type: .applicationID, data: [])]
            } == nil, "GREASE that is listed, and what need not be listed")
    }

    @Test func extensionsMustBeListedAndOccurOnce() throws {
        #expect(
            try refusalOfAdd { $0.extensions = [Extension(type: Self.unlisted, data: [])] }
                == .tree(.unsupportedExtension))
        #expect(
            try refusalOfAdd {
                $0.extensions = [Extension(type: Self.grease, data: []), Extension(type: Self.grease, data: [1])]
            } == .tree(.duplicateExtension))
    }

    @Test func theGroupsDemandsAreMet() throws {
        func rules(_ required: RequiredCapabilities) throws -> LeafNodeValidation {
            try TreeMember.rules(
                groupExtensions: [Extension(type: .requiredCapabilities, data: required.encoded)])
        }
        #expect(
            try refusalOfAdd(rules(.init(extensions: [.ratchetTree], proposals: [.update], credentials: [.basic])))
                == nil)
        #expect(try refusalOfAdd(rules(.init(extensions: [Self.unlisted]))) == .tree(.unsupportedExtension))
        #expect(
            try refusalOfAdd(rules(.init(proposals: [.init(rawValue: 0xF001)]))) == .tree(.unsupportedProposal))
        #expect(try refusalOfAdd(rules(.init(credentials: [.x509]))) == .tree(.unsupportedCredential))

        let usesExtension = try TreeMember.rules(groupExtensions: [Extension(type: Self.unlisted, data: [])])
        #expect(try refusalOfAdd(usesExtension) == .tree(.unsupportedExtension))
        #expect(try refusalOfAdd(usesExtension) { $0.capabilities.extensions.append(Self.unlisted) } == nil)
        #expect(
            refusal { () throws(MLSError) in try usesExtension.checkSupport(by: group.tree) }
                == .tree(.unsupportedExtension))
        try TreeMember.rules().checkSupport(by: group.tree)
    }

    @Test func groupExtensionsAreWellFormed() {
        func refusal(_ extensions: [Extension]) -> MLSError? {
            self.refusal { () throws(MLSError) in
                _ = try LeafNodeValidation(
                    suite: TreeMember.suite, groupID: [], groupExtensions: extensions,
                    policy: LeafNodePolicy(time: nil))
            }
        }
        #expect(refusal([Extension(type: .requiredCapabilities, data: [])]) == .tree(.malformedExtension))
        #expect(refusal([Extension(type: .requiredCapabilities, data: [0, 0, 0, 0])]) == .tree(.malformedExtension))
        let twice = Extension(type: Self.unlisted, data: [])
        #expect(refusal([twice, twice]) == .tree(.duplicateExtension))
        #expect(refusal([twice]) == nil)
    }

    @Test func versionAndSuiteAreTheGroups() throws {
        #expect(try refusalOfAdd { $0.capabilities.versions = [] } == .tree(.unsupportedCipherSuite))
        #expect(
            try refusalOfAdd { $0.capabilities.cipherSuites = [.x25519AES128GCM] } == .tree(.unsupportedCipherSuite))
        let rules = try TreeMember.rules()
        let changes: [(inout KeyPackage) -> Void] = [
            { $0.version = .init(rawValue: 2) }, { $0.cipherSuite = .x25519AES128GCM },
        ]
        for change in changes {
            #expect(
                refusal { () throws(MLSError) in try rules.check(candidate.keyPackage(change), in: group.tree) }
                    == .tree(.unsupportedCipherSuite))
        }
    }

    /// Each member can read the credentials of all, and none is left out.
    @Test func credentialsAreSupportedByAll() throws {
        #expect(try refusalOfAdd { $0.capabilities.credentials = [.x509] } == .tree(.unsupportedCredential))
        let x509: (inout LeafNode) -> Void = { leaf in
            leaf.credential = .x509(certificates: [[1]])
            leaf.capabilities.credentials = [.basic, .x509]
        }
        #expect(try refusalOfAdd(change: x509) == .tree(.unsupportedCredential), "the others know basic only")
        var tree = RatchetTree(
            creator: TreeMember().leafNode { $0.capabilities.credentials = [.basic, .x509] }, suite: TreeMember.suite)
        let rules = try TreeMember.rules()
        try rules.check(candidate.leafNode(x509), for: .add, in: tree)
        _ = try tree.add(candidate.leafNode(x509))
        #expect(
            refusal { () throws(MLSError) in try rules.check(TreeMember().leafNode(), for: .add, in: tree) }
                == .tree(.unsupportedCredential), "it does not know x509")
    }

    @Test func lifetimes() throws {
        let lifetimes: [(UInt64, UInt64, TreeError?)] = [
            (0, 200, nil), (100, 300, nil), (100, 100, nil), (101, 300, .outsideLifetime), (0, 99, .outsideLifetime),
            (0, 201, .invalidLifetime), (200, 100, .invalidLifetime), (0, .max, .invalidLifetime),
        ]
        let rules = try TreeMember.rules(time: 100, maximumLifetime: 200)
        let tree = RatchetTree(
            creator: TreeMember().leafNode { $0.source = .update }, suite: TreeMember.suite)
        for (from, to, error) in lifetimes {
            let leafNode = candidate.leafNode { $0.source = .keyPackage(Lifetime(notBefore: from, notAfter: to)) }
            let found = refusal { () throws(MLSError) in try rules.check(leafNode, for: .add, in: tree) }
            #expect(found == error.map(MLSError.tree), "\(from)...\(to)")
        }
        let timeless = try TreeMember.rules(time: nil, maximumLifetime: 200)
        #expect(try refusalOfAdd(timeless) { $0.source = .keyPackage(Lifetime(notBefore: 0, notAfter: 1)) } == nil)
    }

    @Test func signaturesAreChecked() throws {
        let rules = try TreeMember.rules()
        let good = candidate.keyPackage()
        let changes: [(inout KeyPackage) -> Void] = [
            { $0.initKey = X25519.PrivateKey().publicKey.bytes }, { $0.signature = [] }, { $0.signature[0] ^= 1 },
            { $0.extensions = [Extension(type: .applicationID, data: [])] },
            { $0.leafNode.signatureKey = TreeMember().signingKey.publicKey.bytes },
        ]
        for change in changes {
            var changed = good
            change(&changed)
            #expect(
                refusal { () throws(MLSError) in try rules.check(changed, in: group.tree) } == .invalidSignature)
        }
        var unsigned = candidate.leafNode()
        unsigned.credential = .basic(identity: [1])
        let resigned = candidate.keyPackage(leafNode: unsigned)
        #expect(
            refusal { () throws(MLSError) in try rules.check(resigned, in: group.tree) } == .invalidSignature,
            "the signature inside the Add")
        let update = candidate.leafNode { $0.source = .update }
        let here = group.members[0].leaf
        #expect(
            refusal { () throws(MLSError) in try rules.check(update, for: .update(here), in: group.tree) } == nil)
        let elsewhere = group.members[1].leaf
        #expect(
            refusal { () throws(MLSError) in try rules.check(update, for: .update(elsewhere), in: group.tree) }
                == .invalidSignature, "an Update is signed for its leaf")
    }

    @Test func keysAreValidAndDistinct() throws {
        let rules = try TreeMember.rules()
        let member = try #require(group.tree[group.members[1].leaf])
        let parent = try #require(group.tree.encryptionKey(of: group.tree.shape.root))
        #expect(try refusalOfAdd { $0.encryptionKey = member.encryptionKey } == .tree(.duplicateEncryptionKey))
        #expect(try refusalOfAdd { $0.encryptionKey = parent } == .tree(.duplicateEncryptionKey))
        #expect(try refusalOfAdd { $0.encryptionKey = [1] } == .tree(.invalidKey))
        for smallOrder in [0, 1] as [UInt8] {
            let point = [smallOrder] + [UInt8](repeating: 0, count: 31)
            #expect(try refusalOfAdd { $0.encryptionKey = point } == .tree(.invalidKey), "nobody could encrypt to it")
            let keyPackage = candidate.keyPackage { $0.initKey = point }
            #expect(
                refusal { () throws(MLSError) in try rules.check(keyPackage, in: group.tree) } == .tree(.invalidKey))
        }
        let same = group.members[1].leafNode { $0.encryptionKey = X25519.PrivateKey().publicKey.bytes }
        #expect(
            refusal { () throws(MLSError) in try rules.check(same, for: .add, in: group.tree) }
                == .tree(.duplicateSignatureKey))
        let reused = candidate.keyPackage { $0.initKey = $0.leafNode.encryptionKey }
        #expect(
            refusal { () throws(MLSError) in try rules.check(reused, in: group.tree) }
                == .tree(.duplicateEncryptionKey))
        let short = candidate.keyPackage { $0.initKey.removeLast() }
        #expect(refusal { () throws(MLSError) in try rules.check(short, in: group.tree) } == .tree(.invalidKey))
        let unlisted = candidate.keyPackage { $0.extensions = [Extension(type: Self.unlisted, data: [])] }
        #expect(
            refusal { () throws(MLSError) in try rules.check(unlisted, in: group.tree) }
                == .tree(.unsupportedExtension))
    }

    /// A leaf node is used for what it was made for, and replaces one with another key.
    @Test func purposes() throws {
        let rules = try TreeMember.rules()
        let member = group.members[1]
        let old = try #require(group.tree[member.leaf])
        let blank = LeafIndex(rawValue: 3)
        let sources: [(LeafNodeSource, Set<LeafNodeValidation.Purpose>)] = [
            (.keyPackage(Lifetime(notBefore: 0, notAfter: .max)), [.add, .member(member.leaf)]),
            (.update, [.update(member.leaf), .member(member.leaf)]),
            (.commit(parentHash: []), [.commit(member.leaf), .externalCommit(member.leaf), .member(member.leaf)]),
        ]
        let anyLifetime = try TreeMember.rules(maximumLifetime: .max)
        for (source, allowed) in sources {
            let leafNode = member.leafNode {
                $0.encryptionKey = X25519.PrivateKey().publicKey.bytes
                $0.source = source
            }
            for purpose in [
                .add, .update(member.leaf), .commit(member.leaf), .externalCommit(member.leaf),
                .member(member.leaf),
            ] as [LeafNodeValidation.Purpose] {
                let found = refusal { () throws(MLSError) in
                    try anyLifetime.check(leafNode, for: purpose, in: group.tree)
                }
                #expect((found == .tree(.wrongLeafNodeSource)) != allowed.contains(purpose), "\(source) \(purpose)")
            }
        }
        let kept = member.leafNode {
            $0.encryptionKey = old.encryptionKey
            $0.source = .update
        }
        #expect(
            refusal { () throws(MLSError) in try rules.check(kept, for: .update(member.leaf), in: group.tree) }
                == .tree(.encryptionKeyNotChanged))
        #expect(
            refusal { () throws(MLSError) in try rules.check(kept, for: .update(blank), in: group.tree) }
                == .tree(.noSuchMember))
    }
}
