import Chat
import Sodium
import Testing

@testable import MLS
@testable import Room
@testable import SecureGroup

/// Two that ask to come in with one leaf key: each could be let in, and both together cannot.
@Suite struct OneKeyForTwoTests {
    private final class Owner {
        let key = Ed25519.KeyPair()
        var id: MemberID { RoomGroup.id(of: key.publicKey.bytes) }
    }

    /// A KeyPackage with the leaf key of another one.
    private func twin(
        of other: GroupCandidate, _ key: borrowing Ed25519.KeyPair, _ secret: GroupSecret
    ) throws -> [UInt8] {
        let package = try #require(PublicRoomGroup.keyPackage(of: other))
        var leaf = LeafNode(
            encryptionKey: package.leafNode.encryptionKey, signatureKey: key.publicKey.bytes,
            credential: package.leafNode.credential, capabilities: package.leafNode.capabilities,
            source: package.leafNode.source, extensions: [secret.proof(for: key.publicKey.bytes)])
        leaf.sign(with: key, suite: RoomGroup.suite)
        var twin = KeyPackage(
            cipherSuite: RoomGroup.suite.identifier, initKey: X25519.PrivateKey().publicKey.bytes, leafNode: leaf,
            extensions: [])
        twin.sign(with: key, suite: RoomGroup.suite)
        return MLSMessage.keyPackage(twin).encoded
    }

    @Test("They are asked for one after the other, so that who lets one in is not taken for one who leaves others out")
    func together() throws {
        let room = try HostileRoom("alice", "bob", isRelay: true)
        let secret = try #require(room.peers[0].group.secret)
        let owner = Owner()
        var first: GroupCandidate?
        var questions: [[MemberID]] = []
        var asked: [Int] = []
        var offers = 0
        room.utter = { peer, request in
            guard case .join(let nick, let joiner, let keyPackage) = request else { return request }
            if let first, joiner == owner.id, let twin = try? self.twin(of: first, owner.key, secret) {
                return .join(nick: nick, member: joiner, keyPackage: twin)
            }
            first = GroupCandidate(id: joiner, keyPackage: keyPackage)
            return request
        }
        room.tamper = { peer, message in
            switch message {
            // The first one is slow.
            case .commitWanted where peer == 0: return []
            case .commitWanted(let candidates, _):
                questions.append(candidates.map(\.id))
                asked.append(peer)
            case .groupInfo: offers += 1
            default: break
            }
            return [message]
        }
        let carol = try room.join("carol")
        let mallory = try room.join("mallory", signingKey: owner.key.clone())
        try room.passAll(RoomLimits.committerPatience)
        #expect(room.peers[carol].client.isJoined)
        #expect(questions == [[room.peers[carol].group.id], [owner.id]] && asked == [1, 1])
        #expect(room.peers[mallory].refusal != nil && offers == 0)
    }
}
