package import Chat
internal import MLS
package import Room
internal import Sodium

// How a member that has lost the group while its secret became another one learns that from another member (docs/protocol.md, "Another
// secret"). The relay asks, and passes it on; it can neither read it nor make one.
extension RoomGroup {
    private static let sealingLabel = "TermTalk group secret"
    private static let kemByteCount = 32
    private static let signatureByteCount = 64

    package func sealedSecret(for candidate: GroupCandidate) -> [UInt8]? {
        // Whoever was sent out is not in the tree.
        guard let secret, candidate.id != id, let key = signatureKey(of: candidate.id),
            let keyPackage = PublicRoomGroup.keyPackage(of: candidate), keyPackage.leafNode.signatureKey == key,
            isNew(keyPackage, of: candidate.id)
        else { return nil }
        let context = Self.sealingContext(candidate.keyPackage, groupID)
        let sealed = secret.secret.withBytes { secret in
            try? Self.suite.encryptWithLabel(
                publicKey: keyPackage.initKey, label: Self.sealingLabel, context: context, plaintext: secret)
        }
        guard let sealed else { return nil }
        let content = sealed.kemOutput + sealed.ciphertext
        return content + sign(context + content, label: Self.sealingLabel)
    }

    package func takeSecret(_ sealed: [UInt8], from member: MemberID) throws(GroupError) -> Bool {
        guard sealed.count == RoomLimits.sealedSecretByteCount, let own = secret, let former = secrets.former,
            let key = former.signatureKeys[member]
        else { throw .forged }
        let content = Array(sealed.dropLast(Self.signatureByteCount))
        let next: GroupSecret
        switch joining {
        case .some(let package):
            let context = Self.sealingContext(package.message, former.groupID)
            do throws(MLSError) {
                try Self.suite.verifyWithLabel(
                    publicKey: key, label: Self.sealingLabel, content: context + content,
                    signature: Array(sealed.suffix(Self.signatureByteCount)))
                let bytes = try package.open(
                    label: Self.sealingLabel, context: context, kemOutput: Array(content.prefix(Self.kemByteCount)),
                    ciphertext: Array(content.dropFirst(Self.kemByteCount)), suite: Self.suite)
                guard bytes.count == GroupSecret.byteCount else { throw .misuse }
                next = GroupSecret(bytes)
            } catch {
                throw .forged
            }
        case .none: throw .unavailable
        }
        guard !former.formerMarks.contains(next.mark) else { throw .forged }
        secrets.current = next
        return next.mark != own.mark
    }

    /// The very KeyPackage, which is of one try, and the group.
    private static func sealingContext(_ keyPackage: [UInt8], _ groupID: [UInt8]) -> [UInt8] {
        groupID + BLAKE2b.hash(keyPackage.span).prefix(32)
    }

    /// The group is about to be left.
    func rememberGroup() {
        guard secret != nil, !leaves.isEmpty else { return }
        var keys: [MemberID: [UInt8]] = [:]
        for member in members where member != id { keys[member] = signatureKey(of: member) }
        secrets.former = FormerGroup(
            groupID: groupID, signatureKeys: keys, formerMarks: Array((terms?.proofKeys?.marks ?? []).dropLast()))
    }
}
