package import Sodium
package import Wire

/// What can go wrong in MLS. None of it says more about a secret than that a check failed.
package enum MLSError: Error, Equatable {
    // Encodings and primitives.

    /// The bytes are not what the presentation language says.
    case malformed(WireError)
    /// A primitive refused: a tag is wrong, a key has the wrong length, a point is of small order.
    case cryptography(SodiumError)
    /// More bytes, members or messages than a named limit of ours allows.
    case limitExceeded
    /// The version is not mls10, or the cipher suite is not the group's.
    case unsupported
    /// The value is used against its contract by our own side.
    case misuse

    // Signatures and tags.

    /// A tree, a leaf node, a KeyPackage or an update path breaks a rule.
    case tree(TreeError)
    /// A signature does not verify.
    case invalidSignature
    /// The membership tag of a PublicMessage is missing or wrong.
    case invalidMembershipTag
    /// The confirmation tag of a Commit or a GroupInfo is wrong: its sender is in another state than we are.
    case invalidConfirmationTag

    // Messages.

    /// The message is of another group.
    case wrongGroup
    /// The message is of an epoch that is over and forgotten, or not begun; a Commit, of any but the current one.
    case wrongEpoch
    /// The sender is not in the tree, or not one that may say this.
    case unknownMember
    /// The key of the generation was used, or was skipped too long ago: a replay, or very late.
    case generationGone
    /// The generation is further ahead than ``Limits/maximumForwardGap``.
    case generationTooFar
    /// The padding is not all zeros.
    case invalidPadding
    /// Application data outside a PrivateMessage.
    case applicationDataInTheClear
    /// Our own message, come back: only the others can open it.
    case ownMessage

    // Groups.

    /// A proposal, or a Commit's list of them, breaks a rule.
    case proposal(ProposalError)
    /// A member that was removed, or whose group was closed by a ReInit, cannot do this any more.
    case inactive
    /// There are proposals that must be committed before application data is sent (section 12.4).
    case proposalsPending
    /// A Commit of our own is on its way.
    case commitPending
    /// The Welcome is for none of our KeyPackage, or the GroupInfo lacks what joining needs.
    case cannotJoin
}
