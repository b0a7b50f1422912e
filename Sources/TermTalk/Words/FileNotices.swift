internal import Chat
internal import Files

// What people and scripts are told of files.
extension ChatEvent.Notice {
    static let fileUnknown = Self(.fileUnknown, "there is no such file", hint: "/files lists those that are offered")
    static let fileUnderWay = Self(.fileUnknown, "the file is on its way already", hint: "/files says how far it is")
    static let fileThere = Self(.fileUnknown, "the file is here already", hint: "/files says where")
    static let fileDeclined = Self(.fileDeclined, "the file is not wanted")
    static let fileWithdrawn = Self(.fileWithdrawn, "the file is not offered any more")
    static let fileDiskHangs = Self(
        .fileUnwritable, "the file is not whole: the disk does not answer",
        hint: "/accept it again when it does: it goes on where it was")
    static let filesOff = Self(
        .filesOff, "the file was not offered: the host of this room passes on no files",
        hint: "the host can allow them with --files SIZE")
    static let tooManyFiles = Self(
        .rateLimited, "the file was not offered: you offer \(FileFormat.outgoing) already",
        hint: "/files lists them, and /decline N ends one")

    static func fileMetadata(_ name: String, _ metadata: SourceFile.Metadata) -> Self {
        .init(
            .fileMetadata,
            "\(name) is \(metadata.kind): it may say who made it, where, when and with what",
            hint: metadata.hasCleaner
                ? "mat2 makes a copy without that, whose name has .cleaned in it: send that one; /decline N ends this offer"
                : "mat2 makes copies without that (Debian: apt install mat2); /decline N ends this offer")
    }

    static func offerUnreadable(_ member: MemberID) -> Self {
        .init(
            .inputInvalid, "a file cannot be shown: member \(member) sent what is not an offer",
            hint: "update termtalk, here or there")
    }

    static func fileSenderLeft(_ nick: String) -> Self {
        .init(
            .fileWithdrawn, "the file is not whole: \(nick) has left the room",
            hint: "when it is offered again, /accept goes on with what is here")
    }

    static func fileDamaged(_ nick: String) -> Self {
        .init(
            .fileDamaged, "the file is not whole: what \(nick) sends is not what was offered",
            hint: "ask for it anew; the program there, or the host, may be no honest one")
    }

    /// Why a file could not be offered.
    static func file(_ failure: SourceFile.Failure, largest: UInt64?) -> Self {
        switch failure {
        case .unreadable(let code):
            .init(.fileUnreadable, "the file was not offered: \(SystemError.text(code))", hint: "check its name")
        case .notRegular:
            .init(.fileUnreadable, "the file was not offered: it is a folder or no file", hint: "pack it first: tar")
        case .tooLarge: .file(FileEnd.tooLarge, largest: largest)
        case .changed:
            .init(.fileChanged, "the file was not offered: it is being changed", hint: "try again when it is whole")
        }
    }

    /// Why a file cannot be received.
    static func file(_ failure: PartFile.Failure) -> Self {
        switch failure {
        case .folder(.none):
            .init(
                .noDownloadFolder, "the file was not fetched: there is no folder for downloads",
                hint: "name one: /accept N FOLDER, or --files-to FOLDER")
        case .folder(.unusable(let code)):
            .init(
                .fileUnwritable, "the file was not fetched: its folder cannot be used: \(SystemError.text(code))",
                hint: "name another one: /accept N FOLDER")
        case .noSpace:
            .init(
                .noSpace, "the file is not whole: the disk has no room for it",
                hint: "make room, and /accept it again: it goes on where it was")
        case .inUse:
            .init(.fileUnwritable, "the file was not fetched: others fetch it into the same folder")
        case .unwritable(let code):
            .init(
                .fileUnwritable, "the file is not whole: it cannot be written: \(SystemError.text(code))",
                hint: "/accept it again when that is mended: it goes on where it was")
        }
    }

    /// Why the other member, or the host, ends it.
    static func file(_ end: FileEnd, largest: UInt64?) -> Self {
        switch end {
        case .tooLarge where largest == 0: .filesOff
        case .tooLarge:
            .init(
                .fileTooLarge,
                "the file is larger than the host passes on"
                    + (largest.map { ": at most \(FileSize.text($0))" } ?? ""),
                hint: "send it in parts, or ask the host for --files SIZE")
        case .tooMuch:
            .init(
                .rateLimited, "the file is not whole: its sender has had the host pass on as much as it may for now",
                hint: "/accept it again later: it goes on where it was")
        case .declined: .fileDeclined
        case .withdrawn: .fileWithdrawn
        case .changed:
            .init(
                .fileChanged, "the file is not any more what was offered: it was changed",
                hint: "it has to be sent anew")
        case .unreadable: .init(.fileUnreadable, "the file cannot be read any more", hint: "it has to be sent anew")
        case .unwritable:
            .init(.fileUnwritable, "the member could not take the file", hint: "it can accept the file again")
        case .gone: .init(.fileWithdrawn, "the other side has left the room")
        case .complete, .paused, .unspecified: .init(.fileWithdrawn, "the file's transfer has ended")
        }
    }
}
