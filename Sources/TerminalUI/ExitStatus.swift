package import Chat

/// The exit statuses of the program, after sysexits.h.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    case usage = 64
    case invalidInput = 65
    case unavailable = 69
    case internalError = 70
    case cannotWrite = 73
    case temporaryFailure = 75
    case protocolError = 76
    case notPermitted = 77
    case badConfiguration = 78
    case interrupted = 130

    /// The status of a program that ends because of `code`.
    package init(_ code: NoticeCode) {
        switch code {
        case .usage, .unknownCommand, .notInThisBuild, .terminalUnsuitable, .outputKept:
            self = .usage
        case .onionInvalidAddress, .addressInvalid, .inviteInvalid, .roomInvalid, .messageTooLarge, .nickInvalid,
            .nickTaken, .noSuchMember, .inputInvalid, .verifyUnknown, .persistDamaged,
            .fileTooLarge, .fileUnreadable, .fileChanged, .fileUnknown, .fileMetadata:
            self = .invalidInput
        case .torUnreachable, .torBootstrapStalled, .torControlLost, .torWithoutPow, .torWithoutClientAuth,
            .onionNotFound, .onionUnreachable,
            .onionPublishFailed, .bridgeFailed, .onionNotReachable, .connectionRefused, .connectionTimeout,
            .connectionLost, .hostUnreachable,
            .addressInUse, .portNotMapped, .carrierNAT, .registryUnreachable, .noSuchRoom, .roomExpired, .roomReopened:
            self = .unavailable
        case .internalError:
            self = .internalError
        case .registryUnwritable, .persistUnwritable, .outputUnwritable, .noSpace, .fileUnwritable,
            .noDownloadFolder:
            self = .cannotWrite
        case .roomFull, .hostBusy, .rateLimited, .slowMode, .outputOverrun, .outputGone, .memberAway, .messagesMissed,
            .notAcknowledged, .verifyEnded, .nobodyHere, .descriptorsExhausted, .underAttack, .attackOver,
            .persistInUse, .storeLost, .storeUnavailable, .fileWithdrawn, .roomPaused, .registryTaken:
            self = .temporaryFailure
        case .notTermtalk, .versionMismatch, .registryForged, .persistVersion, .hostKeyMismatch, .hostKeyUnknown,
            .passwordUnconfirmed,
            .groupForged,
            .groupReplay, .groupEpoch, .groupGap, .groupFork, .groupGhost, .groupRemoved, .groupKeyChanged,
            .groupNick, .groupWelcome, .groupCreator, .groupLost, .groupUndone, .verifyFailed, .fileDamaged:
            self = .protocolError
        case .torAuthFailed, .torPermission, .torFiltered, .torUntrusted, .directNotAllowed, .onionAuthRequired,
            .passwordRequired, .passwordWrong,
            .passwordGuessed,
            .passphraseWrong,
            .banned, .kicked,
            .roomLocked, .joinDenied, .inviteUsed, .inviteRevoked, .inviteStays, .inviteRenewed, .groupInviteNeeded,
            .notPermitted,
            .filesOff,
            .fileDeclined:
            self = .notPermitted
        case .configInvalid, .configUnreadable, .registryUnreadable, .trustStoreUnreadable, .persistUnreadable,
            .persistUnguarded:
            self = .badConfiguration
        case .interrupted:
            self = .interrupted
        }
    }
}
