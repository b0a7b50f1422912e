internal import Chat

extension PrivateFile.Failure {
    /// What a person is told of a file of the program's own, with the codes of one that cannot be read or written.
    func notice(of name: String, unreadable: NoticeCode, unwritable: NoticeCode) -> ChatEvent.Notice {
        switch self {
        case .unreadable(let code):
            .init(
                unreadable, "\(name) cannot be read: \(SystemError.text(code))",
                hint: "it has to be a file of yours, and no link: check its owner and its permissions")
        case .openToOthers:
            .init(unreadable, "\(name) is not used: others on this machine can change it", hint: "chmod 600 it")
        case .locked:
            .init(
                unwritable, "\(name) was not changed: another process holds its lock",
                hint: "fuser \(name).lock in its folder shows which one")
        case .tooLarge:
            .init(unreadable, "\(name) is too large", hint: "move it away")
        case .unwritable(let code):
            .init(
                unwritable, "\(name) cannot be written: \(SystemError.text(code))",
                hint: "check the permissions of its folder, and the space on the disk")
        }
    }
}

extension ChatEvent.Notice {
    static func damagedFile(_ name: String, _ code: NoticeCode) -> Self {
        .init(
            code, "\(name) is damaged, or of another version; it is not used",
            hint: "it is kept beside the new one with .damaged in its name")
    }
}
