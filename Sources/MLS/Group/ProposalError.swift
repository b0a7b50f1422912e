/// Why a proposal or a list of proposals is refused (RFC 9420 sections 12.1, 12.2, 12.4).
package enum ProposalError: Error, Equatable {
    /// A Commit names a proposal that we have not seen in this epoch.
    case unknownReference
    /// Senders of this kind cannot propose that.
    case senderNotAllowed
    /// The Commit carries out an Update of its own sender.
    case updateByCommitter
    /// The Commit removes its own sender.
    case removesCommitter
    /// Two Updates or Removes concern one leaf.
    case twoForOneLeaf
    /// Two proposals name one pre-shared key.
    case duplicatePreSharedKey
    /// The nonce of a pre-shared key is not as long as a hash.
    case wrongNonceLength
    /// A resumption key whose use is not `application`, after the first Commit of a group.
    case wrongResumptionUsage
    /// We do not have the pre-shared key.
    case unknownPreSharedKey
    /// Two proposals replace the group's extensions.
    case duplicateGroupContextExtensions
    /// A ReInit with other proposals.
    case reInitNotAlone
    /// A ReInit to an older version.
    case olderVersion
    /// An ExternalInit outside an external Commit, or not exactly one inside.
    case externalInit
    /// An external Commit with other proposals than it may have, or with references.
    case notForExternalCommit
    /// The Commit must have a path and has none.
    case missingPath
}
