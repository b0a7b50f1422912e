import Chat
import Room
import Sodium

@testable import MLS
@testable import SecureGroup

extension OwnKeyPackage {
    /// What is in a KeyPackage that no client of ours makes.
    struct Strange {
        var identity: [UInt8] = []
        var capabilities: [ExtensionType] = [GroupRoles.extensionType]
        var extensions: [Extension] = []
    }

    /// A KeyPackage as rooms have it, but for what is strange.
    static func ofRoom(
        _ key: consuming Ed25519.KeyPair = Ed25519.KeyPair(), strange: Strange = Strange()
    ) -> OwnKeyPackage {
        OwnKeyPackage(
            suite: RoomGroup.suite, credential: .basic(identity: strange.identity), signingKey: key,
            lifetime: Lifetime(notBefore: 0, notAfter: 2_592_000),
            capabilities: Capabilities(
                cipherSuites: [RoomGroup.suite.identifier], extensions: strange.capabilities),
            leafExtensions: strange.extensions)
    }
}

/// A group of somebody's own, made by none of our clients.
final class RawGroup {
    private var group: Group?
    let id: MemberID

    init(extensions: [Extension] = []) {
        let key = Ed25519.KeyPair()
        id = RoomGroup.id(of: key.publicKey.bytes)
        let package = OwnKeyPackage.ofRoom(
            key.clone(),
            strange: .init(
                capabilities: RoomGroup.leafNodeProfile(isAtRelay: !extensions.isEmpty).capabilities.extensions,
                extensions: extensions))
        group = try? Group(
            creating: [UInt8](repeating: 1, count: RoomGroup.groupIDByteCount), as: package, suite: RoomGroup.suite,
            extensions: GroupTerms(
                roles: GroupRoles(creator: key.publicKey.bytes),
                proofKeys: extensions.isEmpty ? nil : GroupProofKeys(first: GroupSecret().mark)
            ).extensions)
    }

    /// Lets candidates in, whatever they are; nil where RFC 9420 forbids it.
    func welcome(_ candidates: [GroupCandidate]) -> (welcome: [UInt8], tree: [UInt8])? {
        guard var current = group.take() else { return nil }
        let proposals = candidates.compactMap { candidate -> Proposal? in
            guard case .keyPackage(let package)? = try? MLSMessage(checkingLengthOf: candidate.keyPackage) else {
                return nil
            }
            return .add(package)
        }
        let welcome = try? current.commit(proposals, includesTree: false, at: nil).welcome
        _ = try? current.applyPendingCommit()
        let tree = current.encodedTree()
        group = consume current
        return welcome.map { ($0, tree) }
    }
}
