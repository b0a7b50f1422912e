internal import Chat
internal import Glibc
internal import Room
internal import RoomStore

extension StoreError {
    /// What a person is told when the store cannot be opened.
    var notice: ChatEvent.Notice {
        switch self {
        case .locked:
            .init(
                .persistInUse, "the kept room cannot be used: another program has its store open",
                hint: "end that one first, or choose another name")
        case .olderFormat(let version), .newerFormat(let version):
            .init(
                .persistVersion,
                "the kept room cannot be used: its store has version \(version), which is not known here",
                hint: "use the termtalk that made it; nothing was changed")
        case .distrusted:
            .init(
                .persistUnreadable, "the kept room cannot be used: its store is a link, or not yours alone",
                hint: "check the owner and the permissions of rooms in the state directory: chmod -R go-rwx")
        case .noSpace:
            .init(.noSpace, "the room cannot be kept: the disk is full", hint: "make space, and start it again")
        case .readOnly:
            .init(
                .persistUnwritable, "the room cannot be kept: its store cannot be written",
                hint: "check the permissions of the state directory")
        case .damaged, .wrongKey, .outOfOrder, .conflicting, .tooLarge:
            .init(
                .persistDamaged, "the kept room cannot be used: its store is damaged, or another room's",
                hint:
                    "restore NAME.room and NAME.store from one backup; to begin anew with the same address, move NAME.store away"
            )
        case .system(let code):
            .init(
                .storeUnavailable, "the room cannot be kept: its store fails (\(SystemError.text(code)))",
                hint: "check the disk; the room goes on when it is started again")
        case .notFound, .alreadyExists, .overloaded, .timedOut, .closed:
            .init(
                .storeUnavailable, "the room cannot be kept: its store does not answer",
                hint: "check the disk; the room goes on when it is started again")
        }
    }
}

extension SnapshotError {
    var notice: ChatEvent.Notice {
        switch self {
        case .damaged: StoreError.damaged(.snapshot).notice
        case .otherVersion(let version): StoreError.olderFormat(version).notice
        case .otherKind:
            .init(
                .inputInvalid,
                "the kept room cannot be used: it was kept with --headless, and now there is none, or the other way round",
                hint: "start it as it was started first, or choose another name")
        }
    }
}

extension KeptRoomFile.Failure {
    var notice: ChatEvent.Notice {
        switch self {
        case .damaged:
            .init(
                .persistDamaged, "the kept room cannot be used: its file is damaged, or was renamed",
                hint: "restore it from a backup; to give up its address, move the file away")
        case .otherVersion(let version):
            .init(
                .persistVersion,
                "the kept room cannot be used: its file has version \(version), which is not known here",
                hint: "use the termtalk that made it, or a newer one")
        case .passphraseWrong:
            .init(
                .passphraseWrong, "the kept room cannot be used: the passphrase is wrong",
                hint: "try again; without it nobody can read the room's keys")
        case .passphraseNeeded:
            .init(
                .passphraseWrong, "the kept room cannot be used: it has a passphrase, and none was given",
                hint: "leave out --no-passphrase")
        case .outOfMemory:
            .init(
                .internalError, "the passphrase cannot be used: there is not enough memory",
                hint: "it takes 256 MiB for a moment")
        }
    }
}

extension PrivateFile.Failure {
    var keptRoomNotice: ChatEvent.Notice {
        switch self {
        case .unreadable(let code):
            .init(
                .persistUnreadable, "the kept room cannot be used: its file cannot be read (\(SystemError.text(code)))",
                hint: "check its owner and its permissions")
        case .openToOthers:
            .init(
                .persistUnreadable, "the kept room cannot be used: others on this machine can read its file",
                hint: "if nobody did: chmod 600 ~/.local/state/termtalk/rooms/*; else move it away and begin anew")
        case .tooLarge: KeptRoomFile.Failure.damaged.notice
        case .unwritable(let code): .keptRoomUnwritable(code)
        case .locked: .keptRoomInUse
        }
    }
}

extension ChatEvent.Notice {
    static let storeStalled = ChatEvent.Notice(
        .noSpace, "the disk is full: nothing that is said is passed on before it can be kept",
        hint: "make space; the room goes on by itself then")
    static let storeResumed = ChatEvent.Notice(.storeUnavailable, "there is space on the disk again: the room goes on")
    static let keptRoomExpired = ChatEvent.Notice(
        .roomExpired, "the kept room's time is over: what was kept of it is deleted",
        hint: "start it again for a new room under this name")

    /// The room is opened with less than it was before: `missing`, at least one.
    static func keptRoomLessGuarded(_ missing: HostGuards) -> ChatEvent.Notice {
        var options: [String] = []
        if missing.contains(.password) { options.append("--password") }
        if missing.contains(.clientAuthorization) {
            options.append("--client-auth")
        } else if missing.contains(.inviteOnly) {
            options.append("--invite-only")
        }
        if missing.contains(.approval) { options.append("--approve") }
        let list = options.joined(separator: ", ")
        return .init(
            .persistUnguarded,
            "the kept room was open with \(list) before, and is not now: whoever comes is asked for less",
            hint: "if that is not meant, /quit, and start it again with \(list)")
    }

    /// The store failed while the room was open.
    static func storeFailed(_ error: StoreError) -> ChatEvent.Notice {
        var notice = error.notice
        if notice.code != .noSpace { notice = .init(.storeUnavailable, notice.message, hint: notice.hint) }
        return notice
    }

    static let keptRoomInUse = ChatEvent.Notice(
        .persistInUse, "the kept room cannot be used: another termtalk of this user hosts it",
        hint: "end that one first, or choose another name")

    static let keptRoomFolder = ChatEvent.Notice(
        .persistUnreadable, "the kept room cannot be used: the folder of kept rooms is a link, or not yours alone",
        hint: "check the owner and the permissions of rooms in the state directory: chmod 700")

    static func keptRoomUnwritable(_ code: Int32) -> ChatEvent.Notice {
        .init(
            .persistUnwritable, "the room cannot be kept: its file cannot be written (\(SystemError.text(code)))",
            hint: code == EEXIST
                ? "there is a file of this name already, and it is not overwritten"
                : "check the permissions of the state directory, and the space on the disk")
    }
}
