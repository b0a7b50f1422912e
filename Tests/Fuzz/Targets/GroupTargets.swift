import Sodium
import Wire

@testable import MLS

/// Messages of MLS: their form, and what a member or a joiner makes of them when all keys and signatures are right.
let groupTargets = [
    FuzzTarget("mls-message", atMost: 2_048, seeds: { GroupSeeds.shared.messages }, run: mlsMessage),
    FuzzTarget("mls-tree", atMost: 4_096, seeds: { GroupSeeds.shared.trees }, run: mlsTree),
    FuzzTarget("mls-handshake", atMost: 2_048, seeds: { GroupSeeds.shared.handshakes }, run: mlsHandshake),
    FuzzTarget("mls-welcome", atMost: 4_096, seeds: { GroupSeeds.shared.welcomes }, run: mlsWelcome),
]

private let suite = CipherSuite.x25519ChaChaPoly

/// Keys that are the same in each process, so that the corpus fits.
private enum FixedKeys {
    static let signing = key(1)
    static let joinerSigning = key(2)

    private static func key(_ number: UInt8) -> Ed25519.KeyPair {
        let seed = SecretBytes(copying: [UInt8](repeating: number, count: 32).span)
        guard let key = try? Ed25519.KeyPair(seed: seed) else { preconditionFailure("32 bytes are a seed") }
        return key
    }

    static func privateKey(_ number: UInt8) -> X25519.PrivateKey {
        let bytes = SecretBytes(copying: [UInt8](repeating: number, count: 32).span)
        guard let key = try? X25519.PrivateKey(copying: bytes) else { preconditionFailure("32 bytes are a key") }
        return key
    }

    static func keyPackage(_ number: UInt8, signing: borrowing Ed25519.KeyPair) -> OwnKeyPackage {
        let initKey = privateKey(number)
        let leafKey = privateKey(number + 1)
        var leaf = LeafNode(
            encryptionKey: leafKey.publicKey.bytes, signatureKey: signing.publicKey.bytes,
            credential: .basic(identity: []), capabilities: Capabilities(cipherSuites: [suite.identifier]),
            source: .keyPackage(Lifetime(notBefore: 1_000, notAfter: 2_000)), extensions: [])
        leaf.sign(with: signing, suite: suite)
        var keyPackage = KeyPackage(cipherSuite: suite.identifier, initKey: initKey.publicKey.bytes, leafNode: leaf)
        keyPackage.sign(with: signing, suite: suite)
        guard
            let own = try? OwnKeyPackage(
                keyPackage, initKey: initKey, leafKey: leafKey, signingKey: signing.clone())
        else { preconditionFailure("the keys fit") }
        return own
    }

    static var creator: OwnKeyPackage { keyPackage(10, signing: signing) }
    static var joiner: OwnKeyPackage { keyPackage(20, signing: joinerSigning) }
}

// MARK: Form

/// What can be read has one encoding: the one that was read.
private func mlsMessage(_ input: [UInt8]) {
    func roundTrip<Value: WireValue>(_ type: Value.Type, _ bytes: [UInt8]) {
        guard let value = try? Value(decoding: bytes) else { return }
        precondition(value.encoded == bytes, "\(type) has two encodings")
    }
    let content = Array(input.dropFirst())
    switch (input.first ?? 0) % 8 {
    case 0: roundTrip(MLSMessage.self, content)
    case 1: roundTrip(GroupInfo.self, content)
    case 2: roundTrip(KeyPackage.self, content)
    case 3: roundTrip(Welcome.self, content)
    case 4: roundTrip(Commit.self, content)
    case 5: roundTrip(Proposal.self, content)
    case 6: roundTrip(AuthenticatedContent.self, content)
    default: roundTrip(PrivateText.self, content)
    }
}

private func mlsTree(_ input: [UInt8]) {
    guard var tree = try? RatchetTree(decoding: input, suite: suite) else { return }
    precondition(tree.encoded == input, "a tree has two encodings")
    _ = tree.treeHash()
    for leaf in tree.members.prefix(4) { _ = tree.filteredDirectPath(of: leaf) }
    _ = tree.resolution(of: tree.shape.root)
    guard (try? tree.verifyStructure()) != nil else { return }
    let validation = try? LeafNodeValidation(
        suite: suite, groupID: GroupSeeds.groupID, groupExtensions: [], policy: LeafNodePolicy(time: nil))
    guard (try? validation?.check(&tree)) != nil else { return }
    var smaller = tree
    if let leaf = tree.members.last, tree.members.count > 1 { try? smaller.remove(leaf) }
    precondition(smaller.members.count <= tree.members.count, "a tree grows by a Remove")
}

// MARK: A member

/// Two members of a group; made anew when the second has accepted something.
private final class Pair: @unchecked Sendable {
    var sender: Group
    var receiver: Group
    var references: [[UInt8]] = []
    /// Follows the group without its secrets.
    let service: PublicGroup

    init() {
        do throws(MLSError) {
            let configuration = GroupConfiguration(encryptsHandshake: false)
            var first = try Group(
                creating: GroupSeeds.groupID, as: FixedKeys.creator, suite: suite, configuration: configuration)
            let joiner = FixedKeys.joiner
            let outgoing = try first.commit([.add(joiner.keyPackage)], forcesPath: true, at: nil)
            _ = try first.receive(outgoing.commit)
            _ = try first.applyPendingCommit()
            receiver = try Group(
                joining: outgoing.welcome ?? [], with: joiner, suite: suite, configuration: configuration)
            sender = first
            service = try PublicGroup(
                groupInfo: receiver.groupInfo(allowsExternalCommit: false), suite: suite,
                policy: LeafNodePolicy(time: nil))
        } catch {
            preconditionFailure("an honest pair: \(error)")
        }
    }

    nonisolated(unsafe) static var current = Pair()

    /// Whether the receiver has changed by the message.
    static func take(_ message: [UInt8], in group: inout Group, _ references: inout [[UInt8]]) -> Bool {
        do throws(MLSError) {
            switch try group.receive(message) {
            case .proposal(let proposal):
                references.append(proposal.reference)
                return true
            case .commit(let staged):
                try group.apply(staged)
                return true
            case .application:
                return false
            case .ownCommit:
                return false
            }
        } catch {
            return false
        }
    }
}

/// Proposals and Commits of a member, signed and tagged in order, that say anything at all.
private func mlsHandshake(_ bytes: [UInt8]) {
    var input = FuzzInput(bytes)
    var hasChanged = false
    let pair = Pair.current
    for _ in 0..<4 where !input.isEmpty {
        let kind = input.byte()
        let piece = input.piece()
        guard let message = pair.forged(kind, piece) else {
            _ = try? pair.receiver.receive(piece)
            continue
        }
        pair.compare(message)
        if Pair.take(message, in: &pair.receiver, &pair.references) { hasChanged = true }
    }
    if hasChanged { Pair.current = Pair() }
}

extension Pair {
    /// What a member refuses for nothing but its confirmation tag, the delivery service takes: it has no other rules.
    func compare(_ message: [UInt8]) {
        let isTaken = (try? service.stage(message)) != nil
        do throws(MLSError) {
            _ = try receiver.receive(message)
        } catch {
            precondition(
                error != .invalidConfirmationTag || isTaken || !references.isEmpty,
                "members and the delivery service have other rules")
        }
    }

    /// A message of the sender, or of an outsider, with this content; nil when the bytes are no content.
    func forged(_ kind: UInt8, _ bytes: [UInt8]) -> [UInt8]? {
        var reader = ByteReader(bytes)
        guard let type = ContentType(rawValue: kind % 2 + 2),
            var body = try? FramedContent.Body(type, from: &reader)
        else { return nil }
        body = signed(body)
        let from: Sender =
            switch kind >> 1 % 4 {
            case 0, 1: .member(sender.ownLeaf)
            case 2: .newMemberProposal
            default: .newMemberCommit
            }
        let content = FramedContent(
            groupID: sender.groupID, epoch: sender.epochNumber, sender: from, authenticatedData: [], body: body)
        var authenticated = AuthenticatedContent.signed(
            content, wireFormat: .publicMessage, context: sender.context, suite: suite, key: FixedKeys.signing)
        if type == .commit {
            authenticated.authentication.confirmationTag = [UInt8](repeating: 0, count: CipherSuite.hashByteCount)
        }
        let message = PublicMessage(
            authenticated, context: sender.context, suite: suite, membershipKey: sender.epoch.secrets.membershipKey)
        return MLSMessage.publicMessage(message).encoded
    }

    /// Every signature inside made right, and references of one byte made those of what was proposed before.
    private func signed(_ body: FramedContent.Body) -> FramedContent.Body {
        switch body {
        case .application: return body
        case .proposal(let proposal): return .proposal(signed(proposal))
        case .commit(var commit):
            commit.proposals = commit.proposals.map { item in
                switch item {
                case .proposal(let proposal): return .proposal(signed(proposal))
                case .reference(let reference):
                    guard reference.count == 1, !references.isEmpty else { return item }
                    return .reference(references[Int(reference[0]) % references.count])
                }
            }
            commit.path?.leafNode.sign(
                with: FixedKeys.signing, suite: suite, groupID: sender.groupID, leaf: sender.ownLeaf)
            return .commit(commit)
        }
    }

    private func signed(_ proposal: Proposal) -> Proposal {
        switch proposal {
        case .add(var keyPackage):
            let key = Self.newcomer
            keyPackage.leafNode.sign(with: key, suite: suite)
            keyPackage.sign(with: key, suite: suite)
            return .add(keyPackage)
        case .update(var leaf):
            leaf.sign(with: FixedKeys.signing, suite: suite, groupID: sender.groupID, leaf: sender.ownLeaf)
            return .update(leaf)
        default: return proposal
        }
    }

    private static var newcomer: Ed25519.KeyPair {
        let seed = SecretBytes(copying: [UInt8](repeating: 3, count: 32).span)
        guard let key = try? Ed25519.KeyPair(seed: seed) else { preconditionFailure("32 bytes are a seed") }
        return key
    }
}

// MARK: A joiner

/// A Welcome whose secrets and GroupInfo are anything, sealed, signed and hashed in order.
private func mlsWelcome(_ bytes: [UInt8]) {
    var input = FuzzInput(bytes)
    let choice = input.byte()
    let secretBytes = input.piece()
    let infoBytes = input.rest()
    let joiner = FixedKeys.joiner
    guard let welcome = try? welcome(to: joiner.keyPackage, secretBytes, infoBytes, isMended: choice & 1 == 0) else {
        _ = try? Group(joining: bytes, with: joiner, suite: suite)
        return
    }
    guard let group = try? Group(joining: welcome, with: joiner, suite: suite) else { return }
    let count = group.members.count
    precondition(count >= 2 && group.welcomedBy != nil, "a group of nobody else")
}

private func welcome(
    to keyPackage: KeyPackage, _ secretBytes: [UInt8], _ infoBytes: [UInt8], isMended: Bool
) throws -> [UInt8] {
    let secrets = try GroupSecrets(decoding: SecretBytes(copying: secretBytes.span))
    var sealed = infoBytes
    if isMended, var info = try? GroupInfo(decoding: infoBytes) {
        if let encoded = info.extensions.data(of: .ratchetTree),
            var tree = try? RatchetTree(decoding: encoded, suite: suite)
        {
            info.context.treeHash = tree.treeHash()
        }
        info = GroupInfo(
            context: info.context, extensions: info.extensions, confirmationTag: info.confirmationTag,
            signer: info.signer, suite: suite, key: FixedKeys.signing)
        sealed = info.encoded
    }
    let schedule = KeySchedule(
        suite: suite, joinerSecret: secrets.joinerSecret.clone(),
        preSharedKeySecret: try suite.preSharedKeySecret([]))
    let sealing = try suite.welcomeKey(schedule.welcomeSecret())
    let encryptedInfo = suite.aead.seal(
        sealed.span, authenticating: [UInt8]().span, nonce: try sealing.nonce(), key: sealing.key.bytes)
    let (kemOutput, ciphertext) = try suite.encryptWithLabel(
        publicKey: keyPackage.initKey, label: "Welcome", context: encryptedInfo, plaintext: secretBytes.span)
    let entry = EncryptedGroupSecrets(
        newMember: keyPackage.reference(suite),
        encryptedGroupSecrets: HPKECiphertext(kemOutput: kemOutput, ciphertext: ciphertext))
    return MLSMessage.welcome(
        Welcome(cipherSuite: suite.identifier, secrets: [entry], encryptedGroupInfo: encryptedInfo)
    ).encoded
}

// MARK: Seeds

/// What honest members say.
private final class GroupSeeds: Sendable {
    static let groupID: [UInt8] = [1, 2, 3]
    static let shared = GroupSeeds()

    let messages: [[UInt8]]
    let trees: [[UInt8]]
    let handshakes: [[UInt8]]
    let welcomes: [[UInt8]]

    private init() {
        do {
            let configuration = GroupConfiguration(encryptsHandshake: false)
            var group = try Group(
                creating: Self.groupID, as: FixedKeys.creator, suite: suite, configuration: configuration)
            let joiner = FixedKeys.joiner
            let other = FixedKeys.keyPackage(30, signing: FixedKeys.signing)
            let outgoing = try group.commit([.add(joiner.keyPackage)], forcesPath: true, at: nil)
            _ = try group.receive(outgoing.commit)
            _ = try group.applyPendingCommit()
            let info = try group.groupInfo(allowsExternalCommit: true)
            var second = try Group(
                joining: outgoing.welcome ?? [], with: joiner, suite: suite, configuration: configuration)
            let update = try second.commit([], forcesPath: true, at: nil)
            guard case .publicMessage(let commit) = try MLSMessage(decoding: update.commit),
                case .commit(let content) = commit.content.body,
                case .welcome(let welcome) = try MLSMessage(decoding: outgoing.welcome ?? []),
                case .groupInfo(let groupInfo) = try MLSMessage(decoding: info)
            else { preconditionFailure("messages are what they are") }
            let proposals: [Proposal] = [
                .add(other.keyPackage), .update(second.epoch.tree[second.ownLeaf] ?? other.keyPackage.leafNode),
                .remove(second.ownLeaf), .preSharedKey(.external([1])),
                .reInit(ReInit(groupID: [1], cipherSuite: .x25519ChaChaPoly)), .externalInit([1, 2]),
                .groupContextExtensions([]),
            ]
            let application = try second.encrypt([104, 105], authenticatedData: [1])
            messages =
                [
                    [0] + outgoing.commit, [0] + info, [0] + joiner.message, [0] + application,
                    [1] + groupInfo.encoded, [2] + joiner.keyPackage.encoded, [3] + welcome.encoded,
                    [4] + content.encoded,
                ] + proposals.map { [5] + $0.encoded }
            trees = [RatchetTree(creator: other.keyPackage.leafNode, suite: suite).encoded, group.encodedTree()]
            let make = { (kind: UInt8, body: [UInt8]) in
                FuzzOutput.make {
                    $0.add(kind); $0.add(piece: body)
                }
            }
            let list = { (proposals: [ProposalOrReference], path: UpdatePath?) in
                make(1, Commit(proposals: proposals, path: path).encoded)
            }
            handshakes =
                proposals.map { make(0, $0.encoded) } + proposals.map { list([.proposal($0)], content.path) } + [
                    make(0, proposals[0].encoded) + list([.reference([0])], nil), list([], content.path),
                ]
            welcomes = try Self.welcomes(of: groupInfo, welcome, joiner)
        } catch {
            preconditionFailure("honest members: \(error)")
        }
    }

    private static func welcomes(
        of info: GroupInfo, _ welcome: Welcome, _ joiner: borrowing OwnKeyPackage
    ) throws -> [[UInt8]] {
        let opening = try WelcomeOpening(
            welcome, for: joiner.keyPackage, initKey: joiner.initKey, suite: suite, preSharedKeys: PreSharedKeys())
        let encoded = opening.secrets.encoded()
        let secrets = encoded.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        return [0 as UInt8, 1].map { choice in
            FuzzOutput.make {
                $0.add(choice); $0.add(piece: secrets)
            } + opening.groupInfo.encoded
        }
    }
}
