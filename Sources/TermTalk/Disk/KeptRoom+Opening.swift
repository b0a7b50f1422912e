internal import Chat
internal import Room
internal import RoomStore

extension KeptRoom {
    /// An open store, and what was in it; nil when it is new.
    struct Opened: Sendable {
        let store: RoomStore
        let recovered: RecoveredRoom?
    }

    /// Opens the room's store, or makes one. Blocks.
    ///
    /// - Throws: a notice that says what is wrong with it; nothing was overwritten then.
    func open(report: @escaping @Sendable (StoreReport) -> Void) throws(ChatEvent.Notice) -> Opened {
        guard let place else { preconditionFailure("only a room with a place is kept") }
        let key = storeKey
        do throws(StoreError) {
            do throws(StoreError) {
                let (store, recovered) = try RoomStore.open(
                    in: place.folder, name: place.name, key: key, report: report)
                return Opened(store: store, recovered: recovered)
            } catch {
                guard error == .notFound else { throw error }
                let store = try RoomStore.create(in: place.folder, name: place.name, key: key, report: report)
                return Opened(store: store, recovered: nil)
            }
        } catch {
            throw error.notice
        }
    }
}

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

extension ChatEvent.Notice {
    static let storeStalled = ChatEvent.Notice(
        .noSpace, "the disk is full: nothing that is said is passed on before it can be kept",
        hint: "make space; the room goes on by itself then")
    static let storeResumed = ChatEvent.Notice(.storeUnavailable, "there is space on the disk again: the room goes on")
    static let keptRoomExpired = ChatEvent.Notice(
        .roomExpired, "the kept room's time is over: what was kept of it is deleted",
        hint: "start it again for a new room under this name")

    /// The store failed while the room was open.
    static func storeFailed(_ error: StoreError) -> ChatEvent.Notice {
        var notice = error.notice
        if notice.code != .noSpace { notice = .init(.storeUnavailable, notice.message, hint: notice.hint) }
        return notice
    }
}
