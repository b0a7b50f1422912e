package import Sodium

/// The pre-shared keys that a client knows (RFC 9420 section 8.4).
package struct PreSharedKeys: Sendable {
    private struct Epoch: Hashable {
        let groupID: [UInt8]
        let number: UInt64
    }

    private var external: [[UInt8]: SharedSecret] = [:]
    private var resumption: [Epoch: SharedSecret] = [:]

    package init() {}

    /// Takes the key that the application calls `identifier`.
    package mutating func addExternal(_ key: consuming SecretBytes, identifier: [UInt8]) {
        external[identifier] = SharedSecret(key)
    }

    /// Takes the resumption key of an epoch.
    mutating func addResumption(_ key: consuming SecretBytes, groupID: [UInt8], epoch: UInt64) {
        resumption[Epoch(groupID: groupID, number: epoch)] = SharedSecret(key)
    }

    /// Forgets an epoch of a group.
    mutating func removeResumption(groupID: [UInt8], epoch: UInt64) {
        resumption[Epoch(groupID: groupID, number: epoch)] = nil
    }

    /// The named keys, in order. Throws ``ProposalError/unknownPreSharedKey``.
    func keys(_ identifiers: [PreSharedKeyID]) throws(MLSError) -> [(identifier: PreSharedKeyID, key: SharedSecret)] {
        var keys: [(identifier: PreSharedKeyID, key: SharedSecret)] = []
        for identifier in identifiers {
            guard let key = key(identifier) else { throw .proposal(.unknownPreSharedKey) }
            keys.append((identifier, key))
        }
        return keys
    }

    private func key(_ identifier: PreSharedKeyID) -> SharedSecret? {
        switch identifier.source {
        case .external(let name): external[name]
        case .resumption(_, let groupID, let epoch): resumption[Epoch(groupID: groupID, number: epoch)]
        }
    }
}
