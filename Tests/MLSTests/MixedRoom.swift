import Foundation
import MLS
import Sodium
import TestSupport
import Testing

/// A group of suite 1 with members of ours and of a foreign implementation; all get every message, in one order.
final class MixedRoom {
    enum Side: CaseIterable {
        case ours
        case theirs
    }

    /// A member; of ours has its side of the group.
    struct Participant {
        let name: String
        let ours: TestMember?
    }

    static let suite = TestSuites.x25519AES128GCM
    let implementation: ForeignImplementation
    let configuration: GroupConfiguration
    private let peer: PythonPeer
    private(set) var members: [Participant] = []
    private var nextName = 0
    private var now: UInt64 { UInt64(Date().timeIntervalSince1970) }

    /// A group of one.
    init(_ implementation: ForeignImplementation, creator: Side, encryptsHandshake: Bool = true) throws {
        self.implementation = implementation
        // mls-rs makes leaves that are good for a year.
        configuration = GroupConfiguration(
            padding: .multiple(of: 64), encryptsHandshake: encryptsHandshake,
            leafNodePolicy: LeafNodePolicy(time: nil, maximumLifetime: 366 * 24 * 3600))
        peer = try PythonPeer(
            #require(implementation.python), script: "Tests/MLSTests/Interop/mls_peer.py", implementation.rawValue)
        let name = makeName(creator)
        switch creator {
        case .ours:
            let group = try Group(
                creating: Random.bytes(16), as: keyPackage(name), suite: Self.suite, configuration: configuration,
                at: now)
            members = [Participant(name: name, ours: TestMember(group))]
        case .theirs:
            try peer.ask("new", name)
            try peer.ask("create", name, hex(Random.bytes(16)))
            members = [Participant(name: name, ours: nil)]
        }
    }

    // MARK: - Changes

    /// The member at `committer` adds one of `side`, who joins by the Welcome.
    func add(_ side: Side, by committer: Int, forcesPath: Bool = true) throws {
        let name = makeName(side)
        switch side {
        case .ours:
            let own = keyPackage(name)
            let welcome = try commitAdd(own.message, own.keyPackage, by: committer, forcesPath)
            try joinOurs(name, own, welcome)
        case .theirs:
            try peer.ask("new", name)
            let message = try peer.ask("key-package", name)
            let welcome = try commitAdd(message, decoded(message), by: committer, forcesPath)
            try joinTheirs(name, welcome)
        }
    }

    /// The member at `proposer` proposes to add one of `side`, and the one at `committer` commits that.
    func add(_ side: Side, proposedBy proposer: Int, committedBy committer: Int) throws {
        let name = makeName(side)
        switch side {
        case .ours:
            let own = keyPackage(name)
            try proposeAdd(own.message, own.keyPackage, by: proposer)
            try joinOurs(name, own, commit(by: committer))
        case .theirs:
            try peer.ask("new", name)
            let message = try peer.ask("key-package", name)
            try proposeAdd(message, decoded(message), by: proposer)
            try joinTheirs(name, commit(by: committer))
        }
    }

    /// The member at `committer` removes the one at `index`, who learns of it.
    func remove(_ index: Int, by committer: Int) throws {
        let removed = members[index]
        let leaf = try leaf(of: index)
        let message: [UInt8]
        if let ours = members[committer].ours {
            message = try ours.group.commit([.remove(LeafIndex(rawValue: leaf))], at: now).commit
        } else {
            let answer = try peer.answer("remove", [members[committer].name, removed.name, "\(leaf)"])
            message = try PythonPeer.bytes(answer[0])
        }
        try spread(message, by: committer, removed: removed.name)
        members.remove(at: index)
    }

    /// The member at `proposer` proposes to remove the one at `index`, and the one at `committer` commits that.
    func remove(_ index: Int, proposedBy proposer: Int, committedBy committer: Int) throws {
        let removed = members[index]
        let leaf = try leaf(of: index)
        let proposal: [UInt8]
        if let ours = members[proposer].ours {
            proposal = try ours.group.propose(.remove(LeafIndex(rawValue: leaf)))
        } else {
            proposal = try peer.ask("propose-remove", members[proposer].name, removed.name)
        }
        try spreadProposal(proposal, by: proposer)
        try commit(by: committer, removed: removed.name)
        members.remove(at: index)
    }

    /// The member at `committer` commits what was proposed, with a path, and the Welcome is returned.
    @discardableResult
    func commit(by committer: Int, removed: String? = nil) throws -> [UInt8] {
        if let ours = members[committer].ours {
            let outgoing = try ours.group.commit(at: now)
            try spread(outgoing.commit, by: committer, removed: removed)
            return outgoing.welcome ?? []
        }
        let answer = try peer.answer("commit", [members[committer].name])
        try spread(PythonPeer.bytes(answer[0]), by: committer, removed: removed)
        return try PythonPeer.bytes(answer[1])
    }

    /// A member of ours at `proposer` proposes to change its leaf, and the one at `committer` commits that.
    func update(proposedBy proposer: Int, committedBy committer: Int) throws {
        let ours = try #require(members[proposer].ours)
        try spreadProposal(ours.group.proposeUpdate(), by: proposer)
        try commit(by: committer)
    }

    /// One of ours joins by an external Commit, from the GroupInfo of the member of ours at `informant`.
    func joinExternally(informant: Int) throws {
        let ours = try #require(members[informant].ours)
        let name = makeName(.ours)
        let external = try ExternalJoin(
            groupInfo: ours.group.groupInfo(allowsExternalCommit: true), as: keyPackage(name), suite: Self.suite,
            configuration: configuration, at: now)
        let commit = external.commit
        for member in members {
            try take(commit, member, from: name, expecting: "commit")
        }
        members.append(Participant(name: name, ours: TestMember(external.accepted())))
    }

    // MARK: - Agreement

    /// Whether all are in the same epoch, and hear each other.
    func checkAgreement(_ comment: Comment? = nil) throws {
        let ours = members.compactMap(\.ours)
        #expect(Set(ours.map(\.authenticator)).count == 1, comment)
        #expect(Set(ours.map(\.treeHash)).count == 1, comment)
        let reference = try #require(ours.first)
        #expect(reference.memberCount == members.count, comment)
        for member in members where member.ours == nil {
            switch implementation {
            case .mlsRS:
                let context = Random.bytes(7)
                let secret = try reference.group.export(label: "interop", context: context, count: 32)
                let theirs = try peer.ask("export", member.name, hex([UInt8]("interop".utf8)), hex(context))
                #expect(theirs == secret.revealed, comment)
            case .openMLS:
                #expect(try hex(peer.ask("authenticator", member.name)) == reference.authenticator, comment)
            }
        }
        for member in members {
            try talk(member, comment)
        }
    }

    private func talk(_ speaker: Participant, _ comment: Comment?) throws {
        guard speaker.ours != nil || implementation.talks else { return }
        let text = [UInt8]("\(speaker.name) says \(Int.random(in: 0..<1000))".utf8)
        let message =
            try speaker.ours?.group.encrypt(text, authenticatedData: [1, 2])
            ?? peer.ask("send", speaker.name, hex(text))
        for listener in members where listener.name != speaker.name {
            if let ours = listener.ours {
                let received = try ours.group.takeApplication(message)
                #expect(received.data == text, comment)
                let sender = ours.group.member(at: received.sender)
                #expect(sender?.credential == .basic(identity: [UInt8](speaker.name.utf8)), comment)
            } else {
                try take(
                    message, listener, from: speaker.name, expecting: "application",
                    implementation.talks ? text : [])
            }
        }
    }

    // MARK: - Steps

    private func makeName(_ side: Side) -> String {
        defer { nextName += 1 }
        return "\(side)-\(nextName)"
    }

    private func keyPackage(_ name: String) -> OwnKeyPackage {
        OwnKeyPackage(
            suite: Self.suite, credential: .basic(identity: [UInt8](name.utf8)), signingKey: Ed25519.KeyPair(),
            lifetime: Lifetime(notBefore: now - 3600, notAfter: now + 30 * 24 * 3600))
    }

    private func decoded(_ message: [UInt8]) throws -> KeyPackage {
        guard case .keyPackage(let keyPackage) = try MLSMessage(checkingLengthOf: message) else {
            throw UnexpectedMessage()
        }
        return keyPackage
    }

    /// The place of a member of either side, as one of ours knows it.
    private func leaf(of index: Int) throws -> UInt32 {
        let reference = try #require(members.lazy.compactMap(\.ours).first)
        let identity = Credential.basic(identity: [UInt8](members[index].name.utf8))
        let leaf = reference.group.members.first { $0.credential == identity }?.leaf
        return try #require(leaf).rawValue
    }

    private func joinOurs(_ name: String, _ own: borrowing OwnKeyPackage, _ welcome: [UInt8]) throws {
        let group = try Group(
            joining: welcome, with: own, suite: Self.suite, configuration: configuration, at: now)
        members.append(Participant(name: name, ours: TestMember(group)))
    }

    private func joinTheirs(_ name: String, _ welcome: [UInt8]) throws {
        try peer.ask("join", name, hex(welcome))
        members.append(Participant(name: name, ours: nil))
    }

    private func commitAdd(
        _ message: [UInt8], _ keyPackage: KeyPackage, by committer: Int, _ forcesPath: Bool
    ) throws -> [UInt8] {
        if let ours = members[committer].ours {
            let outgoing = try ours.group.commit([.add(keyPackage)], forcesPath: forcesPath, at: now)
            try spread(outgoing.commit, by: committer)
            return try #require(outgoing.welcome)
        }
        let answer = try peer.answer("add", [members[committer].name, hex(message)])
        try spread(PythonPeer.bytes(answer[0]), by: committer)
        return try PythonPeer.bytes(answer[1])
    }

    private func proposeAdd(_ message: [UInt8], _ keyPackage: KeyPackage, by proposer: Int) throws {
        let proposal =
            try members[proposer].ours?.group.propose(.add(keyPackage), at: now)
            ?? peer.ask("propose-add", members[proposer].name, hex(message))
        try spreadProposal(proposal, by: proposer)
    }

    /// A Commit is accepted: its sender applies it, and all others receive it.
    private func spread(_ commit: [UInt8], by committer: Int, removed: String? = nil) throws {
        for (index, member) in members.enumerated() {
            if index != committer {
                let isRemoved = member.name == removed
                let saysSo = member.ours != nil || implementation == .mlsRS
                try take(
                    commit, member, from: members[committer].name,
                    expecting: isRemoved && saysSo ? "removed" : "commit")
            } else if let ours = member.ours {
                try ours.group.takeOwnCommit(commit)
            } else {
                try peer.ask("accept", member.name, hex(commit))
            }
        }
    }

    private func spreadProposal(_ proposal: [UInt8], by proposer: Int) throws {
        for (index, member) in members.enumerated() where index != proposer {
            try take(proposal, member, from: members[proposer].name, expecting: "proposal")
        }
    }

    /// One member receives a message.
    private func take(
        _ message: [UInt8], _ member: Participant, from sender: String, expecting kind: String, _ text: [UInt8] = []
    ) throws {
        guard let ours = member.ours else {
            let answer = try peer.answer("receive", [member.name, hex(message), sender])
            #expect(answer == [kind, PythonPeer.value(text)])
            return
        }
        if kind == "proposal" {
            try ours.group.takeProposal(message)
        } else {
            let removesSelf = try ours.group.takeCommit(message, at: now).removesSelf
            #expect(removesSelf == (kind == "removed"))
        }
    }
}
