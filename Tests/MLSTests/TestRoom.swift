import MLS
import Sodium
import Testing

/// One member's side of a group.
final class TestMember {
    var group: Group

    init(_ group: consuming Group) {
        self.group = group
    }

    var leaf: LeafIndex { group.ownLeaf }
    var authenticator: String { group.authenticatorText }
    var treeHash: String { group.treeHashText }
    var memberCount: Int { group.memberCount }
    var epoch: UInt64 { group.number }
    var welcomedBy: Member? { group.welcomedBy }

    /// Receives a message that must be refused; nil when it was not.
    func refusal(_ bytes: [UInt8]) -> MLSError? {
        do throws(MLSError) {
            _ = try group.receive(bytes)
            return nil
        } catch {
            return error
        }
    }
}

/// A group whose members all get every message, in one order.
final class TestRoom {
    static let groupID: [UInt8] = [1, 2, 3]

    let suite: CipherSuite
    let configuration: GroupConfiguration
    var members: [TestMember]

    /// A group of one; then so many are added, one Commit each.
    init(
        _ count: Int = 1, suite: CipherSuite = .x25519ChaChaPoly, configuration: GroupConfiguration = .init(),
        extensions: [Extension] = []
    ) throws {
        self.suite = suite
        self.configuration = configuration
        let creator = Self.keyPackage(suite, "0")
        members = [
            TestMember(
                try Group(
                    creating: Self.groupID, as: creator, suite: suite, extensions: extensions,
                    configuration: configuration))
        ]
        while members.count < count {
            try add(by: members.count - 1)
        }
    }

    static func keyPackage(
        _ suite: CipherSuite = .x25519ChaChaPoly, _ name: String = "x", capabilities: Capabilities? = nil
    ) -> OwnKeyPackage {
        OwnKeyPackage(
            suite: suite, credential: .basic(identity: [UInt8](name.utf8)), signingKey: Ed25519.KeyPair(),
            lifetime: Lifetime(notBefore: 1_000, notAfter: 2_000), capabilities: capabilities)
    }

    /// A member adds another, who joins by the Welcome.
    @discardableResult
    func add(by adder: Int, forcesPath: Bool = true) throws -> TestMember {
        let package = Self.keyPackage(suite, "\(members.count)")
        let outgoing = try members[adder].group.commit([.add(package.keyPackage)], forcesPath: forcesPath)
        try deliver(outgoing, by: adder)
        let group = try Group(
            joining: #require(outgoing.welcome), with: package, suite: suite, configuration: configuration)
        let member = TestMember(group)
        members.append(member)
        return member
    }

    /// A member commits, and everybody begins the next epoch. Returns what the others saw.
    @discardableResult
    func commit(by committer: Int, _ proposals: [Proposal] = []) throws -> [CommitEffects] {
        try deliver(members[committer].group.commit(proposals), by: committer)
    }

    @discardableResult
    func deliver(_ outgoing: OutgoingCommit, by committer: Int) throws -> [CommitEffects] {
        var effects: [CommitEffects] = []
        for (index, member) in members.enumerated() {
            if index == committer {
                try member.group.takeOwnCommit(outgoing.commit)
            } else {
                effects.append(try member.group.takeCommit(outgoing.commit))
            }
        }
        return effects
    }

    /// A member proposes, and everybody hears it.
    func propose(by proposer: Int, _ proposal: Proposal) throws {
        let message = try members[proposer].group.propose(proposal)
        for (index, member) in members.enumerated() where index != proposer {
            try member.group.takeProposal(message)
        }
    }

    /// Whether all are in the same state and hear each other.
    func checkAgreement(_ comment: Comment? = nil) throws {
        #expect(Set(members.map(\.authenticator)).count == 1, comment)
        #expect(Set(members.map { $0.treeHash }).count == 1, comment)
        for (speaker, member) in members.enumerated() {
            let text: [UInt8] = [9, 9, UInt8(truncatingIfNeeded: speaker)]
            let message = try member.group.encrypt(text, authenticatedData: [4])
            for (index, other) in members.enumerated() where index != speaker {
                let received = try other.group.takeApplication(message)
                #expect(received.data == text)
                #expect(received.authenticatedData == [4])
                #expect(received.sender == member.leaf)
            }
        }
    }
}

extension Group {
    // The time matters in few tests.

    mutating func commit(
        _ new: [Proposal] = [], authenticatedData: [UInt8] = [], forcesPath: Bool = true, includesTree: Bool = true
    ) throws(MLSError) -> OutgoingCommit {
        try commit(
            new, authenticatedData: authenticatedData, forcesPath: forcesPath, includesTree: includesTree, at: nil)
    }

    mutating func propose(_ proposal: Proposal) throws(MLSError) -> [UInt8] {
        try propose(proposal, at: nil)
    }

    /// Our own Commit comes back.
    mutating func takeOwnCommit(_ bytes: [UInt8]) throws {
        switch try receive(bytes) {
        case .ownCommit: try applyPendingCommit()
        default: throw UnexpectedMessage()
        }
    }
}
