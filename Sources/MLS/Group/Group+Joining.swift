internal import Sodium

extension Group {
    /// Joins by a Welcome (RFC 9420 section 12.4.3.1), a message that anybody can have sent: who vouches for the group
    /// is in ``welcomedBy``, and what it is in ``context`` and ``members``, for the application to look at.
    ///
    /// `tree` is the content of `ratchet_tree` when the Welcome does not bring it. The KeyPackage is to be thrown away
    /// afterwards: it is good for joining once.
    package init(
        joining welcome: [UInt8], with keyPackage: borrowing OwnKeyPackage, suite: CipherSuite, tree: [UInt8]? = nil,
        configuration: GroupConfiguration = GroupConfiguration(), preSharedKeys: PreSharedKeys = PreSharedKeys(),
        at time: UInt64? = nil
    ) throws(MLSError) {
        guard case .welcome(let message) = try MLSMessage(checkingLengthOf: welcome) else { throw .cannotJoin }
        let opening = try WelcomeOpening(
            message, for: keyPackage.keyPackage, initKey: keyPackage.initKey, suite: suite,
            preSharedKeys: preSharedKeys)
        let joinable = try JoinableGroup(
            opening.groupInfo, externalTree: tree, suite: suite, policy: configuration.policy(at: time))
        let own = keyPackage.keyPackage.leafNode
        guard let leaf = joinable.tree.members.first(where: { joinable.tree[$0] == own }) else { throw .cannotJoin }
        guard leaf != joinable.signer.leaf else { throw .cannotJoin }
        var keys = TreeKeys(leaf: leaf, leafKey: keyPackage.leafKey.clone())
        switch opening.secrets.pathSecret {
        case .some(let secret):
            try keys.install(welcomeSecret: secret.clone(), from: joinable.signer.leaf, in: joinable.tree)
        case .none:
            break
        }
        // Else it could not follow the next member that changes its path, who has done nothing wrong.
        guard keys.areComplete(in: joinable.tree) else { throw .cannotJoin }
        let context = joinable.groupInfo.context
        let state = try EpochState(
            context: context, tree: joinable.tree, keys: keys,
            secrets: try opening.schedule.epochSecrets(context: context))
        try state.confirm(joinable.groupInfo.confirmationTag)
        self.init(
            epoch: state, signingKey: keyPackage.signingKey.clone(), configuration: configuration,
            preSharedKeys: preSharedKeys)
        welcomedBy = joinable.signer
        welcomeKeys = opening.secrets.preSharedKeys
    }
}
